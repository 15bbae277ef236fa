"""The steps of a printed Bridge by their own values: how much each one changed, its numerator, its denominator."""

from __future__ import annotations

from dataclasses import dataclass

from core.engine.bridge import whole_columns
from core.engine.leaves import Leaf
from core.engine.terms import DAYS, step_terms
from core.model.sums import BASE, CURRENT
from core.report.bars import arrow
from core.report.numbers import pair, percent, points
from core.report.printed import PrintedBridge, PrintedStep, relative
from core.report.shapes import Tone

RATE = "%"
ONE_POINT = 0.01


@dataclass(frozen=True)
class Part:
    """A metric on both sides: the numerator or the denominator of a step. change_text: in percent, or n/a."""

    label: str
    base: float
    current: float
    from_text: str
    to_text: str
    change_text: str


@dataclass(frozen=True)
class Level:
    """One row of the funnel: a step, or the KPI.

    key: the step's name, "" for the KPI. change: of its own value in percent, None where that is undefined.
    points: the change of a rate in points, else "".
    units, effect, impact: its contribution in smallest printed steps, in KPI units, printed.
    parts: numerator and denominator; a volume and the KPI have none.
    """

    key: str
    label: str
    base: float | None
    current: float | None
    from_text: str
    to_text: str
    change: float | None
    change_text: str
    points: str
    units: int
    effect: float | None
    impact: str
    tone: Tone
    parts: tuple[Part, ...] = ()

    @property
    def is_total(self) -> bool:
        """Whether it is the KPI."""
        return not self.key

    @property
    def rise(self) -> float | None:
        """Change of its own value, None where a side is undefined."""
        return None if self.base is None or self.current is None else self.current - self.base

    @property
    def description(self) -> str:
        """All of it in one line."""
        changes = ", ".join(filter(None, (self.change_text, self.points)))
        inside = (f"{part.label} {arrow(part.from_text, part.to_text)} ({part.change_text})" for part in self.parts)
        said = [f"{self.label}: {arrow(self.from_text, self.to_text)} ({changes})", *inside]
        return "; ".join(said)


def levels(printed: PrintedBridge) -> tuple[Level, ...]:
    """A row a step, then the KPI where it is not its only step."""
    leaves = printed.bridge.plan.leaves
    rows = [_level(printed, step, leaf) for step, leaf in zip(printed.steps, leaves, strict=True)]
    return tuple(rows if len(rows) == 1 and printed.is_defined else [*rows, kpi_level(printed)])


def kpi_level(printed: PrintedBridge) -> Level:
    """The KPI as a row."""
    total, is_rate = printed.bridge.total, printed.numbers.is_rate
    return Level(
        key="",
        label=printed.kpi,
        base=total.base,
        current=total.current,
        from_text=printed.base_text,
        to_text=printed.current_text,
        change=total.change_pct,
        change_text=printed.change_percent,
        points=printed.change_text if is_rate and printed.is_defined else "",
        units=printed.change,
        effect=total.change,
        impact=printed.change_text,
        tone=printed.tone,
    )


def _level(printed: PrintedBridge, step: PrintedStep, leaf: Leaf) -> Level:
    is_rate = step.unit == RATE and step.base is not None and step.current is not None
    return Level(
        key=step.name,
        label=step.heading,
        base=step.base,
        current=step.current,
        from_text=step.from_text,
        to_text=step.to_text,
        change=step.change_pct,
        change_text=percent(step.change_pct, printed.locale),
        points=_points(step, printed.locale) if is_rate else "",
        units=step.units,
        effect=step.contribution,
        impact=printed.numbers.change(step.units),
        tone=step.tone,
        parts=_parts(printed, leaf),
    )


def _points(step: PrintedStep, locale: str) -> str:
    change = (step.current or 0.0) - (step.base or 0.0)
    return points(change, locale, decimals=1 if abs(change) >= ONE_POINT else 2)


def _parts(printed: PrintedBridge, leaf: Leaf) -> tuple[Part, ...]:
    if leaf.is_volume or leaf.terms.ratio is None:
        return ()
    return tuple(_part(printed, metric) for metric in leaf.terms.ratio)


def _part(printed: PrintedBridge, metric: str) -> Part:
    values = whole_columns(printed.bridge.sums)[metric][:, 0]
    base, current = float(values[BASE]), float(values[CURRENT])
    from_text, to_text = pair(base, current, _unit(printed, metric), printed.locale)
    label = printed.words.text("days_label") if metric == DAYS else printed.label(metric)
    return Part(label, base, current, from_text, to_text, percent(relative(base, current), printed.locale))


def _unit(printed: PrintedBridge, metric: str) -> str:
    """The unit of a metric where a step or the KPI is nothing but it."""
    for step in printed.steps:
        if step.step and step.step.denominator is None and step.step.numerator == metric:
            return step.unit
    return printed.bridge.equation.unit if printed.bridge.plan.kpi == step_terms((metric,)) else ""
