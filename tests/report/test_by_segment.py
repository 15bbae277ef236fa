"""Dimension first: segments' own changes add up, and each opens into its own steps."""

from __future__ import annotations

import pytest

from core.engine.bridge import Bridge
from core.errors import DataError
from core.model.analysis import EquationSpec
from core.model.document import plain
from core.report.by_segment import (
    inside_segment,
    inside_title,
    own_values,
    print_segments,
    segment_bridge,
    segments_alt,
    segments_bars,
    segments_comment,
    segments_title,
)
from core.report.messages import CATALOGUES
from core.report.printed import PrintedBridge, print_bridge
from tests.report.conftest import DEVICES, SHOP_STEPS, SIMPSON, bridge_of, rate_bridge

SHOP = EquationSpec(steps=SHOP_STEPS, unit="€")
METRICS = ("visits", "orders", "revenue")
NEW_AND_GONE = {
    "app": ((0, 0, 0), (50, 5, 400)),
    "web": ((900, 90, 9_000), (800, 72, 7_000)),
    "tv": ((9, 1, 80), (0, 0, 0)),
}


@pytest.fixture
def printed(shop: Bridge) -> PrintedBridge:
    return print_bridge(shop, "en")


def test_printed_changes_add_up_to_the_printed_change(printed: PrintedBridge) -> None:
    found = print_segments(printed, "device")
    assert [segment.name for segment in found.segments] == ["desktop", "mobile", "tablet"]
    assert sum(segment.units for segment in found.segments) == printed.change


def test_bars_lead_from_the_base_to_the_current_total(printed: PrintedBridge) -> None:
    bars = segments_bars(print_segments(printed, "device")).bars
    assert (bars[0].printed, bars[-1].printed) == ("€412.6k", "€371.3k")
    assert bars[-2].end == pytest.approx(bars[-1].end)
    assert bars[1].from_to == "€195k → €175k"
    assert [bar.key for bar in bars] == ["", "desktop", "mobile", "tablet", ""]


def test_small_segments_are_one_bar_that_cannot_be_opened() -> None:
    printed = print_bridge(bridge_of(SHOP, METRICS, DEVICES, max_segments=1), "en")
    bars = segments_bars(print_segments(printed, "device")).bars
    assert [(bar.label, bar.key) for bar in bars[1:-1]] == [("desktop", "desktop"), ("2 others", "")]


def test_words_name_who_moved_and_by_which_step(printed: PrintedBridge) -> None:
    found = print_segments(printed, "device")
    assert plain(segments_title(found)) == "Revenue by device: desktop fell the most"
    assert plain(segments_comment(found)[1]) == "mobile fell from €190k to €173k (−€17.0k), mostly by conversion."
    assert "desktop −€19.7k" in segments_alt(found, segments_bars(found))


def test_a_segment_opens_into_its_own_steps(shop: Bridge, printed: PrintedBridge) -> None:
    inner = inside_segment(printed, "device", "mobile")
    own = shop.by_segment("device")
    expected = own.filter(own["segment"] == "mobile")["contribution"].to_list()
    assert inner.bridge.steps["contribution"].to_list() == pytest.approx(expected)
    assert (inner.base_text, inner.current_text) == ("€190.0k", "€173.0k")
    assert plain(inside_title(inner, "mobile")).startswith("mobile: Revenue fell by €17.0k")


def test_new_and_gone_segments_open_into_one_bar_that_says_why() -> None:
    bridge = bridge_of(SHOP, METRICS, NEW_AND_GONE)
    values = {row["segment"]: row["change"] for row in own_values(bridge, "device").iter_rows(named=True)}
    for name in ("app", "tv"):
        steps = segment_bridge(bridge, "device", name).steps
        assert steps["contribution"].to_list() == pytest.approx([values[name]])
        assert "is undefined there" in steps["note"].item()


def test_a_ratio_says_why_its_segments_do_not_add_up() -> None:
    with pytest.raises(DataError, match="Conversion is a ratio"):
        print_segments(print_bridge(rate_bridge(SIMPSON), "en"), "device")


def test_an_unknown_segment_is_said(shop: Bridge) -> None:
    with pytest.raises(DataError, match="There is no 'watch' in device"):
        segment_bridge(shop, "device", "watch")


@pytest.mark.parametrize("spoken", CATALOGUES)
def test_every_language_tells_it(shop: Bridge, spoken: str) -> None:
    found = print_segments(print_bridge(shop, spoken), "device")
    assert "desktop" in plain(segments_title(found))
    assert len(segments_comment(found)) == 3


def test_decimals_that_were_asked_for_are_printed() -> None:
    whole = print_bridge(bridge_of(SHOP.model_copy(update={"decimals": 2}), METRICS, DEVICES), "en")
    assert print_segments(whole, "device").segments[0].from_text == "€195.00k"


def test_one_small_segment_stands_for_itself() -> None:
    whole = print_bridge(bridge_of(SHOP, METRICS, DEVICES, max_segments=2), "en")
    assert [segment.name for segment in print_segments(whole, "device").segments] == ["desktop", "mobile", "tablet"]
