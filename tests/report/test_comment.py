"""Headline, comment, alert."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine.bridge import Bridge
from core.model.analysis import EquationSpec, StepSpec
from core.model.comparison import Comparison, GroupSide
from core.model.document import Text, plain
from core.report.alert import alert
from core.report.bars import bridge_bars
from core.report.comment import Depth, comment, headline
from core.report.printed import print_bridge
from core.report.sections import step_section
from tests.report.conftest import COUNTRIES, SIMPSON, bridge_of, rate_bridge, shop_bridge, sum_bridge, swinging_bridge

SNAPSHOTS = Path(__file__).resolve().parent.parent / "snapshots"


def said(bridge: Bridge, locale: str = "en") -> str:
    return plain(headline(bridge, locale))


def test_the_headline_says_what_happened_by_how_much_and_why(shop: Bridge) -> None:
    assert said(shop) == "Revenue fell by €41.3k (−10.0\u202f%), driven by conversion"


def test_what_may_be_chance_drives_nothing() -> None:
    assert said(swinging_bridge(0.5)).endswith("driven by visits")
    assert said(swinging_bridge(30)) == "Orders rose by 5 (+2.5\u202f%)"


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "within usual week-to-week variation"),
        ("de", "innerhalb der üblichen Schwankung von Woche zu Woche"),
        ("fr", "dans les variations habituelles d’une semaine à l’autre"),
        ("nb", "innenfor vanlig variasjon fra uke til uke"),
    ],
)
def test_weekly_data_varies_from_week_to_week(locale: str, words: str) -> None:
    bridge = swinging_bridge(30, dates=5)
    assert words in plain(comment(bridge, locale)[1])
    assert bridge_bars(print_bridge(bridge, locale)).legend[0].label == f"≈ {words}"
    assert "day" not in bridge.tests[0].verdict


def test_a_bad_amount_has_a_bad_tone(shop: Bridge) -> None:
    assert Text("€41.3k (−10.0\u202f%)", "bad") in headline(shop, "en")


def test_a_fall_of_a_cost_is_good() -> None:
    assert headline(shop_bridge(good="down"), "en")[1].tone == "good"


def test_nothing_changed() -> None:
    assert said(sum_bridge([5, 5], [5, 5])) == "Cost did not change (€10)"


def test_changes_that_cancel_are_named() -> None:
    assert said(sum_bridge([5, 5], [8, 2])) == "Cost did not change (€10): part 1 +€3 and part 2 −€3 cancel out"


def test_a_launch_started() -> None:
    assert said(sum_bridge([0, 0], [200, 400])) == "Cost started at €600"


def test_a_rate_falls_by_points() -> None:
    bridge = rate_bridge({"one": ((10_000, 380), (10_000, 320))})
    assert said(bridge).startswith("Conversion fell by 0.6\u00a0points")


def test_a_rate_can_fall_although_every_segment_rose() -> None:
    assert (
        said(rate_bridge(SIMPSON)) == "Conversion fell by 0.6\u00a0points although every device rose: the mix changed"
    )


def test_groups_are_higher_or_lower() -> None:
    assert said(shop_bridge(COUNTRIES)).startswith(
        "Revenue is €41.3k (−10.0\u202f%) lower for DE, (not set) than for FR"
    )


def test_an_undefined_kpi_says_so() -> None:
    spec = EquationSpec(steps=(StepSpec(formula="orders / visits"),), total="conversion", unit="%")
    bridge = bridge_of(spec, ("visits", "orders"), {"all": ((0, 5), (10, 5))})
    assert said(bridge) == "Conversion cannot be computed: it is divided by 0"


def test_german_nouns_keep_their_capital(shop: Bridge) -> None:
    assert said(shop, "de").endswith("vor allem durch Conversion")


def test_a_deeper_comment_says_more(shop: Bridge) -> None:
    words = [
        sum(len(plain(line).split()) for line in comment(shop, "en", depth)) for depth in ("low", "medium", "high")
    ]
    assert words[0] < words[1] < words[2]


@pytest.mark.parametrize("locale", ["en", "fr", "de", "nb"])
def test_comments_read_as_in_their_snapshot(shop: Bridge, locale: str) -> None:
    depths: tuple[Depth, ...] = ("low", "medium", "high")
    parts = [said(shop, locale), plain(alert(shop, locale)[0])]
    for depth in depths:
        parts += [f"-- {depth}", *(plain(line) for line in comment(shop, locale, depth))]
    expected = (SNAPSHOTS / f"comment_{locale}.txt").read_text(encoding="utf-8")
    assert "\n".join(parts) + "\n" == expected


def test_an_alert_names_what_crossed(shop: Bridge) -> None:
    line, has_crossed = alert(shop, "en")
    assert has_crossed
    first = "Revenue fell 10.0\u202f% and crossed its threshold of 5\u202f%."
    assert plain(line).startswith(f"{first} Conversion fell 15.0\u202f% (threshold 10\u202f%).")


def test_an_alert_within_the_threshold_says_so() -> None:
    equation = EquationSpec(steps=(StepSpec(formula="m"),), total="cost", total_threshold_pct=20)
    line, has_crossed = alert(bridge_of(equation, ("m",), {"all": ((100,), (90,))}), "en")
    assert (plain(line), has_crossed) == ("Cost fell by 10 (−10.0\u202f%), within the threshold of 20\u202f%.", False)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (10, "Conversion fell 0.6\u00a0points (15.8\u202f%) and crossed its threshold of 10\u202f%."),
        (20, "Conversion fell by 0.6\u00a0points (−15.8\u202f%), within the threshold of 20\u202f%."),
    ],
)
def test_an_alert_on_a_rate_says_the_percentage_that_its_threshold_is_held_against(limit: float, said: str) -> None:
    line, _ = alert(rate_bridge({"one": ((10_000, 380), (10_000, 320))}, limit=limit), "en")
    assert plain(line).startswith(said)


def test_an_alert_without_thresholds_says_so() -> None:
    line, has_crossed = alert(sum_bridge([100], [90]), "en")
    assert (plain(line), has_crossed) == ("Cost fell by €10 (−10.0\u202f%). No threshold is set.", False)


def test_a_launch_crosses_every_threshold() -> None:
    assert alert(sum_bridge([0], [90], total_threshold_pct=50), "en")[1]


def test_a_step_alone_can_cross() -> None:
    line, has_crossed = alert(shop_bridge(limit=None), "en")
    assert has_crossed
    assert "Conversion fell 15.0\u202f% (threshold 10\u202f%)." in plain(line)


@pytest.mark.parametrize(
    ("depth", "last"),
    [
        ("low", "Cancelled out by part 2 −€3."),
        ("medium", "Cancelled out: part 2 fell from €5.00 to €2.00 (−€3)."),
        ("high", "Cancelled out: part 2 fell from €5.00 to €2.00 (−€3)."),
    ],
)
def test_steps_that_cancel_are_not_told_as_one_direction(depth: Depth, last: str) -> None:
    assert plain(comment(sum_bridge([5, 5], [8, 2]), "en", depth)[-1]) == last


REVENUE = EquationSpec(steps=(StepSpec(formula="revenue"),), unit="€")
CITIES = {"Paris": ((400,), (0,)), "Berlin": ((0,), (300,))}


def test_groups_that_share_no_segment_have_nothing_new_or_gone() -> None:
    bridge = bridge_of(REVENUE, ("revenue",), CITIES, dimension="city", comparison=COUNTRIES)
    said = plain(comment(bridge, "en")[0])
    assert "By city: Paris on one side only, FR (−€400); Berlin on one side only, DE, (not set) (+€300)." in said
    table = step_section(print_bridge(bridge, "en"), "revenue", "x").table
    assert table is not None
    assert [row[0].text for row in table.rows[:2]] == ["Paris (only FR)", "Berlin (only DE, (not set))"]


def test_a_side_of_many_groups_is_called_base_or_current() -> None:
    many = Comparison("country", GroupSide(tuple("ABCDEFGHIJ")), GroupSide(("Z",)))
    bridge = bridge_of(REVENUE, ("revenue",), CITIES, dimension="city", comparison=many)
    assert "Paris on one side only, base (−€400)" in plain(comment(bridge, "en")[0])


def test_segments_that_replace_one_another_are_both_named() -> None:
    new = {f"new {n}": ((0,), (500 + n,)) for n in range(3)}
    gone = {f"old {n}": ((400 + n,), (0,)) for n in range(3)}
    said = plain(comment(bridge_of(REVENUE, ("revenue",), new | gone), "en")[0])
    assert said.endswith("By device: new 2 is new (+€502); old 2 is gone (−€402).")
