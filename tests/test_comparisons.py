"""Two columns compared pair by pair, and the second comparison, from file to bridge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.analyses import compute_both, compute_second
from core.app import App
from core.engine.bridge import Bridge
from core.errors import DataError, EmptyComparison, UnknownColumn
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec, FilesSource
from tests.conftest import revenue_spec

PLANNED = """day,country,visits,orders,revenue,visits_plan,orders_plan,revenue_plan
2026-01-05,FR,1000,60,4800,900,50,4000
2026-01-12,DE,1000,40,3200,1000,50,4500
2026-02-03,FR,1100,66,5940,1200,60,5000
2026-02-11,DE,1300,26,2340,1200,50,5200
2026-03-01,DE,1300,26,2340,,,
"""
PAIRS = {name: f"{name}_plan" for name in ("visits", "orders", "revenue")}
FEBRUARY = {"by": "day", "current": ["2026-02-01", "2026-02-28"], "metrics": PAIRS}
JANUARY_TO_FEBRUARY = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}


@pytest.fixture
def app(empty_app: App, tmp_path: Path) -> App:
    path = tmp_path / "planned.csv"
    path.write_text(PLANNED)
    spec = DatasetSpec(slug="planned", name="Planned", source=FilesSource(path=str(path)))
    empty_app.catalogue.create(spec, by=empty_app.owner.id)
    return empty_app


def planned(comparison: Mapping[str, Any], **changes: Any) -> AnalysisSpec:
    return revenue_spec(dataset="planned", comparison=comparison, **changes)


def both(app: App, spec: AnalysisSpec) -> tuple[Bridge, Bridge | None]:
    return compute_both(app.warehouse, spec, app.catalogue.latest(spec.dataset))


def test_the_plan_is_the_base_and_the_actual_the_current(app: App) -> None:
    bridge = app.analyses.bridge(planned(FEBRUARY))
    assert (bridge.total.base, bridge.total.current) == (10200.0, 8280.0)
    assert sum(bridge.steps["contribution"]) == pytest.approx(-1920.0, abs=1e-9)


def test_segments_are_compared_with_their_own_plan(app: App) -> None:
    bridge = app.analyses.bridge(planned(FEBRUARY))
    detail = bridge.detail("Visits", "country")
    rates = {row["segment"]: (row["base_rate"], row["current_rate"]) for row in detail.iter_rows(named=True)}
    assert rates == {"FR": (1200.0, 1100.0), "DE": (1200.0, 1300.0)}
    assert bridge.moments is not None
    squares = bridge.moments.totals[:, bridge.moments.pairs.index(("visits", "visits"))]
    assert squares.tolist() == [1200.0**2 * 2, 1100.0**2 + 1300.0**2]


def test_columns_are_compared_over_groups_too(app: App) -> None:
    bridge = app.analyses.bridge(planned({"by": "country", "current": ["FR"], "metrics": PAIRS}))
    assert (bridge.total.base, bridge.total.current) == (9000.0, 10740.0)
    assert "country" in bridge.dimensions


def test_a_filter_holds_for_both_columns(app: App) -> None:
    bridge = app.analyses.bridge(planned(FEBRUARY, where={"country": ["DE"]}))
    assert (bridge.total.base, bridge.total.current) == (5200.0, 2340.0)


def test_both_columns_span_the_same_days(app: App) -> None:
    bridge = app.analyses.bridge(planned(FEBRUARY, per_day=True))
    assert bridge.steps["step"].to_list() == ["Visits", "Conversion", "Basket"]
    assert [note.code for note in bridge.notes] == ["days_without_periods"]


def test_every_metric_needs_its_plan(app: App) -> None:
    pairs = {name: plan for name, plan in PAIRS.items() if name != "orders"}
    with pytest.raises(DataError, match="'orders' has no plan to be compared with") as refused:
        app.analyses.check(planned({**FEBRUARY, "metrics": pairs}))
    assert refused.value.field == "comparison.metrics"


def test_a_metric_may_be_the_same_on_both_sides(app: App) -> None:
    bridge = app.analyses.bridge(planned({**FEBRUARY, "metrics": {**PAIRS, "visits": "visits"}}))
    assert bridge.steps["contribution"][0] == 0


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        ({**PAIRS, "orders": "orders_plann"}, UnknownColumn, "Did you mean 'orders_plan'"),
        ({**PAIRS, "orders": "country"}, DataError, "'country' of 'planned' is no metric"),
    ],
)
def test_a_plan_is_a_metric_of_the_dataset(
    app: App, metrics: dict[str, str], error: type[DataError], message: str
) -> None:
    with pytest.raises(error, match=message) as refused:
        app.analyses.check(planned({**FEBRUARY, "metrics": metrics}))
    assert refused.value.field == "comparison.metrics.orders"


def test_a_plan_without_any_value_is_an_empty_side(app: App) -> None:
    march = {"by": "day", "current": ["2026-03-01", "2026-03-31"], "metrics": PAIRS}
    with pytest.raises(EmptyComparison, match="There is no value in visits_plan, orders_plan, revenue_plan"):
        app.analyses.bridge(planned(march))


def test_rows_that_are_not_there_are_missed_in_current(app: App) -> None:
    april = {"by": "day", "current": ["2026-04-01", "2026-04-30"], "metrics": PAIRS}
    with pytest.raises(EmptyComparison, match="no rows in current") as refused:
        app.analyses.bridge(planned(april))
    assert refused.value.field == "comparison.current"


def test_an_analysis_without_a_second_comparison_has_none(app: App) -> None:
    assert compute_second(app.warehouse, planned(FEBRUARY), app.catalogue.latest("planned")) is None


def test_the_second_comparison_is_the_one_before(app: App) -> None:
    march = {"by": "day", "base": ["2026-02-01", "2026-02-28"], "current": ["2026-03-01", "2026-03-31"]}
    first, second = both(app, planned(march, second={}))
    assert second is not None
    assert (second.total.base, second.total.current) == (8000.0, 8280.0)
    assert first.total.base == second.total.current


def test_a_second_comparison_without_rows_leaves_the_first_with_a_note(app: App) -> None:
    first, second = both(app, planned(JANUARY_TO_FEBRUARY, second={}))
    assert second is None
    assert first.notes[-1].code == "second_empty"
    assert "There are no rows in base (2025-12-01 to 2025-12-31)" in first.notes[-1].text


def test_a_plan_has_a_second_comparison_beside_it(app: App) -> None:
    _, second = both(app, planned(FEBRUARY, second={"show": "beside"}))
    assert second is not None
    assert (second.total.base, second.total.current) == (8500.0, 8000.0)


@pytest.mark.parametrize(
    ("comparison", "second", "message", "field"),
    [
        (FEBRUARY, {}, "cannot be merged", "second.show"),
        (JANUARY_TO_FEBRUARY, {"comparison": JANUARY_TO_FEBRUARY}, "same as the first", "second.comparison"),
        (
            {"by": "country", "base": ["FR"], "current": ["DE"]},
            {},
            "Groups have no period before them",
            "second.comparison",
        ),
        (
            JANUARY_TO_FEBRUARY,
            {"comparison": {"by": "countri", "base": ["FR"], "current": ["DE"]}, "show": "below"},
            "Did you mean 'country'",
            "second.comparison.by",
        ),
        (
            JANUARY_TO_FEBRUARY,
            {"comparison": {"by": "country", "base": ["FR"], "current": ["DE"]}},
            "cannot be merged",
            "second.show",
        ),
        (
            JANUARY_TO_FEBRUARY,
            {
                "comparison": {"by": "day", "current": ["2026-01-01"], "metrics": {"visits": "visits_plan"}},
                "show": "below",
            },
            "'orders' has no plan to be compared with",
            "second.comparison.metrics",
        ),
    ],
)
def test_a_second_comparison_that_does_not_fit_is_refused_when_saving(
    app: App, comparison: dict[str, Any], second: dict[str, Any], message: str, field: str
) -> None:
    with pytest.raises(DataError, match=message) as refused:
        app.analyses.check(planned(comparison, second=second))
    assert refused.value.field == field


def test_a_second_comparison_may_be_of_another_column(app: App) -> None:
    countries = {"by": "country", "base": ["FR"], "current": ["DE"]}
    _, second = both(app, planned(JANUARY_TO_FEBRUARY, second={"comparison": countries, "show": "below"}))
    assert second is not None
    assert (second.total.base, second.total.current) == (10740.0, 7880.0)


@pytest.mark.parametrize(
    ("comparison", "code"),
    [
        (
            {"by": "day", "base": ["2026-01-01", "2026-02-10"], "current": ["2026-02-01", "2026-02-28"]},
            "overlapping_periods",
        ),
        ({"by": "country", "base": ["FR", "DE"], "current": ["DE"]}, "overlapping_groups"),
        ({"by": "country", "base": ["DE"], "current": ["DE"]}, "same_sides"),
    ],
)
def test_sides_that_overlap_are_explained(app: App, comparison: dict[str, Any], code: str) -> None:
    assert code in [note.code for note in app.analyses.bridge(planned(comparison)).notes]
