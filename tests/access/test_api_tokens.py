from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.tokens import ALL_SCOPES, Caller, caller_for, hash_token, verify_token
from core.app import App
from core.errors import AccessDenied, AlreadyExists, DataError, NotFound
from core.store.people import keep_token
from tests.conftest import NOW


def owner(app: App) -> Caller:
    return caller_for(app.owner, frozenset(ALL_SCOPES))


def somebody(app: App, role: str) -> Caller:
    return caller_for(app.people.add(owner(app), f"{role}@example.org", role, role), frozenset(ALL_SCOPES))


def test_it_is_shown_once_and_works_until_it_is_revoked(empty_app: App) -> None:
    kept, token = empty_app.tokens.make(owner(empty_app), "Nightly", ["run", "read"])
    caller = verify_token(empty_app.store, token, now=NOW)
    assert caller is not None
    assert (caller.token_id, caller.scopes) == (kept.id, {"read", "run"})
    assert token not in str(empty_app.tokens.all(owner(empty_app)))
    empty_app.tokens.revoke(owner(empty_app), kept.id)
    assert verify_token(empty_app.store, token, now=NOW) is None
    assert empty_app.tokens.all(owner(empty_app)) == []


def test_it_ends_at_its_moment(empty_app: App) -> None:
    _, token = empty_app.tokens.make(owner(empty_app), "Short", ["read"], expires_at=NOW + timedelta(days=1))
    seen = [verify_token(empty_app.store, token, now=NOW + timedelta(days=days)) is None for days in (0, 1)]
    assert seen == [False, True]


def test_the_role_bounds_the_scopes(empty_app: App) -> None:
    viewer = somebody(empty_app, "viewer")
    with pytest.raises(AccessDenied, match="beyond the role viewer"):
        empty_app.tokens.make(viewer, "Too much", ["read", "write"])
    assert empty_app.tokens.make(viewer, "Enough", ["read"])[0].scopes == ("read",)


def test_a_token_makes_none_that_may_more_than_itself(empty_app: App) -> None:
    narrow = caller_for(empty_app.owner, frozenset({"read", "admin"}))
    with pytest.raises(AccessDenied, match="'write' is beyond"):
        empty_app.tokens.make(narrow, "More", ["write"])


def test_an_administrator_makes_tokens_for_others_but_none_for_an_owner(empty_app: App) -> None:
    admin, analyst = somebody(empty_app, "admin"), somebody(empty_app, "analyst")
    kept, _ = empty_app.tokens.make(admin, "For them", ["write"], person_id=analyst.person_id)
    assert kept.person_id == analyst.person_id
    with pytest.raises(AccessDenied, match="Only an owner"):
        empty_app.tokens.make(admin, "Coup", ["admin"], person_id=empty_app.owner.id)
    with pytest.raises(AccessDenied):
        empty_app.tokens.make(analyst, "For others", ["read"], person_id=admin.person_id)


def test_others_tokens_are_neither_seen_nor_revoked(empty_app: App) -> None:
    analyst = somebody(empty_app, "analyst")
    kept, _ = empty_app.tokens.make(owner(empty_app), "Mine", ["read"])
    assert empty_app.tokens.all(analyst) == []
    with pytest.raises(NotFound):
        empty_app.tokens.revoke(analyst, kept.id)
    assert [token.id for token in empty_app.tokens.all(somebody(empty_app, "admin"))] == [kept.id]


def test_a_name_is_taken_once(empty_app: App) -> None:
    empty_app.tokens.make(owner(empty_app), "Nightly", ["read"])
    with pytest.raises(AlreadyExists, match="'Nightly'"):
        empty_app.tokens.make(owner(empty_app), " Nightly ", ["read"])


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [("", ["read"], 1), ("BRIDGECAST_OWNER_TOKEN", ["read"], 1), ("a", [], 1), ("a", ["all"], 1), ("a", ["read"], 0)],
)
def test_what_makes_no_sense_is_refused(empty_app: App, name: str, scopes: list[str], days: int) -> None:
    with pytest.raises(DataError):
        empty_app.tokens.make(owner(empty_app), name, scopes, expires_at=NOW + timedelta(days=days))


def test_the_token_of_the_environment_goes_with_it_and_comes_back(empty_app: App) -> None:
    def keep() -> None:
        with empty_app.store.write() as session:
            name = "BRIDGECAST_OWNER_TOKEN"
            keep_token(session, empty_app.owner.id, name, hash_token("secret"), ALL_SCOPES, now=NOW)

    keep()
    empty_app.tokens.make(owner(empty_app), "Another", ["read"])
    works = [verify_token(empty_app.store, "secret", now=NOW) is not None]
    empty_app.tokens.drop_environment_token()
    works.append(verify_token(empty_app.store, "secret", now=NOW) is not None)
    keep()
    works.append(verify_token(empty_app.store, "secret", now=NOW) is not None)
    assert works == [True, False, True]
    assert "Another" in [token.name for token in empty_app.tokens.all(owner(empty_app))]


def test_making_and_revoking_is_in_the_audit(empty_app: App) -> None:
    kept, token = empty_app.tokens.make(owner(empty_app), "Nightly", ["read"])
    empty_app.tokens.revoke(owner(empty_app), kept.id)
    entries = empty_app.audit.entries()
    assert {(entry.act, entry.subject) for entry in entries} == {
        ("token.made", "Nightly"),
        ("token.revoked", "Nightly"),
    }
    assert token not in str([entry.detail for entry in entries])
