from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.store import Store
from core.store.heartbeat import ALIVE_FOR, is_alive, read_beat, write_beat
from core.store.people import (
    find_token,
    get_organisation,
    keep_token,
    mark_samples_loaded,
    open_organisation,
    touch_token,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_the_first_start_makes_the_owner_that_was_named(store: Store) -> None:
    with store.write() as session:
        organisation, owner = open_organisation(session, owner_email="ann@example.org", now=NOW)
    assert (owner.email, owner.role, owner.organisation_id) == ("ann@example.org", "owner", organisation.id)


def test_a_later_start_changes_nothing(store: Store, organisation: str) -> None:
    with store.write() as session:
        again, owner = open_organisation(session, owner_email="late@example.org", now=NOW)
    assert (again.id, owner.email) == (organisation, "owner@localhost")


def test_samples_are_marked_as_loaded(store: Store, organisation: str) -> None:
    with store.write() as session:
        mark_samples_loaded(session, organisation)
    with store.read() as session:
        assert get_organisation(session, organisation).samples_loaded


def test_a_token_of_the_same_name_replaces_the_older_one(store: Store, organisation: str) -> None:
    with store.write() as session:
        _, owner = open_organisation(session, owner_email=None, now=NOW)
        keep_token(session, owner.id, "robot", "a" * 64, ("read",), now=NOW)
        keep_token(session, owner.id, "robot", "b" * 64, ("read",), now=NOW)
    with store.read() as session:
        found = find_token(session, "b" * 64)
        gone = find_token(session, "a" * 64)
    assert gone is None
    assert found is not None
    assert found[1].id == owner.id


def test_the_last_use_of_a_token_is_kept(store: Store, organisation: str) -> None:
    with store.write() as session:
        _, owner = open_organisation(session, owner_email=None, now=NOW)
        token = keep_token(session, owner.id, "robot", "a" * 64, ("read",), now=NOW)
        touch_token(session, token.id, now=NOW)
    with store.read() as session:
        found = find_token(session, "a" * 64)
    assert found is not None
    assert found[0].last_used_at == NOW


def test_a_sidecar_without_fresh_beats_is_dead(store: Store) -> None:
    with store.write() as session:
        write_beat(session, pid=7, now=NOW, started_at=NOW)
    with store.read() as session:
        row = read_beat(session)
    late = NOW + ALIVE_FOR
    assert [is_alive(row, now=late), is_alive(row, now=late + timedelta(seconds=1)), is_alive(None, now=NOW)] == [
        True,
        False,
        False,
    ]
