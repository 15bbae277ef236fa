"""Exports of several analyses: one report, one run, one condition for each part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from core.app import App
from core.delivery.digests import make_shown
from core.delivery.maker import Maker
from core.delivery.reports import Source
from core.delivery.work import Build, Made, NotMet
from core.errors import Conflict, DataError
from core.model.delivery import ExportSpec, ReportContent
from core.report.sections import option_label
from tests.conftest import revenue_spec
from tests.delivery.test_maker import HOOK, LINK, MAIL, built, names, read

PARTS = [{"analysis": "revenue"}, {"analysis": "traffic"}]


@pytest.fixture
def maker(sales_app: App) -> Maker:
    """With a second analysis, of which no threshold is crossed."""
    equation = {"total": "Visits", "total_threshold_pct": 90, "steps": [{"formula": "visits", "name": "Visits"}]}
    sales_app.analyses.create(revenue_spec(slug="traffic", name="Traffic", equation=equation), by=sales_app.owner.id)
    return sales_app.maker


def digest(app: App, content: dict[str, Any] | None = None, **spec: Any) -> Build:
    whole = {"content": {"parts": PARTS, **(content or {})}, **spec}
    return built(app, spec=whole, where=whole.pop("locks", {}))


def mail(app: App, made: Made) -> str:
    return str(read(app, made, "email.json")["text"])


def test_it_sums_up_and_tells_each_analysis_in_order(sales_app: App, maker: Maker) -> None:
    said = mail(sales_app, maker.make(digest(sales_app, destinations=[MAIL])))
    assert said.startswith("Morning\n")
    assert "1 of 2 KPIs moved beyond its threshold." in said
    assert said.index("Revenue · ") < said.index("Traffic · ")


def test_a_list_has_a_heading_for_each_analysis(sales_app: App, maker: Maker) -> None:
    said = mail(sales_app, maker.make(digest(sales_app, {"layout": "list"}, destinations=[MAIL])))
    assert said.count("Traffic\n=======\n") == 1


def test_figures_and_files_are_told_for_each_analysis(sales_app: App, maker: Maker) -> None:
    content = {"attachments": ["csv", "pdf"]}
    made = maker.make(digest(sales_app, content, destinations=[HOOK, MAIL]))
    parts = read(sales_app, made, "webhook.json")["data"]["parts"]
    assert [(part["name"], part["total"]["name"]) for part in parts] == [("Revenue", "Revenue"), ("Traffic", "Visits")]
    day = f"{sales_app.clock():%Y-%m-%d}"
    attached = [name for name in names(made) if name.endswith((".csv", ".pdf"))]
    assert attached == [f"morning-{day}-1-revenue.csv", f"morning-{day}-2-traffic.csv", f"morning-{day}.pdf"]
    assert made.versions == {"sales": 1}


def test_quiet_parts_are_left_out_and_named(sales_app: App, maker: Maker) -> None:
    made = maker.make(digest(sales_app, {"quiet_parts": "leave_out"}, destinations=[MAIL, HOOK]))
    assert [part["name"] for part in read(sales_app, made, "webhook.json")["data"]["parts"]] == ["Revenue"]
    assert "Traffic · " not in mail(sales_app, made)
    assert "Left out, since they did not move enough: Traffic" in read(sales_app, made, "email.json")["html"]


def test_where_all_are_quiet_it_says_so(sales_app: App, maker: Maker) -> None:
    quiet = {"kind": "alert", "any": [{"change_pct": 900}]}
    parts = [{**part, "condition": quiet} for part in PARTS]
    made = maker.make(digest(sales_app, {"parts": parts, "quiet_parts": "leave_out"}, destinations=[MAIL]))
    assert "1 of 2 KPIs moved beyond its threshold" in mail(sales_app, made)
    assert "Left out" in read(sales_app, made, "email.json")["html"]


def test_it_is_sent_when_one_part_meets_the_condition(sales_app: App, maker: Maker) -> None:
    condition = {"kind": "alert", "any": [{"step": "Basket", "change_pct": 1}]}
    assert maker.make(digest(sales_app, condition=condition)).deliveries


def test_it_is_not_sent_when_no_part_does(sales_app: App, maker: Maker) -> None:
    condition = {"kind": "alert", "any": [{"change_pct": 900}]}
    with pytest.raises(NotMet, match=r"Revenue: .*Traffic: "):
        maker.make(digest(sales_app, condition=condition))


def test_a_part_has_a_condition_views_and_filters_of_its_own(sales_app: App, maker: Maker) -> None:
    own = {"condition": {"kind": "alert", "any": [{"change_pct": 900}]}, "where": {"country": ["FR"]}}
    parts = [{"analysis": "revenue", "views": ["waterfall"], **own}, {"analysis": "traffic"}]
    condition = {"kind": "alert", "any": [{"change_pct": 800}]}
    with pytest.raises(NotMet, match=r"900 %.*800 %"):
        maker.make(digest(sales_app, {"parts": parts}, condition=condition))
    made = maker.make(built(sales_app, key="hand:2", spec={"content": {"parts": parts}}))
    assert read(sales_app, made, "webhook.json")["data"]["parts"][0]["total"]["base"] == 8000.0


def test_a_dropdown_offers_the_views_of_all(sales_app: App, maker: Maker) -> None:
    content = ReportContent.model_validate({"parts": PARTS, "layout": "dropdown", "views": ["waterfall"]})
    sources = [
        Source(sales_app.analyses.get(slug).spec, sales_app.catalogue.latest("sales")) for slug in content.analyses
    ]
    made = make_shown(sales_app.warehouse, sources, content, name="Both", rendered_at=sales_app.clock())
    labels = [option_label(section, "en") for section in made.report.sections]
    assert [label.partition(":")[0] for label in labels] == ["Revenue", "Traffic"]
    assert [section.key for section in made.report.sections] == ["waterfall", "waterfall.2"]


def test_an_export_is_found_by_each_of_its_analyses_and_holds_them(sales_app: App, maker: Maker) -> None:
    spec = ExportSpec.model_validate({"name": "Both", "content": {"parts": PARTS}, "destinations": [LINK]})
    sales_app.exports.create(spec, by=sales_app.owner.id)
    assert [export.spec.name for export in sales_app.exports.of_analysis("traffic")] == ["Both"]
    with pytest.raises(Conflict, match="'Both'"):
        sales_app.analyses.delete("traffic")


def test_an_unknown_analysis_is_named_with_its_part(sales_app: App, maker: Maker) -> None:
    parts = [{"analysis": "revenue"}, {"analysis": "nowhere"}]
    spec = ExportSpec.model_validate({"name": "Both", "content": {"parts": parts}, "destinations": [LINK]})
    with pytest.raises(DataError, match="nowhere") as refused:
        sales_app.exports.create(spec, by=sales_app.owner.id)
    assert refused.value.field == "content.parts.1.analysis"


@pytest.mark.parametrize("content", [{}, {"analysis": "revenue", "parts": PARTS}])
def test_a_content_has_either_one_analysis_or_parts(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either analysis, or parts"):
        ReportContent.model_validate(content)


def test_filters_of_a_run_never_widen_what_is_shown(sales_app: App, maker: Maker) -> None:
    content = {"analysis": "revenue", "where": {"country": ["FR"]}}
    with pytest.raises(DataError, match="'DE' was asked for"):
        maker.make(built(sales_app, spec={"content": content}, where={"country": ["DE"]}))
    both = maker.make(built(sales_app, key="hand:2", spec={"content": content}, where={"country": ["DE", "FR"]}))
    assert read(sales_app, both, "webhook.json")["data"]["total"]["base"] == 8000.0


def test_filters_of_a_run_hold_besides_operators(sales_app: App, maker: Maker) -> None:
    content = {"analysis": "revenue", "where": {"country": {"not in": ["DE"]}}}
    made = maker.make(built(sales_app, spec={"content": content}, where={"country": ["DE", "FR"]}))
    assert read(sales_app, made, "webhook.json")["data"]["total"]["base"] == 8000.0


def test_filters_of_a_destination_hold_in_each_part_whatever_the_part_says(sales_app: App, maker: Maker) -> None:
    parts = [{**PARTS[0], "where": {"country": ["FR", "DE"]}}, PARTS[1]]
    french = {**HOOK, "overrides": {"where": {"country": ["FR"]}}}
    made = maker.make(digest(sales_app, {"parts": parts}, destinations=[french]))
    told = read(sales_app, made, "webhook.json")["data"]["parts"]
    alone = {**PARTS[0], "where": {"country": ["FR"]}}, {**PARTS[1], "where": {"country": ["FR"]}}
    by_part = maker.make(
        built(sales_app, key="hand:2", spec={"content": {"parts": alone}, "destinations": [HOOK]}),
    )
    wanted = read(sales_app, by_part, "webhook.json")["data"]["parts"]
    assert [part["total"]["base"] for part in told] == [part["total"]["base"] for part in wanted]
    assert told[0]["total"]["base"] == 8000.0


def test_where_all_are_quiet_no_figures_are_attached(sales_app: App, maker: Maker) -> None:
    parts = [{**part, "condition": {"kind": "alert", "any": [{"change_pct": 900}]}} for part in PARTS]
    content = {"parts": parts, "quiet_parts": "leave_out", "attachments": ["csv", "png"]}
    made = maker.make(digest(sales_app, content, destinations=[MAIL]))
    assert read(sales_app, made, "email.json")["attachments"] == []


def test_a_part_that_is_undefined_is_not_taken_for_a_quiet_one(
    sales_app: App, maker: Maker, rewrite: Callable[[str], None]
) -> None:
    rate = {"total": "rate", "total_threshold_pct": 5, "steps": [{"formula": "orders / visits", "name": "rate"}]}
    sales_app.analyses.create(revenue_spec(slug="rate", name="Rate", equation=rate), by=sales_app.owner.id)
    parts = [PARTS[0], {"analysis": "rate"}]
    build = digest(sales_app, {"parts": parts, "quiet_parts": "leave_out"})
    rewrite("day,country,device,visits,orders,revenue\n2026-01-05,FR,m,0,0,0\n2026-02-28,FR,m,10,5,50\n")
    with pytest.raises(DataError, match="'Rate' is undefined"):
        maker.make(build)
