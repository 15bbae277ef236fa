"""Disjoint pieces that add up; a cause is named once, by its shortest description."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.search_subject import subject_of
from core.engine.segments import EVERYTHING_ELSE, search
from core.errors import Cancelled, DataError
from tests.engine.searching import Table, by_hand, random_table, segments

SHAPE = (3, 4, 5)
FACTORS = st.sampled_from([0.4, 0.6, 1.6])


def test_the_device_that_lost_visits_is_the_piece_and_the_other_one_is_not():
    table = by_hand((0, 0, 5000, 4000), (0, 1, 5000, 4000), (1, 0, 5000, 5000), (1, 1, 5000, 5000))

    found = table.found("visits")

    assert found.frame.rows() == [("device=v0", 10_000, 8_000, -2_000), (EVERYTHING_ELSE, 10_000, 10_000, 0)]


def test_a_pair_is_named_where_only_the_pair_moved():
    table = by_hand((0, 0, 5000, 4000), (0, 1, 5000, 5000), (1, 0, 5000, 5000), (1, 1, 5000, 5000))

    found = table.found("visits")

    assert segments(found) == ["device=v0 & country=v0"]
    assert found.pieces[0].conditions == (("device", "v0"), ("country", "v0"))


def test_a_new_segment_is_a_piece():
    table = by_hand((0, 0, 5000, 5000), (1, 0, 5000, 5000), (2, 0, 0, 800))

    assert table.found("visits").frame.rows()[0] == ("device=v2", 0, 800, 800)


def test_nothing_is_named_where_all_move_alike():
    table = by_hand((0, 0, 5000, 4000), (0, 1, 2500, 2000), (1, 0, 10_000, 8000))

    found = table.found("visits")

    assert found.frame.rows() == [(EVERYTHING_ELSE, 17_500, 14_000, -3_500)]
    assert "segments_none" in [note.code for note in found.notes]


def test_it_says_that_there_are_no_days():
    table = by_hand((0, 0, 5000, 4000), (1, 0, 5000, 5000))

    assert [note.code for note in table.found("visits").notes] == ["segments_no_days"]


def test_it_says_that_there_are_too_few_days():
    table = random_table(1, (3, 3), 3, cause=((0, 1),), factor=0.5)

    found = table.found("visits", "orders / visits", step="orders / visits")

    assert "segments_few_days" in [note.code for note in found.notes]
    assert segments(found) == ["browser=v1"]


def test_without_days_what_is_no_count_is_not_searched():
    rows = by_hand((0, 0, 5000, 4000), (1, 0, 5000, 5000))
    profit = Table(rows.names, rows.codes, rows.sides, None, rows.metrics, rows.values - 4500)

    found = profit.found("visits")

    assert segments(found) == []
    assert "segments_untestable" in [note.code for note in found.notes]


def test_a_step_is_told_by_its_own_values_and_adds_up_in_units_of_the_kpi():
    table = random_table(2, (3, 4), 10, cause=((0, 0), (1, 2)), factor=0.5)
    bridge = table.bridge("visits", "orders / visits")

    found = search(table.cells(), subject_of(bridge, "orders / visits"))

    assert segments(found) == ["browser=v0 & country=v2"]
    assert found.pieces[0].base == pytest.approx(0.1, rel=0.02)
    assert found.pieces[0].current == pytest.approx(0.05, rel=0.02)
    whole = bridge.steps.filter(step="orders / visits")["contribution"][0]
    assert found.frame["contribution"].sum() == pytest.approx(whole, rel=1e-12)


def test_a_rate_as_kpi_is_searched_by_its_own_contributions():
    table = random_table(3, (3, 4), 10, cause=((1, 3),), factor=1.5)
    bridge = table.bridge("orders / visits")

    found = search(table.cells(), subject_of(bridge, None))

    assert segments(found) == ["country=v3"]
    assert found.frame["contribution"].sum() == pytest.approx(bridge.total.change, rel=1e-12)


def test_a_margin_over_two_sums_is_searched_too():
    table = random_table(4, (3, 4), 10, cause=((0, 1),), factor=0.7)

    found = table.found("visits", "orders", formula="([1] - [2]) / [1]")

    assert segments(found) == ["browser=v1"]


def test_what_does_not_add_up_over_segments_is_everything_else():
    table = random_table(5, (3, 4), 10, cause=((0, 1),), factor=0.7)

    found = table.found("visits", "orders", formula="[1] * [2]")

    assert found.frame["segment"].to_list() == [EVERYTHING_ELSE]
    assert [note.code for note in found.notes] == ["segments_not_additive"]


def test_an_alias_of_the_cause_is_not_named():
    """A browser that runs on the broken device only says the same; the device comes first, as it holds all of it."""
    table = random_table(6, (2, 3, 3), 10, cause=((2, 1),), factor=0.6)
    codes = table.codes.copy()
    codes[codes[:, 2] == 1, 0] += 2
    alias = Table(table.names, codes, table.sides, table.days, table.metrics, table.values)

    assert segments(alias.found("visits", "orders / visits", step="orders / visits")) == ["device=v1"]


def test_equal_descriptions_are_taken_in_the_order_of_the_dimensions():
    table = by_hand((0, 0, 5000, 4000), (1, 1, 5000, 5000), (2, 2, 5000, 5000))

    assert segments(table.found("visits")) == ["device=v0"]


def test_two_causes_are_two_pieces_and_the_larger_comes_first():
    table = random_table(7, (3, 4, 2), 10, cause=((0, 1),), factor=0.5)
    values = table.values.copy()
    small = table.matching((("country", "v2"), ("browser", "v2"))) & (table.sides == 1)
    values[small, 1] *= 0.7
    both = Table(table.names, table.codes, table.sides, table.days, table.metrics, values)

    found = both.found("visits", "orders / visits", step="orders / visits")

    assert segments(found) == ["browser=v1", "browser=v2 & country=v2"]


def test_it_stops_when_it_is_told_to():
    table = random_table(8, (3, 4), 10, cause=((0, 1),), factor=0.5)

    def stop(share: float) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        search(table.cells(), subject_of(table.bridge("visits"), None), tick=stop)


def test_an_unknown_step_is_named():
    with pytest.raises(DataError, match="no step 'price'"):
        subject_of(random_table(9, (3,), 5).bridge("visits"), "price")


@st.composite
def causes(draw) -> tuple[tuple[int, int], ...]:
    """One to three conditions on (dimension, code)."""
    dimensions = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
    return tuple((d, draw(st.integers(0, SHAPE[d] - 1))) for d in sorted(dimensions))


def name_of(table, cause) -> str:
    return " & ".join(f"{table.names[d]}=v{code}" for d, code in cause)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cause=causes(), factor=FACTORS, step=st.sampled_from([None, "orders / visits"]))
def test_a_single_cause_is_the_only_piece(seed, cause, factor, step):
    table = random_table(seed, SHAPE, 8, cause, factor, has_noise=False)

    assert segments(table.found("visits", "orders / visits", step=step)) == [name_of(table, cause)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cause=causes(), factor=FACTORS)
def test_a_single_cause_comes_first_also_among_noise(seed, cause, factor):
    table = random_table(seed, SHAPE, 8, cause, factor)

    assert segments(table.found("visits", "orders / visits", step="orders / visits"))[0] == name_of(table, cause)


@st.composite
def noisy_tables(draw) -> Table:
    """Few combinations, wild values, some missing rows."""
    seed, days = draw(st.integers(0, 10_000)), draw(st.sampled_from([1, 6, 9]))
    table = random_table(seed, draw(st.sampled_from([(3,), (2, 3), (3, 2, 4)])), days)
    random = np.random.default_rng(seed)
    keep = random.random(len(table.sides)) < 0.8
    keep[[0, -1]] = True
    wild = table.values * random.lognormal(0, 1, (len(table.sides), 1)) * random.lognormal(0, 0.5, table.values.shape)
    return Table(table.names, table.codes, table.sides, table.days, table.metrics, wild).shuffled(keep.nonzero()[0])


@settings(max_examples=40, deadline=None)
@given(table=noisy_tables(), step=st.sampled_from([None, "visits", "orders / visits"]), k=st.integers(1, 4))
def test_pieces_are_few_disjoint_and_add_up(table, step, k):
    bridge = table.bridge("visits", "orders / visits")
    found = search(table.cells(), subject_of(bridge, step), k=k)

    assert len(found.pieces) <= k
    assert found.frame["segment"].is_unique().all()
    whole = bridge.total.change if step is None else bridge.steps.filter(step=step)["contribution"][0]
    assert found.frame["contribution"].sum() == pytest.approx(whole, rel=1e-9, abs=1e-6)
    left = np.ones(len(table.sides), bool)
    for piece in found.pieces:
        mine = left & table.matching(piece.conditions)
        left &= ~mine
        visits, orders = table.sums(mine).T
        rates = orders / np.where(visits == 0, np.nan, visits)
        expected = {None: orders, "visits": visits, "orders / visits": rates}[step]
        assert np.array([piece.base, piece.current], float) == pytest.approx(expected, rel=1e-9, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(table=noisy_tables(), seed=st.integers(0, 100))
def test_the_order_of_rows_does_not_matter(table, seed):
    order = np.random.default_rng(seed).permutation(len(table.sides))

    subject = subject_of(table.bridge("visits", "orders / visits"), None)
    first, second = (search(t.cells(), subject) for t in (table, table.shuffled(order)))

    assert first.frame.rows() == second.frame.rows()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_piece_is_explained_by_the_rest(seed):
    """Against everything else alone, each piece still moves by more than chance."""
    table = random_table(seed, (3, 4, 2), 8, cause=((0, 1), (1, 2)), factor=0.6)

    found = table.found("visits", "orders / visits")

    assert found.pieces
    assert all(abs(piece.t) >= 3 for piece in found.pieces)
