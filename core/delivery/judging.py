"""Whether what a run shows moved enough to be sent: computed once, held against the conditions of an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from core.analyses import compute
from core.delivery.condition import Verdict, judge, judge_part
from core.delivery.filters import narrowed
from core.delivery.reports import Source, locked
from core.engine.bridge import Bridge
from core.model.delivery import ReportContent, SendCondition
from core.warehouse import Warehouse


@dataclass(frozen=True, eq=False)
class Judging:
    """The bridges of a content on its sources, without any detail."""

    warehouse: Warehouse
    sources: Sequence[Source]
    content: ReportContent

    @cached_property
    def bridges(self) -> tuple[Bridge, ...]:
        """One an analysis, in order. Raises as `compute`."""
        return tuple(
            compute(self.warehouse, narrowed(locked(source.analysis, own), source.locks), source.version, dimensions=())
            for source, own in zip(self.sources, self.content.reports, strict=True)
        )

    @property
    def period(self) -> str:
        """What is compared, so that the same is told once: current sides with their columns."""
        compared = [bridge.comparison for bridge in self.bridges]
        return "; ".join(dict.fromkeys(f"{one.by}: {one.current}" for one in compared if one is not None))

    def verdict(self, condition: SendCondition) -> Verdict:
        """Of a digest it holds when it does for one of its parts, each by its own condition if it has one."""
        if not self.content.parts:
            return judge(condition, self.bridges[0])
        verdicts = [
            (source.analysis.name, judge_part(part.condition or condition, bridge))
            for source, part, bridge in zip(self.sources, self.content.parts, self.bridges, strict=True)
        ]
        found = tuple(f"{name}: {sentence}" for name, verdict in verdicts for sentence in verdict.found)
        return Verdict(any(verdict.holds for _, verdict in verdicts), found)
