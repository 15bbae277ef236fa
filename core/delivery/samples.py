"""The two samples with an analysis and a report each, loaded once at the very first start."""

from __future__ import annotations

import fcntl
from pathlib import Path

from core.analyses import Analyses
from core.catalogue import Catalogue
from core.delivery.exports import Exports
from core.model.analysis import AnalysisSpec
from core.model.data import ColumnSpec, DatasetSpec, FilesSource
from core.model.delivery import ExportSpec
from core.settings import REPOSITORY
from core.store import Store
from core.store.people import get_organisation, mark_samples_loaded

SAMPLES = REPOSITORY / "data" / "samples"

DATASETS = (
    DatasetSpec(
        slug="shop",
        name="Shop (sample)",
        description="A made-up web shop: visits, orders, revenue and cost by day. Its causes: data/samples/README.md.",
        source=FilesSource(path=str(SAMPLES / "shop.parquet")),
        columns=(
            ColumnSpec(name="day", type="date", role="date", display_name="Day"),
            ColumnSpec(name="country", type="text", role="dimension", display_name="Country"),
            ColumnSpec(name="device", type="text", role="dimension", display_name="Device"),
            ColumnSpec(name="channel", type="text", role="dimension", display_name="Channel"),
            ColumnSpec(name="category", type="text", role="dimension", display_name="Category"),
            ColumnSpec(name="visits", type="integer", role="metric", display_name="Visits"),
            ColumnSpec(name="orders", type="integer", role="metric", display_name="Orders"),
            ColumnSpec(name="revenue", type="decimal", role="metric", display_name="Revenue", unit="€"),
            ColumnSpec(name="cost", type="decimal", role="metric", display_name="Cost", unit="€"),
        ),
    ),
    DatasetSpec(
        slug="avocados",
        name="Avocados (sample)",
        description="Weekly sales of Hass avocados in US shops, 2015 to 2018, by region and type.",
        source=FilesSource(path=str(SAMPLES / "avocados.parquet")),
        columns=(
            ColumnSpec(name="week", type="date", role="date", display_name="Week"),
            ColumnSpec(name="region", type="text", role="dimension", display_name="Region"),
            ColumnSpec(name="type", type="text", role="dimension", display_name="Type"),
            ColumnSpec(name="volume", type="decimal", role="metric", display_name="Volume"),
            ColumnSpec(name="loose_small", type="decimal", role="metric", display_name="Loose, small"),
            ColumnSpec(name="loose_large", type="decimal", role="metric", display_name="Loose, large"),
            ColumnSpec(name="loose_extra_large", type="decimal", role="metric", display_name="Loose, extra large"),
            ColumnSpec(name="bagged", type="decimal", role="metric", display_name="Bagged"),
            ColumnSpec(name="revenue", type="decimal", role="metric", display_name="Revenue", unit="$"),
        ),
    ),
)

ANALYSES = (
    AnalysisSpec.model_validate(
        {
            "slug": "shop-revenue",
            "name": "Shop revenue",
            "description": "Revenue = visits x conversion x basket, last full month against the one before.",
            "dataset": "shop",
            "equation": {
                "total": "Revenue",
                "unit": "€",
                "total_threshold_pct": 5,
                "steps": [
                    {"formula": "visits", "name": "Visits"},
                    {"formula": "orders / visits", "name": "Conversion", "unit": "%"},
                    {"formula": "revenue / orders", "name": "Basket", "unit": "€"},
                ],
            },
            "comparison": {"by": "day", "relative": "last_full_month", "against": "previous"},
        }
    ),
    AnalysisSpec.model_validate(
        {
            "slug": "avocado-revenue",
            "name": "Avocado revenue",
            "description": "Revenue = volume x price, last full month against the same a year ago.",
            "dataset": "avocados",
            "equation": {
                "total": "Revenue",
                "unit": "$",
                "total_threshold_pct": 10,
                "steps": [
                    {"formula": "volume", "name": "Volume"},
                    {"formula": "revenue / volume", "name": "Price", "unit": "$"},
                ],
            },
            "comparison": {"by": "week", "relative": "last_full_month", "against": "same_last_year"},
        }
    ),
)

EXPORTS = tuple(
    ExportSpec.model_validate(
        {
            "name": f"{analysis.name} report",
            "content": {"kind": "report", "analysis": analysis.slug, "layout": "slides"},
            "destinations": [{"kind": "link", "settings": {"slug": analysis.slug, "public": True}}],
        }
    )
    for analysis in ANALYSES
)


def load_samples(
    store: Store,
    catalogue: Catalogue,
    analyses: Analyses,
    exports: Exports,
    organisation_id: str,
    *,
    by: str,
    lock_dir: Path,
) -> None:
    """Load what of the samples is missing, unless they were loaded before; two processes may call it at once."""
    with (lock_dir / "samples.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with store.read() as session:
            if get_organisation(session, organisation_id).samples_loaded:
                return
        _load_missing(catalogue, analyses, exports, by=by)
        with store.write() as session:
            mark_samples_loaded(session, organisation_id)


def _load_missing(catalogue: Catalogue, analyses: Analyses, exports: Exports, *, by: str) -> None:
    """A start that was killed half-way goes on where it stopped."""
    known_analyses = {saved.spec.slug for saved in analyses.all()}
    known_exports = {saved.spec.name for saved in exports.all()}
    for dataset in DATASETS:
        if not catalogue.is_known(dataset.slug):
            catalogue.create(dataset, by=by)
    for analysis in ANALYSES:
        if analysis.slug not in known_analyses:
            analyses.create(analysis, by=by, note="Sample")
    for export in EXPORTS:
        if export.name not in known_exports:
            exports.create(export, by=by)
