"""A change against the noise of its days, by hand where a reader can follow."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.engine.bridge import build_bridge
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import Moments
from tests.engine.daily import ORDERS, VISITS, conversion, explained, sums_of


def codes(test):
    return [note.code.removeprefix("test_") for note in test.notes]


def test_seven_daily_clusters_are_judged_by_their_variance(equation):
    """E9: z 2.126 with 12 degrees of freedom, p 0.055."""
    test = conversion(equation, *ORDERS).tests[1]
    assert test.t == pytest.approx(2.126, abs=5e-4)
    assert (test.df, test.code) == (12, "beyond")
    assert test.p == pytest.approx(0.055, abs=5e-4)


def test_single_days_are_judged_by_their_counts(equation):
    """E9: 300 / 10,000 against 345 / 10,000: z 1.801, p 0.072."""
    test = conversion(equation, [300], [345]).tests[1]
    assert test.t == pytest.approx(1.801, abs=5e-4)
    assert test.p == pytest.approx(0.072, abs=5e-4)
    assert (test.df, test.code) == (None, "pooled_usual")
    assert codes(test) == ["counts_alone", "few_days"]


def test_a_volume_is_judged_by_the_variance_of_its_days(equation):
    """Means 11 and 14, variance 2.5 each: t = 15 / √(5 · 2.5 + 5 · 2.5) = 3, by 8 degrees of freedom."""
    base, current = [9, 10, 11, 12, 13], [12, 13, 14, 15, 16]
    test = explained(equation, ("visits",), {"visits": base}, {"visits": current}).tests[0]
    assert (test.t, test.df, test.code) == (pytest.approx(3), 8, "beyond")


def test_the_frame_has_a_row_a_step(equation):
    bridge = conversion(equation, *ORDERS)
    frame = bridge.significance()
    assert frame.columns == ["step", "t", "df", "p", "verdict"]
    assert frame["step"].to_list() == ["visits", "orders / visits"]
    assert frame.schema["t"] == pl.Float64
    assert frame["t"].to_list() == [test.t for test in bridge.tests]


def test_what_is_usual_is_said(equation):
    calm = conversion(equation, ORDERS[0], ORDERS[0][::-1]).tests[1]
    assert (calm.is_usual, calm.verdict) == (True, "within usual day-to-day variation")
    counted = conversion(equation, [300], [345]).tests[1]
    assert counted.verdict == "within usual variation, judged by counts alone"
    assert conversion(equation, *ORDERS).tests[1].is_usual is False


def test_days_that_do_not_vary_are_not_testable(equation):
    visits = conversion(equation, *ORDERS).tests[0]
    assert (visits.t, visits.df, visits.p, visits.is_usual) == (None, None, None, None)
    assert visits.verdict == "not testable: Every day is the same on both sides: nothing moved."


def test_amounts_too_large_to_square_are_not_judged(equation):
    days = tuple({"visits": VISITS, "orders": [x * 1e200 for x in side]} for side in ORDERS)
    with np.errstate(over="ignore"):
        tests = explained(equation, ("visits", "orders / visits"), *days).tests
    assert tests[1].is_usual is None


def test_a_jump_between_steady_days_is_not_judged(equation):
    test = explained(equation, ("visits",), {"visits": [10] * 7}, {"visits": [11] * 7}).tests[0]
    assert codes(test) == ["steady_days"]


def test_a_constant_rate_has_no_variance(equation):
    """Orders are a tenth of visits every day: rounding is no noise."""
    visits = [1001.3, 917.7, 1105.1, 988.9, 1003.3, 870.7, 1210.1]
    side = {"visits": visits, "orders": [v / 10 for v in visits]}
    test = explained(equation, ("visits", "orders / visits"), side, side).tests[1]
    assert codes(test) == ["constant"]


def test_a_volume_of_one_day_is_not_testable(equation):
    test = explained(equation, ("visits",), {"visits": [100]}, {"visits": [140]}).tests[0]
    assert test.verdict.startswith("not testable: Days with data: 1 in base, 1 in current.")


def test_an_amount_over_a_count_of_one_day_is_not_testable(equation):
    base, current = {"orders": [10], "revenue": [812.5]}, {"orders": [12], "revenue": [901.25]}
    test = explained(equation, ("orders", "revenue / orders"), base, current).tests[1]
    assert codes(test) == ["few_days"]


def test_a_metric_without_values_is_not_testable(equation):
    days = {"visits": VISITS, "orders": [0] * 7}
    test = explained(equation, ("visits", "orders / visits"), days, days, filled=[[9, 0], [9, 9]]).tests[1]
    assert test.verdict == "not testable: orders is empty in every row of base."


def test_distinct_counts_are_not_testable_by_days(equation):
    test = explained(
        equation, ("visits",), {"visits": [9, 8, 7, 6, 5]}, {"visits": VISITS[:5]}, distinct=["visits"]
    ).tests[0]
    assert codes(test) == ["distinct"]


def test_the_number_of_days_is_not_chance(equation):
    bridge = conversion(equation, *ORDERS, per_day=True)
    assert [test.step for test in bridge.tests] == ["days", "visits", "orders / visits"]
    assert codes(bridge.tests[0]) == ["calendar"]
    assert bridge.tests[2].t == pytest.approx(2.126, abs=5e-4)


def test_an_undefined_step_is_merged_and_says_so(equation):
    base = {"visits": [5, 6, 7, 8, 9], "orders": [0] * 5, "revenue": [0] * 5}
    current = {"visits": [5, 7, 7, 8, 9], "orders": [1, 2, 1, 2, 1], "revenue": [10, 21, 11, 22, 10]}
    bridge = explained(equation, ("visits", "orders / visits", "revenue / orders"), base, current)
    assert [test.step for test in bridge.tests] == ["visits", "visits to revenue"]
    assert bridge.tests[1].code == "beyond"


def test_a_kpi_that_divides_by_nothing_is_not_testable(equation):
    base, current = {"visits": [0] * 7, "orders": [1] * 7}, {"visits": VISITS, "orders": [1] * 7}
    assert codes(explained(equation, ("orders / visits",), base, current).tests[0]) == ["undefined"]


def test_the_kpi_itself_is_tested(equation):
    """Conversion times visits is orders, so the KPI's test is that of the orders."""
    bridge = conversion(equation, *ORDERS)
    orders = explained(equation, ("orders",), {"orders": ORDERS[0]}, {"orders": ORDERS[1]}).tests[0]
    assert (bridge.total_test.t, bridge.total_test.p) == pytest.approx((orders.t, orders.p))


def test_a_formula_of_metrics_is_tested_as_a_whole(equation):
    """Margin days 3, 4, 5, 4, 4 against 5, 6, 7, 6, 6: variance 0.5 each, t = 10 / √5."""
    base = {"revenue": [13, 15, 15, 16, 12], "cost": [10, 11, 10, 12, 8]}
    current = {"revenue": [15, 17, 17, 18, 14], "cost": [10, 11, 10, 12, 8]}
    bridge = explained(equation, ("revenue", "cost"), base, current, formula="[1] - [2]")
    assert bridge.total_test.t == pytest.approx(10 / 5**0.5)


def test_weekdays_that_differ_are_named(equation):
    months = Comparison(
        "day", DateSide(date(2026, 4, 1), date(2026, 4, 30)), DateSide(date(2026, 3, 1), date(2026, 3, 29))
    )
    (note,) = conversion(equation, *ORDERS, comparison=months).tests[1].notes
    assert note.code == "test_weekdays"
    assert note.values["weekdays"] == ((2, 5, 4), (3, 5, 4), (6, 4, 5))
    assert "Wednesday 5 against 4, Thursday 5 against 4, Sunday 4 against 5" in note.text


def test_full_weeks_have_the_same_weekdays(equation):
    assert conversion(equation, *ORDERS).tests[1].notes == ()


@pytest.mark.parametrize(
    "sides",
    [
        (DateSide(date(2026, 3, 2), date(2026, 3, 15)), DateSide(date(2026, 3, 9), date(2026, 3, 15))),
        (GroupSide(("FR", "DE")), GroupSide(("DE",))),
    ],
)
def test_shared_rows_are_said(equation, sides):
    assert "overlap" in codes(conversion(equation, *ORDERS, comparison=Comparison("by", *sides)).tests[1])


def test_days_that_resemble_their_neighbours_are_said(equation):
    trend = [100 + 10 * day for day in range(7)]
    test = explained(equation, ("visits",), {"visits": trend}, {"visits": trend[::-1]}).tests[0]
    (note,) = test.notes
    assert note.code == "test_days_resemble"
    assert "p is optimistic" in note.text


def test_groups_with_days_are_judged_by_days(equation):
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("DE",)))
    assert conversion(equation, *ORDERS, comparison=groups).tests[1].df == 12


def test_groups_without_days_are_judged_by_counts(equation):
    """Visits 70,000 and 70,000; orders as Poisson: 220 / √(2,140 + 2,360) = 3.28."""
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("DE",)))
    options = {"comparison": groups, "with_moments": False}
    visits, rate = conversion(equation, *ORDERS, **options).tests
    assert (visits.t, visits.code) == (0, "pooled_usual")
    assert rate.code == "pooled_beyond"
    orders = explained(equation, ("orders",), {"orders": ORDERS[0]}, {"orders": ORDERS[1]}, **options).tests[0]
    assert orders.t == pytest.approx(220 / 4500**0.5)
    assert codes(orders) == ["counts_alone", "without_days"]


def test_amounts_without_days_are_not_testable(equation):
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("DE",)))
    found = explained(
        equation, ("revenue",), {"revenue": [9.5]}, {"revenue": [8.25]}, comparison=groups, with_moments=False
    )
    assert codes(found.tests[0]) == ["without_days"]


def test_actuals_and_plans_are_paired_by_day(equation):
    """Differences 1, 2, 3, 2, 2 have mean 2 and variance 0.5: t = 10 / √(5 · 0.5) by 4 degrees of freedom."""
    actual, plan = [11.0, 22, 33, 12, 52], [10.0, 20, 30, 10, 50]
    days = DateSide(date(2026, 3, 2), date(2026, 3, 6))
    sums, moments = sums_of({"sales": plan}, {"sales": actual})
    both = np.column_stack([actual, plan])
    paired = Moments((5, 5), moments.pairs, moments.totals, {}, {}, ("sales", "plan"), (both, both))
    comparison = Comparison("day", days, days, (("sales", "plan"),))
    test = build_bridge(equation("sales"), sums, comparison=comparison, moments=lambda: paired).tests[0]
    assert (test.t, test.df) == (pytest.approx(10 / 2.5**0.5), 4)


@st.composite
def days_of(draw):
    count = draw(st.integers(1, 12))
    some = st.lists(st.integers(0, 1000).map(float), min_size=count, max_size=count)
    return {"visits": draw(some), "orders": draw(some), "revenue": draw(some)}


SOME = settings(max_examples=80, deadline=None)
CHAIN = ("visits", "orders / visits", "revenue / orders")


def by_step(equation, base, current):
    bridge = explained(equation, CHAIN, base, current)
    return {test.step: test for test in (*bridge.tests, bridge.total_test)}


@SOME
@given(base=days_of(), current=days_of())
def test_swapping_the_sides_flips_t(equation, base, current):
    forth, back = by_step(equation, base, current), by_step(equation, current, base)
    assert forth.keys() == back.keys()
    for step, test in forth.items():
        assert test.code == back[step].code
        assert test.p == pytest.approx(back[step].p) if test.p is not None else back[step].p is None
        assert test.t == pytest.approx(-back[step].t) if test.t is not None else back[step].t is None


@SOME
@given(base=days_of(), current=days_of(), factor=st.sampled_from([0.001, 0.5, 100.0, 1e6]))
def test_the_unit_of_a_metric_does_not_matter(equation, base, current, factor):
    assume(min(len(base["visits"]), len(current["visits"])) >= 5)
    scaled = [{**side, "revenue": [amount * factor for amount in side["revenue"]]} for side in (base, current)]
    for step, test in by_step(equation, base, current).items():
        other = by_step(equation, *scaled)[step]
        assert test.t == pytest.approx(other.t, rel=1e-6) if test.t is not None else other.t is None


@SOME
@given(base=days_of(), current=days_of())
def test_every_figure_is_finite_or_empty(equation, base, current):
    bridge = explained(equation, CHAIN, base, current)
    frames = [bridge.significance()]
    for leaf in bridge.plan.leaves:
        if bridge.steps.filter(step=leaf.name)["contribution"][0] is not None:
            frames += [bridge.segment_tests(leaf.name, "device"), bridge.ranking_parts(leaf.name)]
    for frame in frames:
        for column in frame.select(pl.col(pl.Float64)):
            assert column.is_finite().all() or column.null_count()
            assert column.drop_nulls().is_finite().all()
    assert [test.verdict for test in bridge.tests if test.t is None] == [
        f"not testable: {test.notes[0].text}" for test in bridge.tests if test.t is None
    ]
