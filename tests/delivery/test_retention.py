"""Files of runs go after their retention, runs after three months; what is under way or unresolved stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.connectors.base import Receipt, SendError
from core.delivery.artefacts import Artefacts
from core.delivery.ledger import Ledger
from core.delivery.retention import BATCH, Retention
from core.delivery.work import Made
from core.errors import NotFound
from core.store import Store
from tests.delivery.ledgers import Clock, ask, claim, planned, state_of


@pytest.fixture
def artefacts(tmp_path: Path, clock: Clock) -> Artefacts:
    return Artefacts(tmp_path / "artefacts", clock)


@pytest.fixture
def retention(store: Store, artefacts: Artefacts, ledger: Ledger, clock: Clock) -> Retention:
    return Retention(store, artefacts, ledger.organisation_id, clock)


def made(ledger: Ledger, artefacts: Artefacts, key: str = "t@1", *, kind: str = "webhook", **spec: object) -> str:
    """A run with one file and one delivery that waits."""
    run_id = ask(ledger, key, definition={"spec": spec, "revision": 1})
    build = ledger.claim_build()
    assert build is not None
    files = (artefacts.write(run_id, "message.json", "application/json", b"{}"),)
    ledger.built(build, Made(deliveries=(planned(key, kind=kind),), artefacts=files))
    return run_id


def succeeded(ledger: Ledger, artefacts: Artefacts, key: str = "t@1", **more: object) -> str:
    run_id = made(ledger, artefacts, key, **more)  # type: ignore[arg-type]
    ledger.sent(claim(ledger), Receipt())
    return run_id


def has_files(ledger: Ledger, artefacts: Artefacts, run_id: str) -> bool:
    kept = bool(ledger.run(run_id).artefacts)
    assert kept is (run_id in artefacts.run_ids())
    assert kept is (ledger.run(run_id).run.pruned_at is None)
    return kept


def test_files_go_after_fourteen_days_and_the_run_stays(
    retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock
) -> None:
    run_id = succeeded(ledger, artefacts)
    clock.forward(days=14)
    assert retention.prune() == 0
    assert has_files(ledger, artefacts, run_id)
    clock.forward(seconds=1)
    assert retention.prune() == 1
    assert not has_files(ledger, artefacts, run_id)
    assert len(ledger.run(run_id).deliveries) == 1


def test_an_export_may_say_how_long(retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock) -> None:
    short = succeeded(ledger, artefacts, "t@1", retention_days=2)
    long = succeeded(ledger, artefacts, "t@2", retention_days=60)
    clock.forward(days=15)
    retention.prune()
    assert not has_files(ledger, artefacts, short)
    assert has_files(ledger, artefacts, long)


def test_what_failed_keeps_its_files_for_thirty_days(
    retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock
) -> None:
    run_id = made(ledger, artefacts)
    ledger.send_failed(claim(ledger), SendError("no", permanent=True))
    clock.forward(days=29)
    retention.prune()
    assert has_files(ledger, artefacts, run_id)
    clock.forward(days=2)
    retention.prune()
    assert not has_files(ledger, artefacts, run_id)


def test_pictures_that_a_card_links_live_thirty_days(
    retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock
) -> None:
    run_id = succeeded(ledger, artefacts, kind="teams")
    clock.forward(days=29)
    retention.prune()
    assert has_files(ledger, artefacts, run_id)


def test_a_run_that_is_tried_again_survives(
    retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock
) -> None:
    run_id = made(ledger, artefacts)
    ledger.send_failed(claim(ledger), SendError("later"))
    clock.forward(days=200)
    assert retention.prune() == 0
    assert state_of(ledger, run_id) == "retry"
    assert has_files(ledger, artefacts, run_id)


def test_a_run_that_is_being_replayed_keeps_its_files(
    retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock
) -> None:
    run_id = succeeded(ledger, artefacts)
    clock.forward(days=20)
    ledger.replay(run_id, data="same", only="all", by=None)
    retention.prune()
    assert has_files(ledger, artefacts, run_id)


def test_runs_go_altogether_after_three_months(
    retention: Retention, ledger: Ledger, artefacts: Artefacts, clock: Clock
) -> None:
    run_id = succeeded(ledger, artefacts)
    clock.forward(days=90)
    retention.prune()
    assert ledger.run(run_id).run.id == run_id
    clock.forward(days=1)
    retention.prune()
    with pytest.raises(NotFound):
        ledger.run(run_id)


def test_files_that_no_run_knows_are_swept(retention: Retention, ledger: Ledger, artefacts: Artefacts) -> None:
    kept = succeeded(ledger, artefacts)
    for number in range(BATCH + 1):
        (artefacts.folder / f"0-died-{number}").mkdir()
    assert retention.sweep() == BATCH + 1
    assert artefacts.run_ids() == [kept]
