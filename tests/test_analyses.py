from __future__ import annotations

import pytest

from core.analyses import compute
from core.app import App
from core.errors import Conflict, DataError, EmptyComparison, EquationError, NotFound, Stale, UnknownColumn
from tests.conftest import export_spec, revenue_spec


def test_the_bridge_adds_up_to_the_change(sales_app: App) -> None:
    bridge = sales_app.analyses.bridge(revenue_spec())
    assert (bridge.total.base, bridge.total.current) == (10400.0, 11070.0)
    assert sum(bridge.steps["contribution"]) == pytest.approx(670.0, abs=1e-9)


def test_a_filter_goes_to_the_facts_and_still_adds_up(sales_app: App) -> None:
    bridge = sales_app.analyses.bridge(revenue_spec(where={"country": ["FR"]}))
    assert (bridge.total.base, bridge.total.current) == (8000.0, 8280.0)
    assert sum(bridge.detail("Visits", "device")["total"]) == pytest.approx(bridge.steps["contribution"][0])


def test_two_groups_are_compared(sales_app: App) -> None:
    groups = {"by": "country", "base": ["FR"], "current": ["DE"]}
    bridge = sales_app.analyses.bridge(revenue_spec(comparison=groups))
    assert (bridge.total.base, bridge.total.current) == (16280.0, 5190.0)
    assert "country" not in bridge.dimensions


def test_a_period_without_rows_names_its_side(sales_app: App) -> None:
    empty = {"by": "day", "base": ["2020-01-01", "2020-01-31"], "current": ["2026-01-01", "2026-01-31"]}
    with pytest.raises(EmptyComparison, match=r"(?i)base"):
        sales_app.analyses.bridge(revenue_spec(comparison=empty))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"where": {"countri": ["FR"]}}, "Did you mean 'country'"),
        ({"dimensions": ["devices"]}, "Did you mean 'device'"),
        ({"comparison": {"by": "dai", "relative": "last_full_month"}}, "Did you mean 'day'"),
    ],
)
def test_a_column_that_is_not_there_is_named_when_saving(
    sales_app: App, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UnknownColumn, match=message):
        sales_app.analyses.create(revenue_spec(slug="other", **changes), by=sales_app.owner.id)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": "  "}, "name", "needs a name"),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"dataset": "nowhere"}, "dataset", "'nowhere'"),
        ({"where": {"visits": {"~": 5}}}, "where.visits", "'~' is no operator"),
        ({"where": {"visits": {">": "many"}}}, "where.visits", "'many' is no number"),
        ({"where": {"visits": 10**400}}, "where.visits", "is no number"),
        ({"where": {"day": ["January"]}}, "where.day", "YYYY-MM-DD"),
        ({"where": {"day": "2026-01-05, about"}}, "where.day", "YYYY-MM-DD"),
        ({"where": {"country": []}}, "where.country", "lists no values"),
        ({"where": {"country": {}}}, "where.country", "has no operator"),
        ({"where": {"country": {"contains": None}}}, "where.country", "has no text"),
        ({"comparison": {"by": "dai", "relative": "last_full_month"}}, "comparison.by", "'day'"),
        ({"comparison": {"by": "visits", "base": ["few"], "current": [500]}}, "comparison.base", "'few' is no number"),
        ({"comparison": {"by": "country", "relative": "last_full_day"}}, "comparison.relative", "needs a date column"),
    ],
)
def test_what_could_not_be_computed_is_not_kept(
    sales_app: App, changes: dict[str, object], field: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as refused:
        sales_app.analyses.create(revenue_spec(slug="other", **changes), by=sales_app.owner.id)
    assert refused.value.field == field


def test_a_number_larger_than_any_column_holds_is_still_compared(sales_app: App) -> None:
    bridge = sales_app.analyses.bridge(revenue_spec(where={"visits": {"<": 10**40}}))
    assert bridge.total.current == 11070.0


def test_an_excluded_dimension_that_is_not_there_is_named_at_its_place(sales_app: App) -> None:
    steps = [{"formula": "visits", "focus": "device", "exclude": ["country", "colour"]}]
    with pytest.raises(UnknownColumn, match="colour") as refused:
        sales_app.analyses.create(revenue_spec(slug="other", equation={"steps": steps}), by=sales_app.owner.id)
    assert refused.value.field == "equation.steps.0.exclude"


def test_a_revision_that_no_longer_fits_the_columns_is_not_restored(sales_app: App) -> None:
    me, sales = sales_app.owner.id, sales_app.catalogue.get("sales")
    sales_app.analyses.revise(revenue_spec(equation={"steps": [{"formula": "visits"}]}), by=me)
    ignored = tuple(c.model_copy(update={"role": "ignored"}) if c.name == "orders" else c for c in sales.columns)
    sales_app.catalogue.change(sales.model_copy(update={"columns": ignored}))
    with pytest.raises(EquationError, match="'orders' is no metric"):
        sales_app.analyses.restore("revenue", 1, by=me)
    assert sales_app.analyses.get("revenue").revision == 2


def test_a_metric_is_no_dimension(sales_app: App) -> None:
    with pytest.raises(EquationError, match="'visits' of 'sales' is no dimension"):
        compute(
            sales_app.warehouse,
            revenue_spec(dimensions=["visits"]),
            sales_app.catalogue.latest("sales"),
        )


def test_a_saved_change_is_a_revision_and_an_old_one_can_be_restored(sales_app: App) -> None:
    me = sales_app.owner.id
    sales_app.analyses.revise(revenue_spec(method="lmdi"), by=me, if_revision=1, note="try lmdi")
    restored = sales_app.analyses.restore("revenue", 1, by=me)
    assert (restored.revision, restored.spec.method) == (3, "shapley")
    assert [r.note for r in sales_app.analyses.revisions("revenue")] == ["Restored revision 1", "try lmdi", ""]


def test_two_authors_do_not_overwrite_each_other(sales_app: App) -> None:
    sales_app.analyses.revise(revenue_spec(method="lmdi"), by=sales_app.owner.id, if_revision=1)
    with pytest.raises(Stale, match="changed meanwhile"):
        sales_app.analyses.revise(revenue_spec(method="sequential"), by=sales_app.owner.id, if_revision=1)


def test_a_new_name_keeps_the_slug(sales_app: App) -> None:
    renamed = sales_app.analyses.rename("revenue", "Turnover", by=sales_app.owner.id)
    assert (renamed.spec.slug, renamed.spec.name) == ("revenue", "Turnover")


def test_a_copy_lives_its_own_life(sales_app: App) -> None:
    sales_app.analyses.duplicate("revenue", "revenue-2", "Revenue, again", by=sales_app.owner.id)
    sales_app.analyses.delete("revenue")
    assert [saved.spec.slug for saved in sales_app.analyses.all()] == ["revenue-2"]


def test_an_analysis_that_is_shown_is_not_deleted(sales_app: App) -> None:
    sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    with pytest.raises(Conflict, match="Morning revenue"):
        sales_app.analyses.delete("revenue")


def test_an_unknown_analysis_is_named(sales_app: App) -> None:
    with pytest.raises(NotFound, match="'nothing'"):
        sales_app.analyses.get("nothing")
