"""What an export must be before it is kept: complete, and such that its report can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from core.analyses import Analyses
from core.catalogue import Catalogue
from core.connections import Connections
from core.delivery.condition import TOTAL
from core.delivery.destinations import check_destinations
from core.delivery.messages import content_for
from core.delivery.parameters import check_parameters
from core.delivery.reports import make_report
from core.delivery.rules import check_rule
from core.errors import DataError, EmptyComparison, NotFound
from core.model.analysis import AnalysisSpec
from core.model.delivery import ChannelDestination, ExportSpec, ReportContent, SendCondition
from core.model.triggers import ScheduleTrigger, UrlTrigger
from core.report.document import require_steps
from core.warehouse import Warehouse


@dataclass(frozen=True)
class ExportCheck:
    """Looks at exports with the organisation's analyses and data."""

    analyses: Analyses
    catalogue: Catalogue
    warehouse: Warehouse
    connections: Connections
    clock: Callable[[], datetime]

    def __call__(self, spec: ExportSpec) -> None:
        """Raises DataError for what would not work: no destination, an unknown analysis, an element not there."""
        if spec.is_active:
            _require_complete(spec)
        check_destinations(spec, self.connections.kinds())
        slugs = [link.settings.slug for link in spec.links]
        if twice := next((slug for slug in slugs if slugs.count(slug) > 1), None):
            raise DataError(
                f"Slug '{twice}' is named by two link destinations. Give each its own.", field="destinations"
            )
        analyses = [self._analysis(spec.content, place) for place in range(len(spec.content.analyses))]
        self._check_triggers(spec, list(dict.fromkeys(analysis.dataset for analysis in analyses)))
        for content in dict.fromkeys(one.model_dump_json() for one in _contents(spec)):
            whole = ReportContent.model_validate_json(content)
            drawn = [self._draw(analysis, own) for analysis, own in zip(analyses, whole.reports, strict=True)]
            if None not in drawn:
                _require_crossings(spec, {name for names in drawn for name in names or ()})

    def _analysis(self, content: ReportContent, place: int) -> AnalysisSpec:
        try:
            return self.analyses.get(content.analyses[place]).spec
        except NotFound as error:
            field = f"content.parts.{place}.analysis" if content.parts else "content.analysis"
            raise DataError(str(error), field=field) from None

    def _check_triggers(self, spec: ExportSpec, datasets: Sequence[str]) -> None:
        for place, trigger in enumerate(spec.triggers):
            try:
                if isinstance(trigger, ScheduleTrigger):
                    check_rule(trigger)
                elif isinstance(trigger, UrlTrigger):
                    for dataset in datasets:
                        check_parameters(trigger, self.catalogue.get(dataset))
                else:
                    self._require_dataset(trigger.dataset)
                    for kept in trigger.instead_of:
                        check_rule(kept)
            except DataError as error:
                raise DataError(str(error), field=f"triggers.{place}.{error.field}") from None

    def _require_dataset(self, slug: str) -> None:
        try:
            self.catalogue.get(slug)
        except NotFound as error:
            raise DataError(str(error), field="dataset") from None

    def _draw(self, analysis: AnalysisSpec, content: ReportContent) -> frozenset[str] | None:
        """Draw it once; its steps. None for periods without rows: no mistake of the export, the data may still come."""
        version = self.catalogue.latest(analysis.dataset)
        with suppress(EmptyComparison):
            made = make_report(self.warehouse, analysis, content, version, rendered_at=self.clock())
            require_steps(content, made.bridge)
            return frozenset({*made.bridge.steps["step"], *(step.name for step in made.bridge.equation.steps)})
        return None


def _contents(spec: ExportSpec) -> list[ReportContent]:
    """What is drawn: the export's content, and what destinations show whose filters or elements differ."""
    own = [channel for channel in spec.channels if channel.overrides.where or channel.overrides.elements is not None]
    return [spec.content, *(content_for(spec.content, channel) for channel in own)]


def _require_crossings(spec: ExportSpec, steps: set[str]) -> None:
    """Raises DataError for a condition on a step that none of the analyses has. steps: of all of them."""
    asked: dict[str, SendCondition | None] = {"condition": spec.condition}
    asked |= {f"content.parts.{place}.condition": part.condition for place, part in enumerate(spec.content.parts)}
    asked |= {
        f"destinations.{place}.overrides.condition": one.overrides.condition
        for place, one in enumerate(spec.destinations)
        if isinstance(one, ChannelDestination)
    }
    for field, condition in asked.items():
        for crossing in (*condition.any, *condition.all) if condition else ():
            if crossing.step not in {TOTAL, *steps}:
                listed = ", ".join((TOTAL, *sorted(steps)))
                raise DataError(f"There is no step '{crossing.step}'. Choose one of: {listed}.", field=field)


def _require_complete(spec: ExportSpec) -> None:
    """What is sent needs a destination and something that starts it; a link alone is drawn when it is opened."""
    if not spec.destinations:
        raise DataError("An export without a destination cannot be switched on. Add one.", field="destinations")
    if spec.channels and not spec.triggers:
        raise DataError("An export without a trigger cannot be switched on. Add one.", field="triggers")
