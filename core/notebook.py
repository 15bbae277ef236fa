"""The face for notebooks, scripts and tests: one call from data to a bridge that shows itself.

from core.notebook import bridge
b = bridge("sales.csv", steps=["visits", "orders / visits", "revenue / orders"], by="day",
           base=("2026-01-01", "2026-01-31"), current=("2026-02-01", "2026-02-28"))
"""

from __future__ import annotations

import atexit
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
from pydantic import ValidationError

from core.access.folders import make_private
from core.analyses import compute_both
from core.app import App, open_app
from core.engine.bridge import Bridge, Total
from core.errors import DataError
from core.model.analysis import AnalysisSpec, Condition, Method
from core.model.as_code import as_yaml, from_yaml
from core.model.base import SLUG
from core.model.document import plain
from core.report.chart import draw, step_detail, waterfall
from core.report.comment import printed_comment, printed_headline
from core.report.images import png
from core.report.pair import PrintedPair, pair_bars, print_pair
from core.report.pair_comment import pair_comment
from core.report.printed import PrintedBridge, print_bridge
from core.segment_search import find_segments
from core.settings import Settings, read_settings
from core.warehouse import Version, Warehouse
from core.warehouse.adhoc import is_path, open_data

AD_HOC_SLUG = "notebook"
SAVED_HERE = "Saved from a notebook"
SHOWN_PX = 720
NESTED = ("equation", "comparison")
"""Parts of a specification whose fields are arguments of their own here."""


@dataclass(frozen=True)
class NotebookBridge:
    """A bridge with the specification it came from; in a notebook it shows its chart and its numbers.

    Frames are polars; their columns stand at the methods. second: the second comparison's, None where there is none.
    """

    bridge: Bridge
    spec: AnalysisSpec
    version: Version = field(repr=False)
    warehouse: Warehouse = field(repr=False)
    second: Bridge | None = field(default=None, repr=False)

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

    def significance(self) -> pl.DataFrame:
        """step, t, df, p, verdict: is a step's change more than its days make of it? Null where that cannot be told."""
        return self.bridge.significance()

    def segments(self, step: str | None = None, k: int = 5) -> pl.DataFrame:
        """segment, base, current, contribution: at most k disjoint segments over up to three dimensions.

        They add up to the KPI's change, or to what `step` contributed; the last row is "everything else".
        """
        return find_segments(self.warehouse, self.spec, self.version, step=step, k=k).frame.clone()

    def chart(self) -> alt.TopLevelMixin:
        """The waterfall, with the second comparison in it if there is one."""
        pair = self._pair("en")
        return draw(pair_bars(pair)) if pair else waterfall(self.bridge)

    def detail_chart(self, step: str, dimension: str) -> alt.TopLevelMixin:
        """One step by one dimension: performance and mix."""
        return step_detail(self.bridge, step, dimension)

    def comment(self, locale: str = "en") -> str:
        """Headline and comment as plain text, one line a sentence; then the trend between two comparisons."""
        depth, pair = self.spec.comment_depth, self._pair(locale)
        printed = self._printed(self.bridge, locale)
        lines = (printed_headline(printed), *printed_comment(printed, depth))
        return "\n".join(map(plain, (*lines, *(pair_comment(pair, depth) if pair else ()))))

    def _pair(self, locale: str) -> PrintedPair | None:
        if self.second is None or self.spec.second is None:
            return None
        first, second = self._printed(self.bridge, locale), self._printed(self.second, locale)
        return print_pair(first, second, self.spec.second.show)

    def _printed(self, bridge: Bridge, locale: str) -> PrintedBridge:
        """In the words of the installation that the data is of; a file's or frame's in the catalogue's."""
        is_ours = self.version.dataset != AD_HOC_SLUG
        words = _app(read_settings()).templates.words(locale) if is_ours else None
        return print_bridge(bridge, locale, words=words)

    def to_spec(self) -> AnalysisSpec:
        """The specification: what is saved as an analysis."""
        return self.spec

    def to_yaml(self) -> str:
        """The specification as text for a file; `from_spec` reads it back."""
        return as_yaml(self.spec)

    def save(self, slug: str, name: str | None = None, *, dataset: str | None = None) -> NotebookBridge:
        """Keep it as an analysis of this installation: a new one, or the newest revision of the one with that slug.

        name: default the KPI's; dataset: slug of the data, needed where the bridge was made from a file or a frame.
        Returns the bridge of what was saved. Raises DataError, NotFound for an unknown dataset.
        """
        app = _app(read_settings())
        spec = _validated(
            self.spec.model_dump()
            | {"slug": slug, "name": name or self.bridge.equation.total, "dataset": dataset or self._dataset()}
        )
        if slug in (known.spec.slug for known in app.analyses.all()):
            app.analyses.revise(spec, by=app.owner.id, note=SAVED_HERE)
        else:
            app.analyses.create(spec, by=app.owner.id, note=SAVED_HERE)
        return from_spec(spec)

    def _dataset(self) -> str:
        if self.spec.dataset == AD_HOC_SLUG:
            raise DataError(
                "This bridge was made from a file or a frame. Load it on the Data page, then give its slug: "
                'save("revenue", dataset="sales").',
                field="dataset",
            )
        return self.spec.dataset

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The chart with the numbers beneath, as HTML; a front end without HTML takes one of the two."""
        text, picture = f"{self.comment()}\n\n{self.steps}", png(self.chart().to_dict())
        shown = f'<img width="{SHOWN_PX}" src="data:image/png;base64,{b64encode(picture).decode()}">'
        html = f"{shown}<pre>{escape(text)}</pre>"
        return {"text/html": html, "image/png": picture, "text/plain": text}, {"image/png": {"width": SHOWN_PX}}


def bridge(
    data: str | Path | pl.DataFrame | Any,
    steps: Sequence[str | Mapping[str, Any]],
    total: str | None = None,
    formula: str | None = None,
    *,
    by: str,
    base: Any = (),
    current: Any,
    metrics: Mapping[str, str] | None = None,
    second: Mapping[str, Any] | None = None,
    dimensions: Iterable[str] | None = None,
    where: Mapping[str, Condition] | None = None,
    method: Method = "shapley",
    unit: str = "",
) -> NotebookBridge:
    """Why a KPI moved.

    data: slug of a dataset, path or glob (CSV, CSV.gz, Parquet, …), or a polars, pandas or Arrow frame.
    steps: each a summable column or "numerator / denominator"; the KPI is their product, or `formula` over [1] … [n].
        A step may say more about itself: {"formula": "revenue / orders", "name": "Basket", "unit": "€"}.
    by: a date column (base and current are one day or (first, last), both inclusive) or any column (one value or a
        list of values).
    metrics: {"revenue": "revenue_plan", …} compares each column with its plan over `current`, without a base.
    second: a second comparison, {"show": "merged" | "behind" | "beside" | "below"} for the one before, with
        "comparison": {"by": …, "base": […], "current": […]} for another.
    unit: the KPI's, such as "€" or "%".
    dimensions: default every text, boolean and enum column that is neither `by` nor part of a step.
    where: {"country": ["FR", None], "amount": {">": 0}}; a list means one of, None in it means (not set).
    Raises DataError and its leaves with a sentence.
    """
    slug, version, warehouse = _open(data, by)
    spec = _validated(
        {
            "slug": AD_HOC_SLUG,
            "name": total or AD_HOC_SLUG,
            "dataset": slug,
            "equation": {
                "steps": [{"formula": s} if isinstance(s, str) else dict(s) for s in _several(steps)],
                "total": total,
                "formula": formula,
                "unit": unit,
            },
            "comparison": {
                "by": by,
                "base": _values(base) or None,
                "current": _values(current) or None,
                "metrics": metrics,
            },
            "second": second,
            "dimensions": None if dimensions is None else _several(dimensions),
            "where": dict(where or {}),
            "method": method,
        }
    )
    return _computed(warehouse, spec, version)


def saved(slug: str) -> NotebookBridge:
    """The bridge of an analysis of this installation, on its newest data. Raises NotFound."""
    return from_spec(_app(read_settings()).analyses.get(slug).spec)


def from_spec(spec: AnalysisSpec | str, data: Any = None) -> NotebookBridge:
    """The bridge of a specification, or of its YAML text.

    data: as of `bridge`; default the dataset that the specification names. Raises as `bridge`.
    """
    read = from_yaml(AnalysisSpec, spec) if isinstance(spec, str) else spec
    _, version, warehouse = _open(read.dataset if data is None else data, read.comparison.by)
    return _computed(warehouse, read, version)


def _computed(warehouse: Warehouse, spec: AnalysisSpec, version: Version) -> NotebookBridge:
    first, second = compute_both(warehouse, spec, version)
    return NotebookBridge(first, spec, version, warehouse, second)


def _validated(given: dict[str, Any]) -> AnalysisSpec:
    try:
        return AnalysisSpec.model_validate(given)
    except ValidationError as error:
        raise _wrong_argument(error) from None


def _several(given: str | Iterable[Any]) -> tuple[Any, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _wrong_argument(error: ValidationError) -> DataError:
    """The first thing that is wrong, by the argument's name."""
    first = error.errors(include_url=False)[0]
    name = next((str(part) for part in first["loc"] if part not in NESTED), None)
    reason = first["msg"].removeprefix("Value error, ").rstrip(".")
    if name is None:
        return DataError(f"{reason[:1].upper()}{reason[1:]}. See help(bridge).", field="base and current")
    return DataError(f"{name}: {first['input']!r} cannot be taken. {reason}. See help(bridge).", field=name)


def _open(data: Any, by: str) -> tuple[str, Version, Warehouse]:
    if isinstance(data, str) and SLUG.fullmatch(data) and not is_path(data):
        app = _app(read_settings())
        return data, app.catalogue.fresh(data).version, app.warehouse
    warehouse = _warehouse()
    return AD_HOC_SLUG, open_data(warehouse, data, by=by), warehouse


def _values(given: Any) -> tuple[Any, ...]:
    values = tuple(given) if isinstance(given, list | tuple) else (given,)
    return tuple(value.date() if isinstance(value, datetime) else value for value in values)


@cache
def _app(settings: Settings) -> App:
    opened = open_app(settings)
    atexit.register(opened.close)
    return opened


@cache
def _warehouse() -> Warehouse:
    settings = read_settings()
    make_private(settings.data_dir)
    opened = Warehouse(settings.warehouse_dir, threads=settings.threads, memory_limit=settings.memory_limit)
    atexit.register(opened.close)
    return opened
