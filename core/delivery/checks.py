"""What an export must be before it is kept: complete, and such that its report can be drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from core.analyses import Analyses
from core.catalogue import Catalogue
from core.delivery.reports import make_report
from core.errors import DataError, EmptyComparison, NotFound
from core.model.analysis import AnalysisSpec
from core.model.delivery import ExportSpec, ReportContent
from core.report.document import require_steps
from core.warehouse import Warehouse


@dataclass(frozen=True)
class ExportCheck:
    """Looks at exports with the organisation's analyses and data."""

    analyses: Analyses
    catalogue: Catalogue
    warehouse: Warehouse
    clock: Callable[[], datetime]

    def __call__(self, spec: ExportSpec) -> None:
        """Raises DataError for what would not work: no destination, an unknown analysis, an element not there."""
        if spec.is_active and not spec.destinations:
            raise DataError("An export without a destination cannot be switched on. Add one.", field="destinations")
        slugs = [link.settings.slug for link in spec.links]
        if twice := next((slug for slug in slugs if slugs.count(slug) > 1), None):
            raise DataError(
                f"Slug '{twice}' is named by two link destinations. Give each its own.", field="destinations"
            )
        try:
            analysis = self.analyses.get(spec.content.analysis).spec
        except NotFound as error:
            raise DataError(str(error), field="content.analysis") from None
        self._draw(analysis, spec.content)

    def _draw(self, analysis: AnalysisSpec, content: ReportContent) -> None:
        """Draw it once. Periods without rows are no mistake of the export: the data may still come."""
        version = self.catalogue.latest(analysis.dataset)
        with suppress(EmptyComparison):
            made = make_report(self.warehouse, analysis, content, version, rendered_at=self.clock())
            require_steps(content, made.bridge)
