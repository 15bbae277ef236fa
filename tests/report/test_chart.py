"""Waterfalls: what is drawn, and that labels keep apart."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.bridge import Bridge
from core.model.analysis import EquationSpec, StepSpec
from core.model.sums import Moments
from core.report.bars import axis_floor, bridge_alt, bridge_bars, detail_alt, detail_bars
from core.report.chart import draw, specification, step_detail, waterfall
from core.report.layout_columns import columns
from core.report.layout_rows import rows
from core.report.printed import print_bridge
from core.report.printed_detail import print_detail
from core.report.shapes import Drawing, Label, Waterfall
from core.report.theme import DARK, LIGHT, Palette
from core.report.widths import shortened, text_width
from tests.report.conftest import bridge_of, shop_bridge, sum_bridge


def bars_of(bridge: Bridge, max_bars: int = 12) -> Waterfall:
    return bridge_bars(print_bridge(bridge, "en"), max_bars)


def box(label: Label) -> tuple[float, float, float, float]:
    width = text_width(label.text, label.size, bold=label.is_bold)
    left = {"left": label.x, "center": label.x - width / 2, "right": label.x - width}[label.align]
    return left, label.y - label.size / 2, left + width, label.y + label.size / 2


def collisions(drawing: Drawing) -> list[tuple[str, str]]:
    boxes = [(label.text, box(label)) for label in drawing.labels]
    return [
        (a, b)
        for i, (a, p) in enumerate(boxes)
        for b, q in boxes[i + 1 :]
        if min(p[2], q[2]) - max(p[0], q[0]) > 1 and min(p[3], q[3]) - max(p[1], q[1]) > 1
    ]


def test_a_bridge_runs_from_base_to_current(shop: Bridge) -> None:
    bars = bars_of(shop).bars
    assert [bar.label for bar in bars] == ["October 2026", "Visits", "Conversion", "Basket", "November 2026"]


def test_each_bar_starts_where_the_last_one_ended(shop: Bridge) -> None:
    bars = bars_of(shop).bars
    ends = [bar.end for bar in bars]
    assert [bar.start for bar in bars[1:-1]] == ends[:-2]
    assert ends[-2] == pytest.approx(ends[-1])


def test_bars_print_impact_percentage_and_values(shop: Bridge) -> None:
    bar = bars_of(shop).bars[2]
    assert (bar.printed, bar.beneath, bar.from_to) == ("−€63.5k", ("−15.4\u202f%",), "3.40 → 2.89\u202f%")


def test_rates_are_never_shown_in_percent_of_percent() -> None:
    bars = bars_of(sum_bridge([0.2, 0.1], [0.25, 0.1], unit="%")).bars
    assert (bars[1].printed, bars[1].beneath) == ("+5.0\u00a0pts", ())


def test_beyond_the_limit_the_smallest_steps_are_one_bar() -> None:
    bars = bars_of(sum_bridge(range(1, 31), range(2, 62, 2)), max_bars=12).bars
    assert (len(bars), bars[-2].label, bars[-2].tone) == (14, "19 remaining", "rest")


def test_the_remaining_bar_holds_the_sum() -> None:
    bars = bars_of(sum_bridge(range(1, 31), range(2, 62, 2)), max_bars=12).bars
    assert bars[-2].end == pytest.approx(bars[-1].end)


@pytest.mark.parametrize(
    ("levels", "floor"),
    [
        ([412_600, 421_800, 360_000, 371_300], 300_000),
        ([100, 20], 0),
        ([5, -5], 0),
        ([0, 0], 0),
        ([-500, -450, -650, -470], -300),
        ([7, 7], 0),
    ],
)
def test_the_axis_leaves_zero_only_when_levels_lie_close_together(levels: list[float], floor: float) -> None:
    assert axis_floor(levels) == floor


def test_an_axis_that_does_not_start_at_zero_says_so(shop: Bridge) -> None:
    assert bars_of(shop).floor_note == "axis starts at €300k"


def test_performance_stands_before_mix(shop: Bridge) -> None:
    bars = detail_bars(print_detail(print_bridge(shop, "en"), "Conversion", "device"))
    assert [group.label for group in bars.groups] == [
        "Performance: each device’s own conversion",
        "Mix: shares of visits",
    ]


def test_a_volume_has_no_mix(shop: Bridge) -> None:
    bars = detail_bars(print_detail(print_bridge(shop, "en"), "Visits", "device"))
    assert (bars.groups, len(bars.bars)) == ((), 3)


def test_the_alternative_text_carries_the_numbers(shop: Bridge) -> None:
    printed = print_bridge(shop, "en")
    assert bridge_alt(printed, bridge_bars(printed)) == (
        "Bridge of revenue: October 2026 €412.6k, Visits +€9.6k (+2.3\u202f%), Conversion −€63.5k (−15.4\u202f%), "
        "Basket +€12.6k (+3.1\u202f%), November 2026 €371.3k."
    )


def test_the_detail_has_an_alternative_text_too(shop: Bridge) -> None:
    detail = print_detail(print_bridge(shop, "en"), "Conversion", "device")
    assert "mobile −€47.4k (−19.9\u202f%)" in detail_alt(detail, detail_bars(detail))


NAMES = st.text(st.characters(categories=["L", "N", "Zs", "P"]), min_size=1, max_size=60).map(lambda t: "n" + t.strip())
VALUES = st.floats(min_value=-1e7, max_value=1e7)


@given(st.lists(st.tuples(NAMES, VALUES, VALUES), min_size=1, max_size=30, unique_by=lambda part: part[0]))
@settings(max_examples=30, deadline=None)
def test_labels_never_collide(parts: list[tuple[str, float, float]]) -> None:
    names, base, current = zip(*parts, strict=True)
    waterfall = bars_of(sum_bridge(base, current, names=names), max_bars=30)
    for drawing in (columns(waterfall, 800), rows(waterfall, 800), rows(waterfall, 320)):
        assert drawing is None or collisions(drawing) == []


@given(st.lists(st.tuples(NAMES, VALUES, VALUES), min_size=1, max_size=12, unique_by=lambda part: part[0]))
@settings(max_examples=30, deadline=None)
def test_nothing_is_drawn_outside(parts: list[tuple[str, float, float]]) -> None:
    names, base, current = zip(*parts, strict=True)
    waterfall = bars_of(sum_bridge(base, current, names=names))
    drawing = columns(waterfall, 800) or rows(waterfall, 800)
    boxes = [box(label) for label in drawing.labels] + [(r.x, r.y, r.x2, r.y2) for r in drawing.rects]
    assert all(
        left >= -5 and top >= -5 and right <= 805 and bottom <= drawing.height + 5 for left, top, right, bottom in boxes
    )


def test_thirty_bars_lie_down() -> None:
    assert columns(bars_of(sum_bridge(range(30), range(1, 31)), max_bars=30), 800) is None


def test_five_bars_stand(shop: Bridge) -> None:
    assert columns(bars_of(shop), 800) is not None


def test_a_name_as_long_as_a_book_is_shortened_at_once() -> None:
    began = time.monotonic()
    assert shortened("x" * 1_000_000, 13, 100).endswith("x…")
    assert time.monotonic() - began < 5


def test_a_long_name_is_shortened_with_an_ellipsis() -> None:
    text = shortened("Revenue from returning customers", 13, 100)
    assert text.endswith("…")
    assert text_width(text, 13) <= 100


def test_a_selectable_chart_names_its_selection_and_field(shop: Bridge) -> None:
    spec = specification(waterfall(shop, selectable=True))
    assert [(param["name"], param["select"]["fields"]) for param in spec["params"]] == [("pick", ["step"])]


def test_a_detail_selects_by_segment(shop: Bridge) -> None:
    spec = specification(step_detail(shop, "Conversion", "device", selectable=True))
    assert spec["params"][0]["select"]["fields"] == ["segment"]


def test_a_chart_has_no_remote_address(shop: Bridge) -> None:
    spec = specification(waterfall(shop))
    spec.pop("$schema")
    assert "://" not in json.dumps(spec)


def test_a_chart_is_valid_vega_lite(shop: Bridge) -> None:
    assert waterfall(shop, selectable=True).to_dict()["layer"]


def test_the_dark_theme_has_its_own_colours(shop: Bridge) -> None:
    text = json.dumps(specification(draw(bars_of(shop), theme="dark")))
    assert DARK.total in text
    assert LIGHT.total not in text


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("palette", "card"), [(LIGHT, "#ffffff"), (DARK, "#18212f")])
def test_colours_stand_out_from_their_card(palette: Palette, card: str) -> None:
    texts = [palette.ink, palette.muted, palette.good_text, palette.bad_text]
    assert min(contrast(colour, card) for colour in texts) >= 4.5
    assert min(contrast(colour, card) for colour in (palette.total, palette.good, palette.bad)) >= 3


def test_good_and_bad_follow_the_direction_that_is_good() -> None:
    tones = [bar.tone for bar in bars_of(shop_bridge(good="down")).bars]
    assert tones == ["total", "bad", "good", "bad", "total"]


def noisy_bridge(swing: float) -> Bridge:
    """Visits 400 → 410 over ten days a side that swing up and down around their mean."""
    days = np.array([[swing], [-swing]] * 5)
    daily = (days + 40.0, days + 41.0)
    moments = Moments((10, 10), (), np.zeros((2, 0)), {}, metrics=("visits",), daily=daily)
    spec = EquationSpec(steps=(StepSpec(formula="visits"),))
    return bridge_of(spec, ("visits",), {"all": ((400.0,), (410.0,))}, moments=lambda: moments)


def test_a_change_within_usual_variation_is_marked_and_explained() -> None:
    bars = bars_of(noisy_bridge(30))
    assert bars.bars[1].printed == "≈\u00a0+10"
    assert "within usual day-to-day variation" in bars.bars[1].description
    assert [entry.label for entry in bars.legend] == ["≈ within usual day-to-day variation"]


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_the_legend_stands_under_the_bars(form: str) -> None:
    bars = bars_of(noisy_bridge(30))
    drawing = rows(bars, 320) if form == "rows" else columns(bars, 800)
    assert drawing is not None
    assert drawing.labels[-1].text == "≈ within usual day-to-day variation"
    assert max(rect.y2 for rect in drawing.rects) < drawing.labels[-1].y < drawing.height
    assert collisions(drawing) == []


def test_a_change_beyond_it_has_no_mark() -> None:
    bars = bars_of(noisy_bridge(0.5))
    assert (bars.bars[1].printed, bars.legend) == ("+10", ())
