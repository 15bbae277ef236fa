"""The switch that holds all sending."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.app import open_app
from core.backup import back_up
from core.connectors.base import SendError
from core.delivery.ledger import Ledger
from core.delivery.sending import BY_ENVIRONMENT, COPIED, Held, Sending
from core.restore import restore
from core.settings import Settings
from core.store import Store
from tests.delivery.ledgers import NOW, Clock, claim, make, only


@pytest.fixture
def sending(store: Store, ledger: Ledger, clock: Clock, tmp_path: Path) -> Sending:
    return Sending(store, ledger.organisation_id, tmp_path / "home.id", True, clock)


def test_nothing_goes_while_it_is_held_and_what_waited_goes_after(sending: Sending, ledger: Ledger) -> None:
    make(ledger)
    sending.hold("the figures of March are wrong")
    assert sending.held() == Held("the figures of March are wrong", NOW)
    assert ledger.claim_delivery() is None
    sending.go_on()
    assert sending.held() is None
    assert ledger.claim_delivery() is not None


def test_time_for_tries_does_not_run_out_while_it_is_held(sending: Sending, ledger: Ledger, clock: Clock) -> None:
    run_id = make(ledger)
    ledger.send_failed(claim(ledger), SendError("503"))
    before = only(ledger, run_id).deadline_at
    assert before is not None
    sending.hold("the figures of March are wrong")
    clock.forward(days=9)
    assert ledger.reap(at_start=False) == 0
    sending.go_on()
    assert only(ledger, run_id).deadline_at == before + timedelta(days=9)
    assert ledger.reap(at_start=False) == 0
    assert claim(ledger).run_id == run_id


def test_what_the_environment_holds_goes_on_when_it_says_so(
    sending: Sending, ledger: Ledger, clock: Clock, store: Store
) -> None:
    make(ledger)
    ledger.send_failed(claim(ledger), SendError("503"))
    replace(sending, is_on=False).come_home()
    clock.forward(days=9)
    assert ledger.reap(at_start=False) == 0
    assert sending.come_home()
    assert sending.held() is None
    assert ledger.reap(at_start=False) == 0
    claim(ledger)


def test_the_first_reason_stays(sending: Sending) -> None:
    sending.hold("first")
    sending.hold("second")
    assert sending.held() == Held("first", NOW)


def test_the_environment_holds_too(sending: Sending, store: Store, tmp_path: Path) -> None:
    off = Sending(store, sending.organisation_id, tmp_path / "home.id", False, sending.clock)
    assert off.held() == Held(BY_ENVIRONMENT)


def test_at_home_it_goes_on_start_after_start(sending: Sending) -> None:
    assert [sending.come_home() for _ in range(3)] == [True, True, True]
    assert sending.held() is None


def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, demo=False)


def copy_folder(source: Path, target: Path) -> None:
    shutil.copytree(source, target)


def restore_backup(source: Path, target: Path) -> None:
    backup = target.with_name("backup")
    back_up(settings(source), backup, with_key=True, now=datetime.now(UTC))
    restore(settings(target), backup)


@pytest.mark.parametrize("bring", [copy_folder, restore_backup])
def test_a_copy_sends_nothing_until_a_person_says_so(bring: Callable[[Path, Path], None], tmp_path: Path) -> None:
    first = open_app(settings(tmp_path / "first"))
    assert first.sending.come_home()
    first.close()
    bring(tmp_path / "first", tmp_path / "second")
    second = open_app(settings(tmp_path / "second"))
    assert not second.sending.come_home()
    held = second.sending.held()
    assert held is not None
    assert held.why == COPIED
    second.sending.go_on()
    assert second.sending.come_home()
    assert second.sending.held() is None
    second.close()


def test_a_folder_that_was_moved_is_still_home(tmp_path: Path) -> None:
    first = open_app(settings(tmp_path / "first"))
    first.sending.come_home()
    first.close()
    (tmp_path / "first").rename(tmp_path / "second")
    second = open_app(settings(tmp_path / "second"))
    assert second.sending.come_home()
    second.close()
