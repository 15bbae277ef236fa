"""Actual against plan: things lie above or below, nothing rises or falls."""

from __future__ import annotations

import pytest

from core.engine.bridge import Bridge
from core.model.comparison import Comparison, GroupSide
from core.model.document import plain
from core.report.alert import alert
from core.report.bars import bridge_bars
from core.report.comment import comment, headline
from core.report.comment_detail import detail_for, detail_title
from core.report.printed import print_bridge
from core.report.sections import waterfall_section
from tests.report.conftest import NOVEMBER, shop_bridge, sum_bridge

PAIRS = tuple((name, f"{name}_plan") for name in ("visits", "orders", "revenue"))
PLANNED = Comparison("day", NOVEMBER, NOVEMBER, PAIRS)


@pytest.fixture
def planned() -> Bridge:
    """412.6k planned, 371.3k in fact."""
    return shop_bridge(PLANNED)


def test_the_totals_are_plan_and_actual(planned: Bridge) -> None:
    totals = [bar for bar in bridge_bars(print_bridge(planned, "en")).bars if bar.is_total]
    assert [(bar.label, bar.from_to) for bar in totals] == [("Plan", "November 2026"), ("Actual", "November 2026")]


def test_the_subtitle_names_the_period_once(planned: Bridge) -> None:
    section = waterfall_section(print_bridge(planned, "en"), "low")
    assert section.subtitle == "Actual against plan, November 2026 · method: Shapley"


def test_groups_are_named_as_the_rows_compared() -> None:
    group = GroupSide(("FR",))
    section = waterfall_section(print_bridge(shop_bridge(Comparison("country", group, group, PAIRS)), "en"), "low")
    assert section.subtitle.startswith("Actual against plan, FR")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "Revenue is €41.3k (−10.0\u202f%) below plan, driven by conversion"),
        ("fr", "Revenue : 41,3\u00a0k€ (−10,0\u202f%) en dessous du prévu"),
        ("de", "Revenue liegt 41,3\u00a0Tsd.\u00a0€ (−10,0\u202f%) unter Plan"),
        ("nb", "Revenue er 41,3k\u00a0€ (−10,0\u202f%) under plan"),
    ],
)
def test_the_headline_says_below_plan(planned: Bridge, locale: str, said: str) -> None:
    assert plain(headline(planned, locale)).startswith(said)


@pytest.mark.parametrize(
    ("plan", "actual", "said"),
    [
        (400.0, 500.0, "Cost is €100 (+25.0\u202f%) above plan"),
        (400.0, 400.0, "Cost is on plan (€400)"),
        (0.0, 500.0, "Cost is €500, and nothing was planned"),
    ],
)
def test_above_on_and_without_a_plan(plan: float, actual: float, said: str) -> None:
    assert plain(headline(sum_bridge([plan], [actual], comparison=PLANNED), "en")) == said


def test_the_comment_holds_actuals_against_their_plans(planned: Bridge) -> None:
    lines = [plain(line) for line in comment(planned, "en")]
    assert lines[0] == "Revenue is €371.3k against a plan of €412.6k: −€41.3k (−10.0\u202f%)."
    assert lines[1].startswith("Conversion is 2.89\u202f% against a plan of 3.40\u202f%, contributing −€63.5k.")
    assert "rose" not in "".join(lines)
    assert "fell" not in "".join(lines)


def test_segments_are_held_against_their_plans(planned: Bridge) -> None:
    assert "mobile, 2.40\u202f% against a plan of 3.00\u202f%" in plain(comment(planned, "en")[1])


def test_a_detail_tells_no_movement(planned: Bridge) -> None:
    detail = detail_for(print_bridge(planned, "en"), "Conversion")
    assert detail is not None
    assert plain(detail_title(detail)) == "Conversion by device"


def test_the_alert_says_on_which_side_of_the_plan(planned: Bridge) -> None:
    text, has_crossed = alert(planned, "en")
    assert plain(text).startswith("Revenue is 10.0\u202f% below plan and crossed its threshold of 5\u202f%.")
    assert "Conversion is 15.0\u202f% below plan (threshold 10\u202f%)." in plain(text)
    assert has_crossed
