"""Two comparisons in one drawing, and what is said about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.engine.bridge import Bridge
from core.model.analysis import EquationSpec, Show
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.document import plain
from core.report.chart import draw, specification
from core.report.layout_columns import columns
from core.report.layout_rows import rows
from core.report.pair import PrintedPair, pair_alt, pair_bars, print_pair
from core.report.pair_comment import pair_comment
from core.report.printed import print_bridge
from core.report.sections import waterfall_section
from tests.report.conftest import (
    MONTHS,
    NOVEMBER,
    OCTOBER,
    SHOP_STEPS,
    bridge_of,
    shop_bridge,
    sum_bridge,
    swinging_bridge,
)
from tests.report.test_chart import collisions, noisy_bridge

SEPTEMBER = DateSide(date(2026, 9, 1), date(2026, 9, 30))
BEFORE = Comparison("day", SEPTEMBER, OCTOBER)
A_YEAR_AGO = Comparison("day", DateSide(date(2025, 11, 1), date(2025, 11, 30)), NOVEMBER)
SHOWS: tuple[Show, ...] = ("merged", "behind", "beside", "below")
OCTOBERS = (1_210_000.0, 41_170.0, 412_600.0)


def shop_before(comparison: Comparison = BEFORE) -> Bridge:
    """Revenue of September and October: 400.0k → 412.6k."""
    equation = EquationSpec(steps=SHOP_STEPS, unit="€")
    sides = {"all": ((1_150_000.0, 40_000.0, 400_000.0), OCTOBERS)}
    return bridge_of(equation, ("visits", "orders", "revenue"), sides, comparison=comparison)


def pair_of(first: Bridge, second: Bridge, show: Show = "merged", locale: str = "en") -> PrintedPair:
    return print_pair(print_bridge(first, locale), print_bridge(second, locale), show)


def shop_pair(show: Show = "merged", locale: str = "en") -> PrintedPair:
    return pair_of(shop_bridge(), shop_before(), show, locale)


def sums(first: tuple[float, float], second: tuple[float, float], comparison: Comparison = BEFORE) -> PrintedPair:
    """A KPI of one part with two comparisons."""
    bridges = (
        sum_bridge([a], [b], total="sales", comparison=c) for (a, b), c in ((first, MONTHS), (second, comparison))
    )
    return pair_of(*bridges)


def said(pair: PrintedPair) -> str:
    return plain(pair_comment(pair)[0])


def test_merged_is_one_waterfall_over_three_totals() -> None:
    bars = pair_bars(shop_pair()).bars
    steps = ["Visits", "Conversion", "Basket"]
    assert [bar.label for bar in bars] == ["September 2026", *steps, "October 2026", *steps, "November 2026"]
    assert [bar.start for bar in bars if not bar.is_total] == pytest.approx(
        [bar.end for bar in bars[:-1] if bar.label != "Basket"]
    )


def test_a_second_comparison_that_begins_where_the_first_ends_follows_it() -> None:
    december = DateSide(date(2026, 12, 1), date(2026, 12, 31))
    later = shop_before(Comparison("day", NOVEMBER, december))
    assert [bar.label for bar in pair_bars(pair_of(shop_bridge(), later)).bars if bar.is_total] == [
        "October 2026",
        "November 2026",
        "December 2026",
    ]


def test_only_steps_of_the_first_comparison_can_be_picked() -> None:
    for show in SHOWS:
        bars = pair_bars(shop_pair(show))
        every = [bar.key for part in bars.parts for bar in part.all_bars if bar.key]
        assert every == ["Visits", "Conversion", "Basket"]


def test_the_second_one_is_printed_with_the_places_of_the_first() -> None:
    pair = pair_of(shop_bridge(), sum_bridge([5_000_000.0], [5_000_400.0], comparison=BEFORE))
    assert pair.second.base_text == "€5,000.0k"


@pytest.mark.parametrize("show", ["behind", "beside"])
def test_both_bars_of_a_step_start_at_one_level(show: Show) -> None:
    bars = pair_bars(shop_pair(show))
    steps = [(bar, peer) for bar, peer in zip(bars.bars, bars.peers, strict=True) if peer and not bar.is_total]
    assert [peer.start for _, peer in steps] == [bar.start for bar, _ in steps]
    assert [peer.end - peer.start for _, peer in steps] == pytest.approx(
        [step.contribution for step in print_bridge(shop_before(), "en").steps]
    )


def test_the_legend_says_which_bars_are_which() -> None:
    assert [(entry.label, entry.swatch) for entry in pair_bars(shop_pair("behind")).legend] == [
        ("November 2026 against October 2026", "full"),
        ("October 2026 against September 2026 (in brackets)", "light"),
        ("both bars of a step start at one level", "none"),
    ]


def test_beside_the_earlier_one_stands_on_the_left() -> None:
    assert pair_bars(shop_pair("beside")).peers_stand == "left"
    assert pair_bars(pair_of(shop_before(), shop_bridge(), "beside")).peers_stand == "right"


def test_small_steps_are_put_together_on_both_sides() -> None:
    first, second = sum_bridge(range(30), range(1, 31)), sum_bridge(range(30), range(2, 32), comparison=BEFORE)
    bars = pair_bars(pair_of(first, second, "behind"))
    assert bars.peers[-2] is not None
    assert (bars.bars[-2].label, bars.peers[-2].printed) == ("19 remaining", "+€38")


def test_steps_that_differ_stand_below() -> None:
    other = sum_bridge([1.0], [2.0], comparison=BEFORE)
    assert pair_bars(pair_of(shop_bridge(), other, "behind")).below is not None


def test_below_has_the_scale_of_the_first() -> None:
    drawing = columns(pair_bars(shop_pair("below")), 800)
    assert drawing is not None
    octobers = [rect for rect in drawing.rects if rect.bar.label == "October 2026"]
    assert octobers[0].y2 - octobers[0].y == pytest.approx(octobers[1].y2 - octobers[1].y)


@pytest.mark.parametrize("show", SHOWS)
def test_labels_keep_apart(show: Show) -> None:
    bars = pair_bars(shop_pair(show))
    drawings = [columns(bars, 800), rows(bars, 800), rows(bars, 320)]
    assert [collisions(drawing) for drawing in drawings if drawing] == [[], [], []]


@pytest.mark.parametrize("show", SHOWS)
def test_the_chart_is_valid_vega_lite(show: Show) -> None:
    assert draw(pair_bars(shop_pair(show)), selectable=True).to_dict()["layer"]


def test_light_bars_are_read_but_not_picked() -> None:
    spec = specification(draw(pair_bars(shop_pair("behind")), selectable=True))
    light = next(layer for layer in spec["layer"] if layer["mark"].get("fillOpacity"))
    rows = spec["datasets"][light["data"]["name"]]
    assert "Conversion: −€9.0k (October 2026 against September 2026)" in [row["description"] for row in rows]
    assert light.get("name") not in spec["params"][0]["views"]


def test_the_alternative_text_carries_the_numbers_of_both() -> None:
    alt = pair_alt(shop_pair())
    assert "October 2026 €412.6k, Visits +€9.6k" in alt
    assert "September 2026 €400.0k" in alt


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ((400, 300), (440, 400), "Sales fell again: −€100 after −€40 the month before."),
        ((400, 390), (440, 400), "Sales fell more slowly: −€10 after −€40 the month before."),
        ((400, 500), (360, 400), "Sales rose again: +€100 after +€40 the month before."),
        ((400, 410), (360, 400), "Sales rose more slowly: +€10 after +€40 the month before."),
        ((400, 500), (440, 400), "Sales recovered: +€100 after −€40 the month before."),
        ((400, 300), (360, 400), "Sales turned: −€100 after +€40 the month before."),
        ((400, 400), (360, 400), "Sales moved no further: €0 after +€40 the month before."),
        ((400, 500), (400, 400), "Sales moved only now: +€100 after €0 the month before."),
    ],
)
def test_the_comment_says_the_trend(first: tuple[float, float], second: tuple[float, float], sentence: str) -> None:
    assert said(sums(first, second)) == sentence


def test_costs_that_rise_after_they_fell_do_not_recover() -> None:
    first = sum_bridge([400.0], [500.0], good="down")
    pair = pair_of(first, sum_bridge([440.0], [400.0], good="down", comparison=BEFORE))
    assert said(pair) == "Cost turned: +€100 after −€40 the month before."


def test_the_largest_movements_are_named_first() -> None:
    lines = [plain(line) for line in pair_comment(shop_pair())]
    assert lines[1] == "Conversion fell again: −€63.5k after −€9.0k."
    assert len(lines) == 4


@pytest.mark.parametrize(("depth", "count"), [("low", 1), ("medium", 4), ("high", 4)])
def test_depth_says_how_many_steps(depth, count) -> None:
    assert len(pair_comment(shop_pair(), depth)) == count


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("fr", "Revenue\u00a0: la tendance s’inverse, −41,3\u00a0k€ après +12,6\u00a0k€ le mois précédent."),
        ("de", "Revenue: Wende, −41,3\u00a0Tsd.\u00a0€ nach +12,6\u00a0Tsd.\u00a0€ im Vormonat."),
        ("nb", "Revenue snudde: −41,3k\u00a0€ etter +12,6k\u00a0€ måneden før."),
    ],
)
def test_every_language_says_the_trend(locale: str, sentence: str) -> None:
    assert said(shop_pair(locale=locale)) == sentence


def test_where_neither_follows_the_other_both_are_said() -> None:
    pair = pair_of(shop_bridge(), shop_before(A_YEAR_AGO), "below")
    lines = [plain(line) for line in pair_comment(pair)]
    assert lines[0] == (
        "Revenue: −€41.3k (November 2026 against October 2026), +€12.6k (November 2026 against November 2025)."
    )
    assert lines[1] == "Conversion: −€63.5k in the first comparison, −€9.0k in the second."


@pytest.mark.parametrize(("swing", "lines"), [(0.5, " rose again: "), (30, ": ")])
def test_steps_within_usual_variation_have_no_trend(swing: float, lines: str) -> None:
    pair = pair_of(swinging_bridge(swing), swinging_bridge(swing, BEFORE))
    assert plain(pair_comment(pair)[1]) == f"Visits{lines}+5 after +5."


def test_a_kpi_of_one_usual_step_has_no_trend() -> None:
    pair = pair_of(noisy_bridge(30), replace(noisy_bridge(30), comparison=BEFORE))
    assert said(pair) == "Visits: +10 after +10 the month before."


def test_groups_have_no_trend() -> None:
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("DE",)))
    others = Comparison("country", GroupSide(("NO",)), GroupSide(("FR",)))
    pair = pair_of(shop_bridge(groups), shop_before(others))
    assert said(pair) == "Revenue: −€41.3k (DE against FR), +€12.6k (FR against NO)."


def test_plans_of_two_months_are_told_without_rise_and_fall() -> None:
    pairs = (("m0", "plan"),)
    months = [Comparison("day", month, month, pairs) for month in (NOVEMBER, OCTOBER)]
    first, second = (sum_bridge([400.0], [b], comparison=c) for b, c in zip((300.0, 360.0), months, strict=True))
    pair = pair_of(first, second, "below")
    assert said(pair) == "Cost: −€100 after −€40 the month before."
    assert pair_bars(pair).groups[0].label == "Actual against plan, November 2026"


def test_a_plan_and_a_period_are_told_apart() -> None:
    planned = sum_bridge([400.0], [360.0], comparison=Comparison("day", NOVEMBER, NOVEMBER, (("m0", "plan"),)))
    pair = pair_of(sum_bridge([400.0], [360.0], comparison=BEFORE), planned, "below")
    assert said(pair) == (
        "Cost: −€40 (October 2026 against September 2026), −€40 (actual against plan, November 2026)."
    )


def test_an_earlier_comparison_elsewhere_is_named() -> None:
    spring = Comparison(
        "day", DateSide(date(2026, 3, 1), date(2026, 3, 31)), DateSide(date(2026, 4, 1), date(2026, 4, 30))
    )
    assert said(sums((400, 300), (440, 400), spring)) == (
        "Sales fell again: −€100 after −€40 (April 2026 against March 2026)."
    )


def test_the_section_holds_both() -> None:
    pair = shop_pair("behind")
    section = waterfall_section(pair.first, "medium", None, pair)
    assert section.subtitle.endswith("with October 2026 against September 2026")
    assert plain(section.comment[-4]).startswith("Revenue turned: −€41.3k after +€12.6k")
    assert section.table is not None
    assert section.table.columns[-1] == "October 2026 against September 2026"
    assert [row[-1].text for row in section.table.rows] == ["+€20.7k", "−€9.0k", "+€0.9k", "+€12.6k"]
    assert section.notes[-1].startswith("October 2026 against September 2026: ")


def test_the_column_of_the_second_can_be_sorted() -> None:
    pair = shop_pair("behind")
    table = waterfall_section(pair.first, "medium", None, pair).table
    assert table is not None
    steps = pair.second.bridge.steps["contribution"].to_list()
    assert [row[-1] for row in table.values] == [*steps, None]
