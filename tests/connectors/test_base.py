from __future__ import annotations

import re

import pytest

from core.connectors import CONNECTORS
from core.connectors.base import Field, checked_secrets, checked_settings, masked
from core.connectors.email import Email
from core.errors import DataError
from core.settings import REPOSITORY

GIVEN = {"host": "smtp.example.org", "from": "reports@example.org"}


def test_what_is_left_out_has_its_default() -> None:
    settings = checked_settings(Email.fields, {**GIVEN, "reply_to": "  "})
    assert (settings["port"], settings["tls"], settings["reply_to"], settings["is_default"]) == (
        587,
        "starttls",
        None,
        False,
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("host", None, "'Mail server' is needed."),
        ("host", "https://smtp.example.org", "a host name alone"),
        ("host", "smtp.example.org\nx", "one line"),
        ("host", 7, "one line"),
        ("port", "587", "a number from 1 to 65535"),
        ("port", True, "a number from 1 to 65535"),
        ("port", 0, "a number from 1 to 65535"),
        ("tls", "ssl", "one of starttls, tls, none"),
        ("from", "reports", "one address"),
        ("from", "a@example.org, b@example.org", "one address"),
        ("from", "x@example.org\r\nBcc: y@example.org", "one line"),
        ("user", "x" * 501, "at most 500 characters"),
        ("is_default", "yes", "either true or false"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field(name: str, value: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        checked_settings(Email.fields, {**GIVEN, name: value})
    assert caught.value.field == f"settings.{name}"


def test_an_unknown_setting_is_refused_with_a_guess() -> None:
    with pytest.raises(DataError, match=r"no field 'prot' among the settings\. Did you mean 'port'\?"):
        checked_settings(Email.fields, {**GIVEN, "prot": 25})


def test_a_secret_is_no_setting() -> None:
    with pytest.raises(DataError, match="no field 'password' among the settings"):
        checked_settings(Email.fields, {**GIVEN, "password": "x"})


def test_a_masked_secret_that_comes_back_changes_nothing() -> None:
    assert checked_secrets(Email.fields, {"password": "***"}) == {}
    assert checked_secrets(Email.fields, {"password": None}) == {"password": None}


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(DataError) as caught:
        checked_secrets(Email.fields, {"password": ["hunter2"]})
    assert "hunter2" not in str(caught.value)


def test_a_secret_is_a_text_that_can_be_kept() -> None:
    with pytest.raises(DataError, match="'Password' is a text of at most"):
        checked_secrets(Email.fields, {"password": "half a letter: \ud800"})


def test_what_a_service_said_is_one_short_line_without_secrets() -> None:
    assert masked("bad\r\n password\x00 hunter2", ["hunter2", ""]) == "bad password ***"
    assert len(masked("x" * 1000, [])) == 301


@pytest.mark.parametrize("kind", CONNECTORS)
def test_a_kind_s_fields_can_be_drawn(kind: str) -> None:
    fields: tuple[Field, ...] = CONNECTORS[kind].fields
    assert len({one.name for one in fields}) == len(fields)
    assert all(one.choices for one in fields if one.kind == "choice")
    assert all(one.default is None for one in fields if one.kind == "secret")


@pytest.mark.parametrize("kind", CONNECTORS)
def test_the_page_of_connections_lists_every_field_of_a_kind(kind: str) -> None:
    page = (REPOSITORY / "docs" / "connections.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^### {re.escape(CONNECTORS[kind].label)}\n(.*?)^##", page, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == {one.name for one in CONNECTORS[kind].fields}
