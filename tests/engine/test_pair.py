"""Two columns over the same rows, and where two comparisons meet."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from core.engine.pair import compared_columns, compared_moments, joint
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import Moments, SegmentSums, Sums

AUGUST, SEPTEMBER, OCTOBER = (DateSide(date(2026, month, 1), date(2026, month, 28)) for month in (8, 9, 10))
PAIRS = (("orders", "orders_plan"), ("revenue", "revenue_plan"))
EVERYTHING = ("revenue", "orders", "revenue_plan", "orders_plan")


def test_base_holds_the_plans_and_current_the_actuals() -> None:
    row = [900.0, 9.0, 1000.0, 8.0]
    segments = SegmentSums(("FR",), np.array([[row], [row]]), np.array([[5.0], [5.0]]))
    sums = Sums(
        metrics=EVERYTHING,
        totals=np.array([row, row]),
        filled=np.array([[5.0, 5.0, 4.0, 5.0]] * 2),
        rows=np.array([5.0, 5.0]),
        days=(31, 31),
        dimensions={"country": segments},
        distinct=frozenset({"orders_plan"}),
    )
    found = compared_columns(sums, PAIRS, ("orders", "revenue"))
    assert found.totals.tolist() == [[8.0, 1000.0], [9.0, 900.0]]
    assert found.filled.tolist() == [[5.0, 4.0], [5.0, 5.0]]
    assert found.dimensions["country"].values[:, 0].tolist() == [[8.0, 1000.0], [9.0, 900.0]]
    assert (found.days, found.distinct) == (None, {"orders"})


def test_each_side_has_the_noise_of_its_own_columns() -> None:
    products = (("orders", "orders"), ("orders_plan", "orders_plan"))
    moments = Moments((5, 5), products, np.array([[9.0, 1.0]] * 2), {"country": np.array([[[9.0, 1.0]]] * 2)})
    found = compared_moments(moments, PAIRS, (("orders", "orders"),))
    assert found.totals.tolist() == [[1.0], [9.0]]
    assert found.by_dimension["country"].tolist() == [[[1.0]], [[9.0]]]


@pytest.mark.parametrize(
    ("second", "meets_at"),
    [
        (Comparison("day", AUGUST, SEPTEMBER), "base"),
        (Comparison("day", OCTOBER, AUGUST), "current"),
        (Comparison("day", AUGUST, OCTOBER), None),
        (Comparison("shipped", AUGUST, SEPTEMBER), None),
        (Comparison("day", OCTOBER, OCTOBER, PAIRS), None),
        (Comparison("day", SEPTEMBER, SEPTEMBER, PAIRS), "base"),
    ],
)
def test_two_comparisons_meet_where_one_ends_and_the_other_begins(second: Comparison, meets_at: str | None) -> None:
    assert joint(Comparison("day", SEPTEMBER, OCTOBER), second) == meets_at


def test_groups_meet_whatever_the_order_of_their_values() -> None:
    first = Comparison("country", GroupSide(("FR", None)), GroupSide(("DE",)))
    assert joint(first, Comparison("country", GroupSide(("NO",)), GroupSide((None, "FR")))) == "base"
