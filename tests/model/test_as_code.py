"""Specifications as YAML: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import pytest

from core.errors import DataError
from core.model.analysis import AnalysisSpec
from core.model.as_code import as_yaml, from_yaml

SPEC = AnalysisSpec.model_validate(
    {
        "slug": "revenue",
        "name": "Umsatz: größer – “schöner” #1",
        "dataset": "shop",
        "equation": {
            "total": "revenue",
            "unit": "€",
            "steps": [{"formula": "visits"}, {"formula": "revenue / visits", "focus": "device", "exclude": ["on"]}],
        },
        "comparison": {"by": "day", "base": ["2026-09-01", "2026-09-30"], "current": ["2026-10-01", "2026-10-31"]},
        "where": {"country": ["FR", "NO", None], "size": {">": 1.5}, "zip": ["01067"], "open": True},
    }
)


def test_what_is_written_is_read_back() -> None:
    assert from_yaml(AnalysisSpec, as_yaml(SPEC)) == SPEC


def test_defaults_are_left_out_and_letters_stay_readable() -> None:
    text = as_yaml(SPEC)
    assert text.startswith("version: 1\nslug: revenue\n")
    assert "größer" in text
    assert "method" not in text


def test_dates_may_stand_without_quotes() -> None:
    bare = as_yaml(SPEC).replace("'2026-09-01'", "2026-09-01")
    assert str(from_yaml(AnalysisSpec, bare).comparison.base[0]) == "2026-09-01"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slug: [a", "Line 1 of the YAML cannot be read"),
        ("slug: a\n\tname: b", "Line 2 of the YAML cannot be read"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: \x00", "cannot be read"),
        ("a: 2026-99-99", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("", "holds no specification"),
        ("- 1", "holds no specification"),
        ("slug: revenue", "name: Field required"),
        (as_yaml(SPEC) + "colour: red\n", "colour: Extra inputs are not permitted"),
        (as_yaml(SPEC).replace("slug: revenue", "slug: Re venue"), "slug: 'Re venue' is no slug"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        from_yaml(AnalysisSpec, text)
