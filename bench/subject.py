"""The benchmark's dataset and analysis, as the product sees them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bench.make_facts import FILE, ROWS, make_facts
from bench.statements import DIMENSIONS, METRICS
from core.model.analysis import AnalysisSpec
from core.model.data import ColumnSpec, DatasetSpec, FilesSource

DATASET = "bench-facts"


def facts_file(rows: int) -> Path:
    """The facts, made if they are not there yet."""
    return make_facts(FILE if rows == ROWS else FILE.with_stem(f"facts-{rows}"), rows)


def dataset(file: Path) -> DatasetSpec:
    """The facts as a live dataset with settled columns."""
    columns = [ColumnSpec(name="day", type="date", role="date")]
    columns += [ColumnSpec(name=name, type="text", role="dimension") for name in DIMENSIONS]
    types = {"visits": "integer", "orders": "integer", "revenue": "number", "cost": "number"}
    columns += [ColumnSpec.model_validate({"name": name, "type": types[name], "role": "metric"}) for name in METRICS]
    return DatasetSpec(slug=DATASET, name="Benchmark facts", source=FilesSource(path=str(file)), columns=tuple(columns))


KPIS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "profit": ("[1] * [2] * ([3] - [4])", ("visits", "orders / visits", "revenue / orders", "cost / orders")),
    "revenue": (None, ("visits", "orders / visits", "revenue / orders")),
    "orders": (None, ("visits", "orders / visits")),
}


def analysis(base: tuple[date, date], current: tuple[date, date], kpi: str = "profit") -> AnalysisSpec:
    """A KPI from two, three or four metrics, by all five dimensions."""
    formula, steps = KPIS[kpi]
    return AnalysisSpec.model_validate(
        {
            "slug": "bench",
            "name": "Benchmark",
            "dataset": DATASET,
            "equation": {"total": kpi, "formula": formula, "steps": [{"formula": step} for step in steps]},
            "comparison": {"by": "day", "base": list(base), "current": list(current)},
        }
    )
