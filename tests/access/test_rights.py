from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest

from core.access.rights import ACTIONS, DONE, ROLES, SCOPE_OF, Action, may, may_see, may_use_dataset, require, scopes_of
from core.access.tokens import ALL_SCOPES, Caller
from core.errors import AccessDenied

VIEWERS = {"report.view", "report.subscribe", "run.read", "token.own"}
ADMINS = {
    "data.path",
    "data.share",
    "connection.write",
    "people.read",
    "people.write",
    "settings.write",
    "audit.read",
} | {
    "token.all",
    "link.list",
}


def caller(role: str, *scopes: str) -> Caller:
    return Caller("p-1", "ann@example.org", role, "o-1", frozenset(scopes or ALL_SCOPES))


@dataclass(frozen=True)
class Named:
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def test_every_action_has_a_scope_and_words() -> None:
    assert set(SCOPE_OF) == set(DONE) == set(get_args(Action))
    assert set(SCOPE_OF.values()) <= set(ALL_SCOPES)


def test_each_role_may_what_is_written_here() -> None:
    everything = set(get_args(Action))
    assert {"viewer": VIEWERS, "analyst": everything - ADMINS, "admin": everything, "owner": everything} == ACTIONS


def test_an_unknown_role_may_nothing() -> None:
    assert not any(may(caller("king"), action) for action in get_args(Action))


def test_a_refusal_names_the_role_what_it_may_not_and_who_may() -> None:
    with pytest.raises(
        AccessDenied, match=r"Your role is viewer, which may not build analyses.*analyst, admin or owner"
    ):
        require(caller("viewer"), "analysis.write")


def test_a_token_is_bound_by_its_scopes_too() -> None:
    assert not may(caller("owner", "read"), "data.write")
    with pytest.raises(AccessDenied, match="scope 'write'"):
        require(caller("owner", "read"), "data.write")


def test_a_role_bounds_the_scopes_of_its_tokens() -> None:
    assert [sorted(scopes_of(role)) for role in ROLES] == [
        sorted(ALL_SCOPES),
        sorted(ALL_SCOPES),
        ["read", "run", "write"],
        ["read"],
    ]


@pytest.mark.parametrize(
    ("link", "seen"),
    [
        (Named(), True),
        (Named(people=("p-1",)), True),
        (Named(people=("Ann@Example.org",)), True),
        (Named(people=("bob@example.org",)), False),
        (Named(roles=("viewer",)), True),
        (Named(roles=("analyst",)), False),
        (Named(people=("bob@example.org",), roles=("viewer",)), True),
    ],
)
def test_a_viewer_sees_a_report_unless_it_names_others(link: Named, seen: bool) -> None:
    assert may_see(caller("viewer"), link) is seen


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owner_and_administrators_see_every_report(role: str) -> None:
    assert may_see(caller(role), Named(people=("bob@example.org",)))


def test_a_token_without_scope_read_sees_no_report() -> None:
    assert not may_see(caller("owner", "run"), Named())


@pytest.mark.parametrize(
    ("role", "named", "may_use"),
    [
        ("analyst", None, True),
        ("analyst", Named(), True),
        ("analyst", Named(people=("p-1",)), True),
        ("analyst", Named(people=("p-2",)), False),
        ("analyst", Named(roles=("analyst",)), True),
        ("analyst", Named(roles=("admin",)), False),
        ("analyst", Named(people=("p-1",), roles=("admin",)), True),
        ("admin", Named(people=("p-2",)), True),
        ("owner", Named(people=("p-2",)), True),
        ("viewer", None, False),
        ("viewer", Named(people=("p-1",)), False),
        ("king", None, False),
    ],
)
def test_a_dataset_is_for_every_analyst_unless_it_names_others(role: str, named: Named | None, may_use: bool) -> None:
    assert may_use_dataset(caller(role), {"sales": named} if named else {}, "sales") is may_use
