"""Opening and closing an installation."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from core.access.tokens import verify_token
from core.app import App, open_app
from core.connectors import CONNECTORS
from core.connectors.base import SendError
from core.delivery.work import Made, PlannedDelivery
from core.errors import SettingsError
from core.settings import Settings, read_settings
from core.store import Store
from tests.conftest import NOW


def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warehouse").write_text("a file where the folder should be")
    closed: list[Store] = []
    close = Store.close
    monkeypatch.setattr(Store, "close", lambda store: (closed.append(store), close(store)))
    with pytest.raises(OSError, match="warehouse"):
        open_app(Settings(data_dir=tmp_path, demo=False))
    assert len(closed) == 1


def test_a_key_that_is_too_short_stops_the_start_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="shorter than 16 characters"):
        open_app(Settings(data_dir=tmp_path, demo=False, secret_key="short"))
    assert not (tmp_path / "bridgecast.sqlite").exists()


def test_closing_ends_a_refresh_that_is_under_way(empty_app: App, tmp_path: Path) -> None:
    started = threading.Event()
    ended = threading.Event()

    def refresh() -> None:
        started.set()
        empty_app.catalogue._closing.wait(20)
        ended.set()

    empty_app.catalogue._pool.submit(refresh)
    assert started.wait(60)
    began = time.monotonic()
    empty_app.catalogue.close()
    assert ended.is_set()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("wrong", ["much", "60", "-1GB", "4 apples"])
def test_a_memory_limit_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("BRIDGECAST_MEMORY_LIMIT", wrong)
    with pytest.raises(SettingsError, match=f"BRIDGECAST_MEMORY_LIMIT is '{wrong}'.*60%"):
        read_settings()


def test_the_token_of_the_environment_goes_over_to_the_next_owner(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var", demo=False, owner_token="the-token-of-the-environment")
    first = open_app(settings)
    try:
        me = first.sessions.built_in_owner()
        bob = first.people.add(me, "bob@example.org", "Bob", "owner")
        first.people.change(me, me.person_id, role="viewer")
    finally:
        first.close()
    again = open_app(settings)
    try:
        caller = verify_token(again.store, "the-token-of-the-environment", now=again.clock())
    finally:
        again.close()
    assert caller is not None
    assert caller.person_id == bob.id


def test_a_delivery_is_tried_again_as_its_channel_says(empty_app: App) -> None:
    asked = {"subject_id": "e", "name": "E", "definition": {}, "trigger_kind": "hand", "planned_at": NOW}
    empty_app.ledger.ask(occurrence_key="t@1", **asked)  # type: ignore[arg-type]
    build = empty_app.ledger.claim_build()
    assert build is not None
    by_webhook = PlannedDelivery("d", "webhook", "to d", {})
    empty_app.ledger.built(build, Made(deliveries=(by_webhook,)))
    claim = empty_app.ledger.claim_delivery()
    assert claim is not None
    empty_app.ledger.send_failed(claim, SendError("500"))
    (delivery,) = empty_app.ledger.run(build.run_id).deliveries
    first_delay_s = CONNECTORS["webhook"].retry.delays_s[0]  # type: ignore[attr-defined]
    assert delivery.next_at is not None
    assert 0.8 * first_delay_s <= (delivery.next_at - NOW).total_seconds() <= 1.2 * first_delay_s
