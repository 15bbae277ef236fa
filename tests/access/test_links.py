from __future__ import annotations

import pytest

from core.access.keys import Keys
from core.access.links import read_link_token, sign_link_token

LINK = "0b7f6f2e-3c1d-4a55-9c0e-5a0d2b7d8e11"
KEYS = Keys(("the-key-that-signs-now",))


def test_a_token_says_which_link_and_version_it_was_made_for() -> None:
    assert read_link_token(KEYS, sign_link_token(KEYS, LINK, 3)) == (LINK, 3)


def test_a_token_needs_no_escaping_in_a_url() -> None:
    token = sign_link_token(KEYS, LINK, 1)
    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_the_same_link_has_the_same_address_every_time() -> None:
    assert sign_link_token(KEYS, LINK, 1) == sign_link_token(KEYS, LINK, 1)


def test_a_token_of_an_older_key_is_still_read() -> None:
    token = sign_link_token(KEYS, LINK, 1)
    assert read_link_token(Keys(("a-newer-key-in-front", *KEYS.keys)), token) == (LINK, 1)


def test_a_token_of_a_dropped_key_is_unknown() -> None:
    assert read_link_token(Keys(("another-key-altogether",)), sign_link_token(KEYS, LINK, 1)) is None


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "ü.ü", "%00", "A" * 5000])
def test_what_was_not_signed_here_is_unknown(token: str) -> None:
    assert read_link_token(KEYS, token) is None


def test_a_changed_token_is_unknown() -> None:
    token = sign_link_token(KEYS, LINK, 1)
    changed = ("B" if token[0] != "B" else "C") + token[1:]
    assert read_link_token(KEYS, changed) is None
