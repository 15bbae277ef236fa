from __future__ import annotations

import pytest

from core.access.keys import Keys
from core.access.leave_tokens import sign_leave_token
from core.access.picture_tokens import read_picture_token, sign_picture_token

RUN = "0b7f6f2e-3c1d-4a55-9c0e-5a0d2b7d8e11"
KEYS = Keys(("the-key-that-signs-now",))


def test_a_token_says_which_file_of_which_run_it_was_made_for() -> None:
    assert read_picture_token(KEYS, sign_picture_token(KEYS, RUN, "2.chart-1.png")) == (RUN, "2.chart-1.png")


def test_a_token_needs_no_escaping_in_a_url() -> None:
    token = sign_picture_token(KEYS, RUN, "chart-1.png")
    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_a_token_of_an_older_key_is_still_read() -> None:
    token = sign_picture_token(KEYS, RUN, "chart-1.png")
    assert read_picture_token(Keys(("a-newer-key-in-front", *KEYS.keys)), token) == (RUN, "chart-1.png")


def test_a_token_of_another_purpose_shows_no_picture() -> None:
    assert read_picture_token(KEYS, sign_leave_token(KEYS, RUN, "chart-1.png")) is None


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "ü.ü", "%00", "A" * 5000])
def test_what_was_not_signed_here_is_unknown(token: str) -> None:
    assert read_picture_token(KEYS, token) is None
