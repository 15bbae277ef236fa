"""Sidecars killed by kill -9 at random moments under load: nothing is lost, and nothing comes twice but for a try that
the ledger calls unknown."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from core.model.runs import FINAL
from core.store.run_lists import RunFilter
from tests.faults.conftest import Works
from tests.polling import wait_for

DIES_YOUNG, YOUNG_S, AFTER_FIRST_S = 0.25, 2.0, 0.3
DESTINATIONS = 5
LOST = "worker lost 3 times"


@pytest.mark.timeout(7200)
def test_killed_at_any_moment_nothing_is_lost_and_only_unknown_tries_double(
    works: Works, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    kills, seed = pytestconfig.getoption("--kills", 15), pytestconfig.getoption("--seed", 2026)
    drawn = random.Random(seed)
    # A receiver that takes its time is more often caught in the middle.
    works.receiver.answer = lambda came: (time.sleep(drawn.uniform(0, 0.1)), (200, {}))[1]  # type: ignore[func-returns-value]
    export_id = works.export(*(f"/{number}" for number in range(DESTINATIONS)))
    runs = []
    for _ in range(kills):
        works.start()
        for _ in range(drawn.randint(1, 4)):
            runs.append(works.ask(export_id))
        live(works, drawn)
        works.kill()
    works.start()
    finish(works, runs)
    figures = compare(works, runs)
    with capsys.disabled():
        print(f"\n{kills} kills, seed {seed}: {figures}")


def live(works: Works, drawn: random.Random) -> None:
    """Let a sidecar live: one in four dies young, the others soon after the first message that they sent."""
    if drawn.random() < DIES_YOUNG:
        time.sleep(drawn.uniform(0, YOUNG_S))
        return
    before = len(works.receiver.came)
    wait_for(lambda: len(works.receiver.came) > before, what=lambda: f"message: {works.log.read_text()[-2_000:]}")
    time.sleep(drawn.uniform(0, AFTER_FIRST_S))


def finish(works: Works, runs: list[str]) -> None:
    """Wait for the end of all runs; what was given up because its workers died is tried again by hand."""
    wait_for(
        lambda: all(works.state(run) in FINAL for run in runs), what="end of all runs", deadline_s=600 + 5 * len(runs)
    )
    for run_id in runs:
        detail = works.app.ledger.run(run_id)
        if detail.run.state == "failed":
            reasons = [detail.run.reason, *(row.reason for row in detail.deliveries if row.state == "failed")]
            assert all(reason.startswith(LOST) for reason in reasons if reason)
            works.app.ledger.retry(run_id, by=None)
    wait_for(
        lambda: all(works.state(run) == "succeeded" for run in runs),
        what="success of all runs",
        deadline_s=600 + 5 * len(runs),
    )


def compare(works: Works, runs: list[str]) -> str:
    """Hold what the receiver counted against the ledger."""
    came = works.receiver.counts
    assert {row.run.id for row in works.app.ledger.runs(RunFilter(), limit=10_000)} == set(runs)
    unknown: Counter[str] = Counter()
    known: set[str] = set()
    for run_id in runs:
        assert len(works.sent(run_id)) == DESTINATIONS
        for delivery_id, tries in works.tries(run_id).items():
            known.add(delivery_id)
            unknown[delivery_id] = sum(attempt.outcome == "unknown" for attempt in tries)
            assert [attempt.outcome for attempt in tries if attempt.outcome not in {"unknown", "succeeded"}] == []
            assert tries[-1].outcome == "succeeded"
    assert set(came) == known, "something was lost, or came out of nowhere"
    for delivery_id, count in came.items():
        assert count <= 1 + unknown[delivery_id], f"{delivery_id} came {count} times"
    doubles = sum(count - 1 for count in came.values())
    return f"{len(runs)} runs, {len(known)} deliveries, {unknown.total()} unknown tries, {doubles} doubles, 0 lost"
