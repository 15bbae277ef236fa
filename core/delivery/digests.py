"""The making of what an export shows: the report of one analysis, or a digest of several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from core.delivery.condition import judge_part, own_thresholds
from core.delivery.reports import Made, Source, make_report
from core.model.delivery import PartSpec, ReportContent, SendCondition
from core.report.digest import merged
from core.report.words import Words
from core.warehouse import Warehouse

ALWAYS = SendCondition()
ON_ALERT = SendCondition(kind="alert")


def make_shown(
    warehouse: Warehouse,
    sources: Sequence[Source],
    content: ReportContent,
    *,
    name: str,
    rendered_at: datetime,
    words: Words | None = None,
    hidden: Collection[str] = (),
    condition: SendCondition = ALWAYS,
) -> Made:
    """What `content` shows. Raises as `make_report`.

    sources: of each of its analyses, in order. name: of a digest. condition: the export's, by which a part is quiet.
    """
    made = [
        make_report(
            warehouse,
            source.analysis,
            own,
            source.version,
            rendered_at=rendered_at,
            words=words,
            hidden=hidden,
            revision=source.revision,
            locks=source.locks,
        )
        for source, own in zip(sources, content.reports, strict=True)
    ]
    if not content.parts:
        return made[0]
    pairs = zip(made, content.parts, strict=True)
    told = [one for one, part in pairs if content.quiet_parts == "show" or not is_quiet(one, part, condition)]
    quiet = [one.report for one in made if one not in told]
    report = merged([one.report for one in told], quiet, name=name, words=words or Words.of(content.locale))
    return replace((told or made)[0], report=report, parts=tuple(told))


def is_quiet(made: Made, part: PartSpec, condition: SendCondition) -> bool:
    """Whether a part did not move enough: by its own condition, the export's, or the thresholds of its analysis.

    One that has no threshold is never quiet, nor one whose KPI is undefined: the gate must see it.
    """
    if made.bridge.total.change is None:
        return False
    own = part.condition or (condition if condition.kind == "alert" else ON_ALERT)
    if own.kind == "alert" and not (own.any or own.all) and not own_thresholds(made.bridge):
        return False
    return not judge_part(own, made.bridge).holds
