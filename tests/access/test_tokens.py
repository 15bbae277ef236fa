from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.access.tokens import ALL_SCOPES, hash_token, make_token, verify_token
from core.errors import AccessDenied
from core.store import Store
from core.store.people import find_token, keep_token, open_organisation

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/bridgecast.sqlite")
    store.migrate()
    yield store
    store.close()


def keep(store: Store, token: str, scopes: tuple[str, ...] = ALL_SCOPES, expires_at: datetime | None = None) -> None:
    with store.write() as session:
        _, owner = open_organisation(session, owner_email="ann@example.org", now=NOW)
        keep_token(session, owner.id, "robot", hash_token(token), scopes, now=NOW, expires_at=expires_at)


def test_a_token_is_long_and_new_each_time() -> None:
    assert len(make_token()) >= 43
    assert make_token() != make_token()


def test_a_valid_token_says_who_it_is(store: Store) -> None:
    keep(store, "secret")
    caller = verify_token(store, "secret", now=NOW)
    assert caller is not None
    assert (caller.email, caller.role) == ("ann@example.org", "owner")


@pytest.mark.parametrize("token", ["", "Secret", "secret ", "\udcff"])
def test_an_unknown_token_is_nobody(store: Store, token: str) -> None:
    keep(store, "secret")
    assert verify_token(store, token, now=NOW) is None


def test_an_expired_token_is_nobody(store: Store) -> None:
    keep(store, "secret", expires_at=NOW + timedelta(hours=1))
    assert verify_token(store, "secret", now=NOW) is not None
    assert verify_token(store, "secret", now=NOW + timedelta(hours=1)) is None


def test_the_last_use_is_remembered(store: Store) -> None:
    keep(store, "secret")
    verify_token(store, "secret", now=NOW)
    with store.read() as session:
        found = find_token(session, hash_token("secret"))
    assert found is not None
    assert found[0].last_used_at == NOW


def test_a_second_use_in_the_same_minute_writes_nothing(store: Store) -> None:
    keep(store, "secret")
    verify_token(store, "secret", now=NOW)
    before = store.data_version()
    verify_token(store, "secret", now=NOW + timedelta(seconds=20))
    assert store.data_version() == before


def test_a_scope_that_is_missing_is_named_beside_those_held(store: Store) -> None:
    keep(store, "secret", scopes=("read", "run"))
    caller = verify_token(store, "secret", now=NOW)
    assert caller is not None
    caller.require("run")
    with pytest.raises(AccessDenied, match=r"scope 'write'.*scopes: read, run"):
        caller.require("write")
