from __future__ import annotations

import pytest

from core.errors import AlreadyExists, NotFound, Stale
from core.model.connections import Connection
from core.store import Store
from core.store.connections import (
    add_connection,
    change_connection,
    delete_connection,
    get_connection,
    keep_check,
    list_connections,
)
from tests.store.conftest import NOW


@pytest.fixture
def mail(store: Store, organisation: str) -> Connection:
    return add(store, organisation, "Mail")


def add(store: Store, organisation: str, name: str) -> Connection:
    with store.write() as session:
        return add_connection(
            session, organisation, "email", name, {"host": "a"}, "sealed", person_id="somebody", now=NOW
        )


def read(store: Store, organisation: str, connection_id: str) -> Connection:
    with store.read() as session:
        return get_connection(session, organisation, connection_id)


def test_a_connection_s_secrets_are_not_printed(mail: Connection) -> None:
    assert "sealed" not in repr(mail)


def test_another_organisation_s_connections_are_not_seen(store: Store, mail: Connection) -> None:
    with store.read() as session, pytest.raises(NotFound):
        get_connection(session, "somebody-else", mail.id)
    with store.read() as session:
        assert list_connections(session, "somebody-else") == []


def test_a_name_may_stay_and_not_be_another_s(store: Store, organisation: str, mail: Connection) -> None:
    add(store, organisation, "Post")
    with store.write() as session:
        row = get_connection(session, organisation, mail.id)
        assert change_connection(session, row, "Mail", {"host": "b"}, "sealed", now=NOW).revision == 2
    with store.write() as session, pytest.raises(AlreadyExists):
        change_connection(session, get_connection(session, organisation, mail.id), "POST", {}, "sealed", now=NOW)


def test_a_change_from_an_old_revision_changes_nothing(store: Store, organisation: str, mail: Connection) -> None:
    row = read(store, organisation, mail.id)
    with store.write() as session, pytest.raises(Stale):
        change_connection(session, row, "Post", {}, "sealed", now=NOW, if_revision=7)
    assert read(store, organisation, mail.id).name == "Mail"


def test_what_a_check_found_of_an_older_state_is_not_kept(store: Store, organisation: str, mail: Connection) -> None:
    with store.write() as session:
        row = get_connection(session, organisation, mail.id)
        change_connection(session, row, "Mail", {"host": "b"}, "sealed", now=NOW)
    with store.write() as session:
        keep_check(session, mail, is_ok=True, text="fine", now=NOW)
    assert read(store, organisation, mail.id).check_ok is None


def test_a_check_of_a_deleted_connection_does_no_harm(store: Store, organisation: str, mail: Connection) -> None:
    with store.write() as session:
        delete_connection(session, organisation, mail.id)
    with store.write() as session:
        keep_check(session, mail, is_ok=True, text="fine", now=NOW)
        assert list_connections(session, organisation) == []
