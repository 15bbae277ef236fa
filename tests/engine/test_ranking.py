"""Dimensions that explain come first, dimensions of noise last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.bridge import build_bridge
from core.engine.equation import parse
from core.model.analysis import EquationSpec, StepSpec
from core.model.sums import Moments, SegmentSums, Sums
from tests.engine.planted import SIZES, drawn, explained

RATE = "orders / visits"
PUBLISHED = {"d1": (0.195, 0.998), "d2": (0.135, 0.976)}
"""Interest and signal of the two dimensions of the planted cause (docs/formulas.md, F3.6)."""


@pytest.fixture(scope="module")
def draws(equation):
    """The same cause in the noise of eight pairs of months."""
    return [explained(equation, *drawn(seed=seed)) for seed in range(8)]


@pytest.fixture(scope="module")
def ranked(draws):
    return draws[0]


def by_dimension(bridge, step=RATE):
    return {row["dimension"]: row for row in bridge.ranking_parts(step).to_dicts()}


@pytest.mark.parametrize("dimension", PUBLISHED)
def test_the_published_figures_come_out(draws, dimension):
    found = [by_dimension(bridge)[dimension] for bridge in draws]
    means = [np.mean([row[name] for row in found]) for name in ("interest", "signal")]
    assert means == pytest.approx(PUBLISHED[dimension], rel=0.05)


def test_dimensions_of_noise_are_of_next_to_no_interest(draws):
    means = {d: np.mean([by_dimension(bridge)[d]["interest"] for bridge in draws]) for d in ("d3", "d4", "d5")}
    assert [round(float(mean), 3) for mean in means.values()] == pytest.approx([0.001, 0.002, 0.007], abs=0.0011)


def test_the_order_is_the_published_one_in_every_draw(draws):
    for bridge in draws:
        assert bridge.ranking().filter(step=RATE)["dimension"].to_list() == ["d1", "d2", "d3", "d4", "d5"]


def test_two_thousand_values_of_noise_rank_last_where_nothing_happened(draws):
    """Where a step hardly moves, chance makes their interest the largest."""
    for bridge in draws:
        rows = by_dimension(bridge, "visits")
        assert list(rows)[-1] == "d5"
        assert max(rows.values(), key=lambda row: row["interest"])["dimension"] in ("d3", "d4", "d5")
        assert all(row["is_noise"] for row in rows.values())


def test_noise_is_told_from_a_cause(draws):
    verdicts = [{name: row["is_noise"] for name, row in by_dimension(bridge).items()} for bridge in draws]
    assert verdicts == [{"d1": False, "d2": False, "d3": True, "d4": True, "d5": True}] * len(draws)


def test_a_weak_cause_in_little_data_is_not_beaten_by_noise(equation):
    bridge = explained(equation, *drawn(100_000, rise=0, fall=0.4))
    assert bridge.best_dimension(RATE) in ("d1", "d2")


def test_the_best_dimension_opens_by_default(ranked):
    assert ranked.best_dimension(RATE) == "d1"


def test_the_parts_make_up_the_interest(ranked):
    """beyond = excess - noise, interest = beyond / (beyond + |contribution|), all in units of the KPI."""
    contribution = ranked.steps.filter(step=RATE)["contribution"][0]
    for row in by_dimension(ranked).values():
        beyond = row["excess"] - row["noise"]
        assert 0 <= row["noise"] <= row["excess"]
        assert row["interest"] == pytest.approx(beyond / (beyond + abs(contribution)))
        assert row["segments"] == SIZES[row["dimension"]]


def stepped(ranked, **of_rate):
    """The same numbers with a focus or exclusions at the rate."""
    steps = (StepSpec(formula="visits"), StepSpec(formula=RATE, **of_rate))
    columns = ("visits", "orders")
    moments = ranked.moments
    return build_bridge(
        parse(EquationSpec(steps=steps), columns, summable=columns), ranked.sums, moments=lambda: moments
    )


def test_the_focus_comes_first_in_its_step_and_opens_it(ranked):
    bridge = stepped(ranked, focus="d4")
    assert list(by_dimension(bridge)) == ["d4", "d1", "d2", "d3", "d5"]
    assert [row["is_focus"] for row in by_dimension(bridge).values()] == [True, False, False, False, False]
    assert bridge.best_dimension(RATE) == "d4"
    assert next(iter(by_dimension(bridge, "visits"))) != "d4"


def test_a_focus_opens_its_step_without_any_look_at_the_days(ranked):
    def refuse():
        raise AssertionError("nobody needs the days")

    bridge = replace(stepped(ranked, focus="d4"), moments_when_asked=refuse)
    assert bridge.best_dimension(RATE) == "d4"


def test_what_a_step_excludes_comes_last_and_never_opens_it(ranked):
    bridge = stepped(ranked, exclude=("d1", "d2", "d3"))
    assert list(by_dimension(bridge)) == ["d4", "d5", "d1", "d2", "d3"]
    assert [row["is_excluded"] for row in by_dimension(bridge).values()] == [False, False, True, True, True]
    assert bridge.best_dimension(RATE) == "d4"
    assert bridge.ranking().filter(step=RATE)["dimension"].to_list()[-3:] == ["d1", "d2", "d3"]


def test_without_days_there_is_no_signal(ranked, equation):
    bridge = build_bridge(equation("visits", RATE), ranked.sums)
    rows = bridge.ranking_parts()
    assert rows["signal"].null_count() == rows.height
    assert rows["noise"].to_list() == [0] * rows.height


def test_without_days_counts_tell_noise_by_themselves(draws, equation):
    for ranked in draws:
        rows = by_dimension(build_bridge(equation("visits", RATE), ranked.sums))
        assert list(rows) == ["d1", "d2", "d3", "d4", "d5"]
        assert [row["is_noise"] for row in rows.values()] == [False, False, True, True, True]


def test_without_days_only_counts_tell_noise(equation, table):
    """Revenue is no count: nothing is known of its noise."""
    sums = table(["orders", "revenue"], {"a": (10, 100.5), "b": (10, 99.5)}, {"a": (10, 101.5), "b": (10, 98.5)})
    rows = build_bridge(equation("orders", "revenue / orders"), sums).ranking_parts("revenue / orders")
    assert rows["is_noise"].to_list() == [False]


@pytest.mark.parametrize("rows_a_value", [10, 20, 40])
def test_noise_of_values_with_few_rows_does_not_pass_for_a_cause(equation, rows_a_value):
    """Each value has rows on some days only, whose variance is too small and varies."""
    random = np.random.default_rng(rows_a_value)
    rows, days = random.poisson(rows_a_value / 56, (2, 28, 2000)), np.zeros((2, 28, 2000, 2))
    days[..., 0] = random.poisson(50 * rows)
    days[..., 1] = random.binomial(days[..., 0].astype(int), 0.1)
    assert noisy(equation, days)["is_noise"]


def noisy(equation, daily):
    """The conversion by a dimension with daily visits and orders, shape (2, days, values, 2)."""
    names = tuple(f"{k:04}" for k in range(daily.shape[2]))
    whole, counts = daily.sum(axis=2), (daily.shape[1],) * 2
    segments = SegmentSums(names, daily.sum(axis=1), np.ones((2, len(names))))
    sums = Sums(("visits", "orders"), whole.sum(axis=1), np.ones((2, 2)), np.ones(2), counts, {"value": segments})
    pairs = (("visits", "visits"), ("orders", "visits"), ("orders", "orders"))

    def squares(of):
        return np.stack([of[..., 0] ** 2, of.prod(axis=-1), of[..., 1] ** 2], axis=-1).sum(axis=1)

    active = {"value": (daily[..., 0] > 0).sum(axis=1)}
    moments = Moments(counts, pairs, squares(whole), {"value": squares(daily)}, active)
    return by_dimension(build_bridge(equation("visits", RATE), sums, moments=lambda: moments))["value"]


def test_frames_have_their_columns(ranked):
    assert ranked.ranking().columns == ["step", "dimension", "interest", "signal"]
    assert ranked.ranking_parts().columns == [
        *("step", "dimension", "segments", "excess", "noise"),
        *("signal", "interest", "recurring", "is_focus", "is_excluded", "is_noise"),
    ]
    assert ranked.ranking_parts().height == ranked.ranking().height == 10


def mixed(equation, weekly):
    """Rates of two devices stay apart at 2 % and 10 % while visits move from one to the other."""
    random = np.random.default_rng(2)
    visits = np.array([[[8000, 2000]] * 14, [[8000 - weekly, 2000 + weekly]] * 14]) + random.integers(
        -50, 50, (2, 14, 2)
    )
    table = np.stack([visits, random.binomial(visits, [0.02, 0.1])], axis=-1).astype(float)
    whole = table.sum(axis=2)
    products = np.stack([table[..., 0] ** 2, table.prod(axis=-1), table[..., 1] ** 2], axis=-1)
    pairs = (("visits", "visits"), ("orders", "visits"), ("orders", "orders"))
    totals = np.stack([whole[..., 0] ** 2, whole.prod(axis=-1), whole[..., 1] ** 2], axis=-1).sum(axis=1)
    devices = SegmentSums(("desktop", "mobile"), table.sum(axis=1), np.ones((2, 2)))
    sums = Sums(("visits", "orders"), whole.sum(axis=1), np.ones((2, 2)), np.ones(2), (14, 14), {"device": devices})
    moments = Moments((14, 14), pairs, totals, {"device": products.sum(axis=1)})
    return build_bridge(equation("visits", RATE), sums, moments=lambda: moments)


def test_a_change_of_mix_is_no_noise_though_no_rate_moved(equation):
    row = by_dimension(mixed(equation, 1500))["device"]
    assert row["signal"] < 0.5
    assert not row["is_noise"]
    assert by_dimension(mixed(equation, 0))["device"]["is_noise"]


def rare(rows):
    """3,000 values, each on one day of one or both sides only: their days cannot say how much they vary."""
    random = np.random.default_rng(3)
    tables = np.zeros((2, 30, 3000, 2))
    for side in (0, 1):
        days = random.integers(0, 30, 3000)
        visits = random.poisson(rows / 3000, 3000)
        tables[side, days, np.arange(3000)] = np.stack([visits, random.binomial(visits, 0.1)], axis=-1)
    return tables


def test_values_that_are_seen_on_few_days_do_not_pass_for_signal(equation):
    """A day alone has no variance; it is lent that of the whole."""
    tables = rare(300_000)
    whole = tables.sum(axis=2)
    squares = np.stack([tables[..., 0] ** 2, tables.prod(axis=-1), tables[..., 1] ** 2], axis=-1).sum(axis=1)
    totals = np.stack([whole[..., 0] ** 2, whole.prod(axis=-1), whole[..., 1] ** 2], axis=-1).sum(axis=1)
    names = tuple(f"{k:04}" for k in range(3000))
    pages = SegmentSums(names, tables.sum(axis=1), np.ones((2, 3000)))
    sums = Sums(("visits", "orders"), whole.sum(axis=1), np.ones((2, 2)), np.ones(2), (30, 30), {"page": pages})
    pairs = (("visits", "visits"), ("orders", "visits"), ("orders", "orders"))
    active = {"page": (tables[..., 0] > 0).sum(axis=1)}
    found = {
        known: by_dimension(
            build_bridge(
                equation("visits", RATE),
                sums,
                moments=lambda known=known: Moments(
                    (30, 30), pairs, totals, {"page": squares}, active if known else {}
                ),
            )
        )["page"]
        for known in (True, False)
    }
    assert found[True]["is_noise"]
    assert found[True]["interest"] < found[False]["interest"] / 2


def test_segments_that_move_alike_are_of_no_interest(equation, table):
    sums = table(["visits", "orders"], {"a": (100, 10), "b": (300, 30)}, {"a": (200, 10), "b": (600, 30)})
    rows = build_bridge(equation("visits", RATE), sums).ranking()
    assert rows["interest"].to_list() == pytest.approx([0, 0], abs=1e-12)


def test_interest_is_the_excess_against_the_change(equation, table):
    """Visits +30 in all, 15 each if alike, so the excess is +15 and -15: T = 15, interest 15 / (15 + 30)."""
    sums = table(["visits"], {"a": (100,), "b": (100,)}, {"a": (130,), "b": (100,)})
    bridge = build_bridge(equation("visits"), sums)
    assert bridge.ranking()["interest"][0] == pytest.approx(1 / 3)
    assert bridge.ranking_parts()["excess"][0] == pytest.approx(15)


amounts = st.integers(0, 1000).map(float)
sides = st.dictionaries(st.sampled_from("abcde"), st.tuples(amounts, amounts), min_size=1)


@settings(max_examples=60, deadline=None)
@given(base=sides, current=sides)
def test_swapping_the_sides_leaves_the_parts(equation, table, base, current):
    """Of a rate; a volume's excess is taken at the shares of base."""
    steps = ("visits", RATE)
    there, back = (
        build_bridge(equation(*steps), table(["visits", "orders"], *pair)).ranking_parts().filter(step=RATE)
        for pair in ((base, current), (current, base))
    )
    assert there["interest"].to_list() == pytest.approx(back["interest"].to_list(), abs=1e-9)
    assert there["excess"].to_list() == pytest.approx(back["excess"].to_list(), abs=1e-6)
    assert there.select(pl.col(pl.Float64).is_finite().all()).row(0, named=True)["interest"]
