"""The gate before sending: what does not add up is not sent, however it fails to."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from core.app import App
from core.delivery.gate import require_sound
from core.delivery.reports import Made, make_report
from core.errors import DataError
from core.model.delivery import ReportContent


@pytest.fixture
def made(sales_app: App) -> Made:
    content = ReportContent.model_validate({"analysis": "revenue"})
    analysis, version = sales_app.analyses.get("revenue").spec, sales_app.catalogue.latest("sales")
    return make_report(sales_app.warehouse, analysis, content, version, rendered_at=sales_app.clock())


def with_first_bar(made: Made, value: float) -> Made:
    bars = made.bridge.steps["contribution"].to_list()
    steps = made.bridge.steps.with_columns(pl.Series("contribution", [value, *bars[1:]], dtype=pl.Float64))
    return replace(made, bridge=replace(made.bridge, steps=steps))


def test_what_adds_up_goes_through(made: Made) -> None:
    require_sound(made)


@pytest.mark.parametrize("value", [1e9, float("nan"), float("inf")])
def test_bars_that_do_not_add_up_are_not_sent(made: Made, value: float) -> None:
    with pytest.raises(DataError, match="Nothing was sent"):
        require_sound(with_first_bar(made, value))


def test_a_report_that_shows_nothing_is_not_sent(made: Made) -> None:
    with pytest.raises(DataError, match="shows nothing"):
        require_sound(replace(made, report=replace(made.report, sections=(), alert=())))
