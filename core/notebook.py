"""The face for notebooks, scripts and tests: one call from data to a bridge that shows itself.

from core.notebook import bridge
b = bridge("sales.csv", steps=["visits", "orders / visits", "revenue / orders"], by="day",
           base=("2026-01-01", "2026-01-31"), current=("2026-02-01", "2026-02-28"))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from core.analyses import compute
from core.app import App, open_app
from core.engine.bridge import Bridge, Total
from core.model.analysis import AnalysisSpec, ComparisonSpec, Condition, EquationSpec, Method, StepSpec
from core.model.base import SLUG
from core.model.document import plain
from core.report.chart import step_detail, waterfall
from core.report.comment import comment, headline
from core.report.images import png
from core.settings import Settings, read_settings
from core.warehouse import Version, Warehouse
from core.warehouse.adhoc import is_path, open_data

AD_HOC_SLUG = "notebook"


@dataclass(frozen=True)
class NotebookBridge:
    """A bridge with the specification it came from; in a notebook it shows its chart and its numbers.

    Frames are polars; their columns stand in docs/notebook.md.
    """

    bridge: Bridge
    spec: AnalysisSpec

    @property
    def total(self) -> Total:
        """base, current, change, change_pct (None where base is 0)."""
        return self.bridge.total

    @property
    def steps(self) -> pl.DataFrame:
        """step, base, current, change, contribution, contribution_pct, note."""
        return self.bridge.steps

    def detail(self, step: str, dimension: str) -> pl.DataFrame:
        """One row a segment: kind, shares, rates, performance + mix = total, in units of the KPI."""
        return self.bridge.detail(step, dimension)

    def by_segment(self, dimension: str) -> pl.DataFrame:
        """Dimension first: segment, step, contribution; adds up to each segment's own change."""
        return self.bridge.by_segment(dimension)

    def ranking(self) -> pl.DataFrame:
        """step, dimension, interest, signal; best first."""
        return self.bridge.ranking()

    def chart(self) -> alt.TopLevelMixin:
        """The waterfall."""
        return waterfall(self.bridge)

    def detail_chart(self, step: str, dimension: str) -> alt.TopLevelMixin:
        """One step by one dimension: performance and mix."""
        return step_detail(self.bridge, step, dimension)

    def comment(self, locale: str = "en") -> str:
        """Headline and comment as plain text, one line a sentence."""
        lines = (headline(self.bridge, locale), *comment(self.bridge, locale, self.spec.comment_depth))
        return "\n".join(map(plain, lines))

    def to_spec(self) -> AnalysisSpec:
        """The specification: what is saved as an analysis."""
        return self.spec

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        text = f"{self.comment()}\n\n{self.steps}"
        return {"image/png": png(self.chart().to_dict()), "text/plain": text}, {"image/png": {"width": 720}}


def bridge(
    data: str | Path | pl.DataFrame | Any,
    steps: Sequence[str],
    total: str | None = None,
    formula: str | None = None,
    *,
    by: str,
    base: Any,
    current: Any,
    dimensions: Iterable[str] | None = None,
    where: Mapping[str, Condition] | None = None,
    method: Method = "shapley",
) -> NotebookBridge:
    """Why a KPI moved.

    data: slug of a dataset, path or glob (CSV, CSV.gz, Parquet, …), or a polars, pandas or Arrow frame.
    steps: each a summable column or "numerator / denominator"; the KPI is their product, or `formula` over [1] … [n].
    by: a date column (base and current are one day or (first, last), both inclusive) or any column (one value or a
        list of values).
    dimensions: default every text, boolean and enum column that is neither `by` nor part of a step.
    where: {"country": ["FR", None], "amount": {">": 0}}; a list means one of, None in it means (not set).
    Raises DataError and its leaves with a sentence.
    """
    equation = EquationSpec(steps=tuple(StepSpec(formula=s) for s in steps), total=total, formula=formula)
    slug, version, warehouse = _open(data, by)
    spec = AnalysisSpec(
        slug=AD_HOC_SLUG,
        name=total or steps[-1],
        dataset=slug,
        equation=equation,
        comparison=ComparisonSpec(by=by, base=_values(base), current=_values(current)),
        dimensions=None if dimensions is None else tuple(dimensions),
        where=dict(where or {}),
        method=method,
    )
    return NotebookBridge(compute(warehouse, spec, version), spec)


def _open(data: Any, by: str) -> tuple[str, Version, Warehouse]:
    if isinstance(data, str) and SLUG.fullmatch(data) and not is_path(data):
        app = _app(read_settings())
        return data, app.catalogue.fresh(data).version, app.warehouse
    warehouse = _warehouse()
    return AD_HOC_SLUG, open_data(warehouse, data, by=by), warehouse


def _values(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)


@cache
def _app(settings: Settings) -> App:
    return open_app(settings)


@cache
def _warehouse() -> Warehouse:
    settings = read_settings()
    return Warehouse(settings.warehouse_dir, threads=settings.threads, memory_limit=settings.memory_limit)
