from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.api_tokens import ApiTokens
from core.access.people import WORKS_FOR
from core.access.sessions import Visitor
from core.access.tokens import Caller, verify_token
from core.errors import AccessDenied, AlreadyExists, BridgecastError, Conflict, DataError, NotFound
from core.model.access import Person
from tests.access.conftest import START, House

PASSWORD = "correct horse"


@pytest.fixture
def ann(house: House) -> Person:
    return house.people.add(house.owner, "Ann@example.org", "Ann", "admin")


def acting(house: House, person: Person) -> Caller:
    caller = house.sessions.caller_of(house.sessions.open(person.id, Visitor()))
    assert caller is not None
    return caller


def test_people_are_listed_by_name_with_their_address_in_lower_case(house: House, ann: Person) -> None:
    assert [(p.name, p.email, p.role) for p in house.people.all()] == [
        ("Ann", "ann@example.org", "admin"),
        ("Owner", "olga@example.org", "owner"),
    ]


@pytest.mark.parametrize("email", ["", "ann", "ann@", "a b@example.org", "ann@example.org\nBcc: x@y.z", "<a@b.c>"])
def test_what_is_no_address_is_refused(house: House, email: str) -> None:
    with pytest.raises(DataError, match="no e-mail address"):
        house.people.add(house.owner, email, "Ann", "viewer")


def test_an_address_is_taken_once(house: House, ann: Person) -> None:
    with pytest.raises(AlreadyExists, match=r"'ann@example\.org' is here already, as admin"):
        house.people.add(house.owner, "ANN@example.org", "Ann", "viewer")


def test_an_unknown_role_is_refused(house: House) -> None:
    with pytest.raises(DataError, match="There is no role 'king'"):
        house.people.add(house.owner, "king@example.org", "King", "king")


def test_only_an_owner_makes_an_owner(house: House, ann: Person) -> None:
    with pytest.raises(AccessDenied, match="Only an owner"):
        house.people.add(acting(house, ann), "bob@example.org", "Bob", "owner")


def test_an_administrator_does_not_change_an_owner(house: House, ann: Person) -> None:
    for change in ({"role": "viewer"}, {"email": "mine@example.org"}):
        with pytest.raises(AccessDenied, match="Only an owner"):
            house.people.change(acting(house, ann), house.owner.person_id, **change)


@pytest.mark.parametrize("act", ["change", "remove"])
def test_the_last_owner_stays(house: House, act: str) -> None:
    me = house.owner
    with pytest.raises(Conflict, match="only owner"):
        house.people.leave(me, me.person_id) if act == "remove" else house.people.change(me, me.person_id, role="admin")


def test_an_owner_may_go_when_there_is_another(house: House, ann: Person) -> None:
    first = house.owner
    house.people.change(first, ann.id, role="owner")
    house.people.leave(first, first.person_id)
    assert house.owner.person_id == ann.id


def test_whoever_left_can_be_invited_again(house: House, ann: Person) -> None:
    house.people.set_password(ann.id, PASSWORD)
    house.people.leave(house.owner, ann.id)
    again = house.people.add(house.owner, "ann@example.org", "Ann", "viewer")
    assert (again.id, again.role, again.password_hash) == (ann.id, "viewer", None)


def test_a_token_does_not_come_back_with_whoever_left(house: House, ann: Person) -> None:
    tokens = ApiTokens(house.store, house.organisation_id, lambda: house.now)
    _, secret = tokens.make(house.owner, "Nightly", ["read"], person_id=ann.id)
    house.people.leave(house.owner, ann.id)
    house.people.add(house.owner, "ann@example.org", "Ann", "admin")
    assert verify_token(house.store, secret, now=house.now) is None


def test_whoever_was_removed_does_not_join_by_a_provider(house: House, ann: Person) -> None:
    house.people.leave(house.owner, ann.id)
    with pytest.raises(AccessDenied, match=r"'ann@example\.org' was removed here"):
        house.people.vouched("ann@example.org", "Ann", "admin", may_join=True)


def test_somebody_who_left_is_not_found(house: House, ann: Person) -> None:
    house.people.leave(house.owner, ann.id)
    with pytest.raises(NotFound):
        house.people.get(ann.id)


def test_a_link_sets_a_password_once(house: House, ann: Person) -> None:
    token = house.people.make_link(ann.id, "invite")
    assert house.people.use_link(token, PASSWORD).email == "ann@example.org"
    assert house.sessions.sign_in(ann.email, PASSWORD, Visitor()) is not None
    with pytest.raises(AccessDenied, match="no longer works"):
        house.people.use_link(token, "another horse")


def test_a_link_that_went_to_another_address_no_longer_works(house: House, ann: Person) -> None:
    token = house.people.make_link(ann.id, "invite")
    house.people.change(house.owner, ann.id, email="anne@example.org")
    assert house.people.link_person(token) is None


def test_the_address_of_somebody_who_left_is_told_as_such(house: House, ann: Person) -> None:
    house.people.leave(house.owner, house.people.add(house.owner, "bob@example.org", "Bob", "viewer").id, pause=True)
    with pytest.raises(AlreadyExists, match=r"'bob@example\.org' was somebody's who left"):
        house.people.change(house.owner, ann.id, email="Bob@example.org")


def test_a_password_that_will_not_do_changes_nothing_else_either(house: House, ann: Person) -> None:
    with pytest.raises(DataError, match="at least 8"):
        house.people.change(house.owner, ann.id, role="viewer", password="short")
    assert house.people.get(ann.id).role == "admin"


def test_a_password_that_is_changed_for_somebody_ends_their_sessions(house: House, ann: Person) -> None:
    secret = house.sessions.open(ann.id, Visitor())
    house.people.change(house.owner, ann.id, name="Anne", password=PASSWORD)
    assert house.sessions.caller_of(secret) is None
    assert house.sessions.sign_in(ann.email, PASSWORD, Visitor()) is not None


def test_another_name_leaves_a_link_alone(house: House, ann: Person) -> None:
    token = house.people.make_link(ann.id, "invite")
    house.people.change(house.owner, ann.id, name="Anne", email="Ann@Example.org")
    assert house.people.link_person(token) is not None


@pytest.mark.parametrize("kind", ["invite", "reset"])
def test_a_link_ends_by_itself(house: House, ann: Person, kind: str) -> None:
    token = house.people.make_link(ann.id, kind)  # type: ignore[arg-type]
    house.now = START + WORKS_FOR[kind] - timedelta(seconds=1)  # type: ignore[index]
    assert house.people.link_person(token) is not None
    house.now += timedelta(seconds=1)
    assert house.people.link_person(token) is None


def test_a_newer_link_makes_the_older_one_unknown(house: House, ann: Person) -> None:
    old, new = (house.people.make_link(ann.id, "invite") for _ in range(2))
    assert house.people.link_person(old) is None
    assert house.people.link_person(new) is not None


def test_a_password_that_will_not_do_leaves_the_link_open(house: House, ann: Person) -> None:
    token = house.people.make_link(ann.id, "invite")
    with pytest.raises(DataError, match="at least 8"):
        house.people.use_link(token, "short")
    assert house.people.link_person(token) is not None


def test_a_reset_ends_open_sessions(house: House, ann: Person) -> None:
    secret = house.sessions.open(ann.id, Visitor())
    house.people.use_link(house.people.make_link(ann.id, "reset"), PASSWORD)
    assert house.sessions.caller_of(secret) is None


def test_a_changed_password_ends_all_sessions_but_this_one(house: House, ann: Person) -> None:
    house.people.set_password(ann.id, PASSWORD)
    here, there = (house.sessions.open(ann.id, Visitor()) for _ in range(2))
    me = house.sessions.caller_of(here)
    assert me is not None
    house.people.change_password(me, PASSWORD, "battery staple")
    assert [house.sessions.caller_of(secret) is not None for secret in (here, there)] == [True, False]


def test_the_present_password_is_asked_before_a_change(house: House, ann: Person) -> None:
    house.people.set_password(ann.id, PASSWORD)
    with pytest.raises(AccessDenied, match="present password is not right"):
        house.people.change_password(acting(house, ann), "wrong horse", "battery staple")


@pytest.mark.parametrize("name", ["", "x" * 101, "two\x00words"])
def test_a_name_is_one_line(house: House, ann: Person, name: str) -> None:
    with pytest.raises(BridgecastError, match="A name has 1 to 100"):
        house.people.change(house.owner, ann.id, name=name)
