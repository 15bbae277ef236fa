"""Keep only and exclude: what they make of the filters."""

from __future__ import annotations

import pytest

from core.model.analysis import Condition
from core.ui.bridge_keep import kept, left_out


def test_keeping_a_segment_narrows_the_filters_to_it() -> None:
    assert kept({"device": ["app"]}, {"country": "FR"}) == {"device": ["app"], "country": ["FR"]}
    assert kept({}, {"country": "(not set)", "device": "app"}) == {"country": [None], "device": ["app"]}


def test_keeping_a_segment_keeps_comparisons_on_its_column() -> None:
    assert kept({"size": {">": 3, "not in": [7]}}, {"size": "5"}) == {"size": {">": 3, "=": "5"}}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, {"not in": ["FR"]}),
        ({"!=": "DE"}, {"not in": ["DE", "FR"]}),
        ({"not in": ["DE", None]}, {"not in": ["DE", None, "FR"]}),
        ({"starts_with": "f"}, {"starts_with": "f", "not in": ["FR"]}),
        (["DE", "FR", None], ["DE", None]),
    ],
)
def test_leaving_a_segment_out_adds_to_what_its_column_asks_for(own: Condition, expected: Condition) -> None:
    assert left_out({"country": own}, {"country": "FR"}) == {"country": expected}


def test_what_is_not_set_can_be_left_out() -> None:
    assert left_out({}, {"country": "(not set)"}) == {"country": {"not in": [None]}}


def test_the_only_value_cannot_be_left_out_nor_a_segment_of_several_dimensions() -> None:
    assert left_out({"country": ["FR"]}, {"country": "FR"}) is None
    assert left_out({}, {"country": "FR", "device": "app"}) is None
