from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.sessions import SIGNED_IN_FOR, Visitor
from core.errors import AccessDenied, NotFound
from core.model.access import Person
from tests.access.conftest import START, House

HOME = Visitor("192.0.2.7", "Firefox")
PASSWORD = "correct horse"


@pytest.fixture
def ann(house: House) -> Person:
    person = house.people.add(house.owner, "Ann@example.org", "Ann", "analyst")
    house.people.set_password(person.id, PASSWORD)
    return person


def test_the_right_password_opens_a_session_of_that_person(house: House, ann: Person) -> None:
    caller = house.sessions.caller_of(house.sessions.sign_in(" ann@EXAMPLE.org", PASSWORD, HOME))
    assert caller is not None
    assert (caller.person_id, caller.name, caller.role) == (ann.id, "Ann", "analyst")
    assert caller.scopes == {"read", "write", "run", "admin"}


@pytest.mark.parametrize(
    ("email", "password"), [("ann@example.org", "wrong"), ("bob@example.org", PASSWORD), ("olga@example.org", "")]
)
def test_a_wrong_password_and_an_unknown_person_open_none(house: House, ann: Person, email: str, password: str) -> None:
    assert house.sessions.sign_in(email, password, HOME) is None


@pytest.mark.parametrize("secret", [None, "", "nobody-s"])
def test_an_unknown_secret_is_nobody(house: House, ann: Person, secret: str | None) -> None:
    assert house.sessions.caller_of(secret) is None


def test_only_the_hash_of_a_secret_is_kept(house: House, ann: Person) -> None:
    secret = house.sessions.sign_in(ann.email, PASSWORD, HOME)
    (kept,) = house.sessions.all(ann.id)
    assert (len(kept.sha256), kept.sha256 == secret, kept.address, kept.agent) == (64, False, "192.0.2.7", "Firefox")


def test_a_session_ends_by_itself(house: House, ann: Person) -> None:
    secret = house.sessions.sign_in(ann.email, PASSWORD, HOME)
    house.now = START + SIGNED_IN_FOR - timedelta(seconds=1)
    assert house.sessions.caller_of(secret) is not None
    house.now = START + SIGNED_IN_FOR
    assert house.sessions.caller_of(secret) is None


def test_the_last_use_is_remembered_once_a_minute(house: House, ann: Person) -> None:
    secret = house.sessions.sign_in(ann.email, PASSWORD, HOME)
    house.now = START + timedelta(seconds=50)
    house.sessions.caller_of(secret)
    assert house.sessions.all(ann.id)[0].seen_at == START
    house.now = START + timedelta(seconds=70)
    house.sessions.caller_of(secret)
    assert house.sessions.all(ann.id)[0].seen_at == house.now
    assert house.people.get(ann.id).last_seen_at == house.now


def test_signing_out_ends_this_session_only(house: House, ann: Person) -> None:
    here, there = (house.sessions.open(ann.id, HOME) for _ in range(2))
    house.sessions.sign_out(here)
    assert house.sessions.caller_of(here) is None
    assert house.sessions.caller_of(there) is not None


def test_an_ended_session_is_nobody_at_once(house: House, ann: Person) -> None:
    secret = house.sessions.open(ann.id, HOME)
    house.sessions.end(ann.id, house.sessions.all(ann.id)[0].id)
    assert house.sessions.caller_of(secret) is None
    assert house.sessions.all() == []


def test_a_session_of_somebody_else_is_not_found(house: House, ann: Person) -> None:
    house.sessions.open(ann.id, HOME)
    with pytest.raises(NotFound):
        house.sessions.end(house.owner.person_id, house.sessions.all(ann.id)[0].id)


def test_a_new_role_counts_in_open_sessions(house: House, ann: Person) -> None:
    secret = house.sessions.open(ann.id, HOME)
    house.people.change(house.owner, ann.id, role="viewer")
    caller = house.sessions.caller_of(secret)
    assert caller is not None
    assert caller.role == "viewer"


def test_whoever_has_left_is_nobody(house: House, ann: Person) -> None:
    secret = house.sessions.open(ann.id, HOME)
    house.people.leave(house.owner, ann.id)
    assert house.sessions.caller_of(secret) is None
    assert house.sessions.sign_in(ann.email, PASSWORD, HOME) is None


def test_a_password_that_was_changed_while_it_was_looked_at_opens_none(house: House, ann: Person) -> None:
    shown = house.people.get(ann.id).password_hash
    house.people.set_password(ann.id, "battery staple")
    with pytest.raises(AccessDenied, match="no longer counts"):
        house.sessions.open(ann.id, HOME, password_hash=shown)
    assert house.sessions.all(ann.id) == []


def test_nobody_who_has_left_gets_a_session(house: House, ann: Person) -> None:
    house.people.leave(house.owner, ann.id)
    with pytest.raises(AccessDenied, match="no longer counts"):
        house.sessions.open(ann.id, HOME)
