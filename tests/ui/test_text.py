"""Words on pages: harmless text, tones, ages, sizes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from core.model.document import Table, Text
from core.model.naming import plain_name
from core.ui.text import ago, escape, markdown, markdown_table, plural, size

NOW = datetime(2026, 12, 1, 6, 2, tzinfo=UTC)


def test_marks_of_markdown_are_shown_as_they_are() -> None:
    assert escape("a_b *c* [d](e) $f$ :red[g]") == "a\\_b \\*c\\* \\[d\\](e) \\$f\\$ \\:red\\[g\\]"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("1. Quartal", "1\\. Quartal"),
        ("2) Rest", "2\\) Rest"),
        ("- none -", "\\- none -"),
        ("Shop\n---", "Shop\n\\---"),
        ("+", "\\+"),
        ("-5 to 3.5", "-5 to 3.5"),
    ],
)
def test_a_name_that_begins_like_a_list_keeps_its_beginning(name: str, shown: str) -> None:
    assert escape(name) == shown


@pytest.mark.parametrize("address", ["https://planted.example/login", "www.planted.example", "ann@example.org"])
def test_an_address_in_a_name_is_no_link(address: str) -> None:
    shown = escape(address).replace("\\", "")
    assert shown.replace("\u2060", "") == address
    assert not re.search(r"https?://|www\.|\w@", shown)


def test_good_and_bad_parts_of_a_line_get_their_colours() -> None:
    line = (Text("Revenue fell by "), Text("€41k", "bad"), Text(", cost too "), Text("−€2k", "good"))
    assert markdown(line) == "Revenue fell by :red[**€41k**], cost too :green[**−\u2060€2k**]"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-2), "just now"),
        (timedelta(seconds=9), "just now"),
        (timedelta(seconds=40), "40 seconds ago"),
        (timedelta(minutes=3), "3 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_an_age_is_said_in_its_largest_fitting_unit(age: timedelta, words: str) -> None:
    assert ago(NOW - age, NOW) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 rows"), (1, "1 row"), (1234, "1,234 rows")])
def test_one_of_a_kind_is_singular(number: int, words: str) -> None:
    assert plural(number, "row") == words


@pytest.mark.parametrize(
    ("number", "words"), [(999, "999 bytes"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (2_000_000_000, "2.0 GB")]
)
def test_sizes_are_said_in_the_unit_people_use(number: int, words: str) -> None:
    assert size(number) == words


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Umsätze 2026 (roh)", "umsaetze-2026-roh"),
        ("Süd & Größe", "sued-groesse"),
        ("Chiffre d’affaires, été", "chiffre-d-affaires-ete"),
        ("売上", ""),
    ],
)
def test_an_address_keeps_the_letters_of_a_name_readable(name: str, address: str) -> None:
    assert plain_name(name, longest=60, otherwise="") == address


def test_a_table_keeps_its_columns_whatever_stands_in_a_cell() -> None:
    table = Table(("Step", "Impact"), ("left", "right"), ((Text("a|b\nc"), Text("+1", "good")),))
    assert markdown_table(table).splitlines() == ["| Step | Impact |", "| :-- | --: |", "| a\\|b c | :green[**+1**] |"]
