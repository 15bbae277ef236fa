from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from core.access import passwords
from core.access.passwords import check_new_password, hash_password, is_password
from core.errors import DataError


def test_only_the_password_itself_is_the_password() -> None:
    kept = hash_password("correct horse")
    assert is_password(kept, "correct horse")
    assert not is_password(kept, "Correct horse")


def test_a_hash_is_argon2id_and_new_each_time(product_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", product_hasher)
    assert hash_password("correct horse").startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert hash_password("correct horse") != hash_password("correct horse")


@pytest.mark.parametrize("kept", [None, "", "no hash at all"])
def test_who_has_no_password_cannot_show_one(kept: str | None) -> None:
    assert not is_password(kept, "")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "5 characters. Use at least 8"),
        ("x" * 1025, "longer than 1024"),
        ("ann@example.org", "guessed at once"),
        ("abababababab", "guessed at once"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_reason(password: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        check_new_password(password, "Ann@example.org")
