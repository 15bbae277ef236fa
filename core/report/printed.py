"""A Bridge with its figures printed once: amounts in whole smallest steps that add up, values, percentages, tones.

Chart, table, comment and alert take their figures from here, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.engine.bridge import Bridge
from core.engine.equation import Step
from core.engine.leaves import Leaf
from core.engine.rhythm import Rhythm
from core.engine.significance import StepTest
from core.report.numbers import BEYOND_READING, Numbers, largest_remainder, pair
from core.report.shapes import Tone
from core.report.words import Words

TENTHS = 10
NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True)
class PrintedStep:
    """One step of a bridge.

    name: its own, by which it is asked for; label: what it is called, the column's label where it has no other name.
    units: its contribution in smallest printed steps; share: the contribution in percent of the base.
    decimals: places its values are printed with, None for as many as it takes.
    weight: what its segments are weighed by, the denominator; nothing for a volume.
    step: the equation's, None for merged ones and for the days. bridge: whose step it is.
    """

    name: str
    label: str
    base: float | None
    current: float | None
    from_text: str
    to_text: str
    contribution: float
    units: int
    share: float | None
    unit: str
    decimals: int | None
    polarity: int
    step: Step | None
    weight: str
    bridge: Bridge = field(repr=False, compare=False)

    @property
    def is_usual(self) -> bool | None:
        """Whether it moved within the usual variation of its days; None where that is not testable."""
        return self._test.is_usual

    def usual_text(self, words: Words) -> str:
        """That it did so, with how far apart the days of the data lie: "within usual week-to-week variation"."""
        return usual_text({self._test.rhythm}, words)

    @property
    def _test(self) -> StepTest:
        return next(test for test in self.bridge.tests if test.step == self.name)

    @property
    def tone(self) -> Tone:
        """Good or bad by the direction that is good for it."""
        return tone(self.units or self.contribution, self.polarity)

    @property
    def heading(self) -> str:
        """Its label at the beginning of a line; a formula such as "orders / visits" stays as it is."""
        return self.label if "/" in self.label else capitalised(self.label)

    @property
    def direction(self) -> int:
        """1 if its own value rose, -1 if it fell, 0 if it stayed or is undefined."""
        if self.base is None or self.current is None:
            return 0
        return (self.current > self.base) - (self.current < self.base)

    @property
    def change_pct(self) -> float | None:
        """Change of its own value in percent."""
        return relative(self.base, self.current)


@dataclass(frozen=True)
class PrintedBridge:
    """A Bridge in one locale. base, current and change are whole smallest printed steps.

    is_defined: False when the KPI is divided by 0 on a side; there is then no change, and nothing contributes.
    labels: what columns are called, where that is not their name. words: the sentences said about it.
    """

    bridge: Bridge
    locale: str
    numbers: Numbers
    base: int
    current: int
    steps: tuple[PrintedStep, ...]
    is_defined: bool
    labels: Mapping[str, str]
    words: Words

    def label(self, column: str) -> str:
        """What a column is called inside a sentence."""
        return within_sentence(self.labels.get(column, column), self.locale)

    @property
    def usual_text(self) -> str:
        """What stands for all steps that moved within the usual variation of their days."""
        return usual_text({test.rhythm for test in self.bridge.tests if test.is_usual}, self.words)

    @property
    def base_text(self) -> str:
        """The base total."""
        return self._level(self.bridge.total.base, self.base)

    @property
    def current_text(self) -> str:
        """The current total."""
        return self._level(self.bridge.total.current, self.current)

    @property
    def change_text(self) -> str:
        """The change with its sign."""
        return self.numbers.change(self.change) if self.is_defined else self.numbers.percent(None)

    def _level(self, value: float | None, units: int) -> str:
        return self.numbers.percent(None) if value is None else self.numbers.level(units)

    @property
    def change(self) -> int:
        """Printed current minus printed base; the steps' units add up to it."""
        return self.current - self.base

    @property
    def kpi(self) -> str:
        """The KPI's name at the beginning of a sentence."""
        return capitalised(self.labels.get(self.bridge.equation.total, self.bridge.equation.total))

    @property
    def kpi_inside(self) -> str:
        """The KPI's name inside a sentence."""
        return self.label(self.bridge.equation.total)

    @cached_property
    def change_percent(self) -> str:
        """The change in percent of the base, or n/a."""
        return self.numbers.percent(self.bridge.total.change_pct)

    @property
    def tone(self) -> Tone:
        """Whether the whole change is good."""
        return tone(self.change, self.polarity)

    @property
    def polarity(self) -> int:
        """1 where a rise of the KPI is good, -1 where a fall is."""
        return 1 if self.bridge.equation.good == "up" else -1

    def step(self, name: str) -> PrintedStep:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    def share_text(self, share: float | None) -> str:
        """A share of the base, printed; nothing for rates, which are never shown in percent of percent."""
        return "" if self.numbers.is_rate else self.numbers.percent(share)


def print_bridge(
    bridge: Bridge,
    locale: str,
    labels: Mapping[str, str] = NO_LABELS,
    words: Words | None = None,
    numbers: Numbers | None = None,
) -> PrintedBridge:
    """All figures of the bridge in that locale; printed contributions add up to the printed change.

    labels: what columns are called, where that is not their name. words: of the locale, the catalogue's by default.
    numbers: those of another bridge that it is printed like; default: what fits its own figures.
    """
    total, rows = bridge.total, list(bridge.steps.iter_rows(named=True))
    contributions = [float(row["contribution"] or 0.0) for row in rows]
    levels = [value for value in (total.base, total.current) if value is not None]
    equation = bridge.equation
    if numbers is None:
        numbers = Numbers.fitting(locale, equation.unit, levels, contributions, decimals=equation.decimals)
    base, current = numbers.rounded(total.base or 0.0), numbers.rounded(total.current or 0.0)
    is_defined = total.change is not None
    change = current - base if is_defined else 0
    units = largest_remainder([numbers.units(value) for value in contributions], change)
    shares = _shares([row["contribution_pct"] for row in rows], total.change_pct)
    steps = tuple(
        _print_step(bridge, leaf, row, count, share, locale, labels)
        for leaf, row, count, share in zip(bridge.plan.leaves, rows, units, shares, strict=True)
    )
    return PrintedBridge(bridge, locale, numbers, base, current, steps, is_defined, labels, words or Words.of(locale))


def _print_step(
    bridge: Bridge,
    leaf: Leaf,
    row: dict[str, Any],
    units: int,
    share: float | None,
    locale: str,
    labels: Mapping[str, str],
) -> PrintedStep:
    step = next((step for step in bridge.equation.steps if step.name == leaf.name), None)
    base, current, contribution = row["base"], row["current"], row["contribution"] or 0.0
    unit, decimals = _form(bridge, step)
    from_text, to_text = pair(base, current, unit, locale, decimals=decimals)
    return PrintedStep(
        name=leaf.name,
        label=labels.get(leaf.name, leaf.name) if step and step.name == step.formula else leaf.name,
        base=base,
        current=current,
        from_text=from_text,
        to_text=to_text,
        contribution=contribution,
        units=units,
        share=share,
        unit=unit,
        decimals=decimals,
        polarity=_polarity(bridge, step, base, current, contribution),
        step=step,
        weight=leaf.terms.ratio[1] if leaf.terms.ratio and not leaf.is_volume else "",
        bridge=bridge,
    )


def _form(bridge: Bridge, step: Step | None) -> tuple[str, int | None]:
    """Unit and forced decimals of a step: its own, else the KPI's where steps are parts of it.

    They are where there is one step alone, or where volumes are added up.
    """
    leaves, kpi = bridge.plan.leaves, bridge.equation
    unit, decimals = (step.unit, step.decimals) if step else ("", None)
    are_parts = len(leaves) == 1 or (bridge.plan.kpi.is_linear and all(leaf.is_volume for leaf in leaves))
    if unit or not are_parts:
        return unit, decimals
    return kpi.unit, kpi.decimals if decimals is None else decimals


def _polarity(bridge: Bridge, step: Step | None, base: float | None, current: float | None, contribution: float) -> int:
    """1 where a positive contribution is good. A step with a direction of its own is judged by its own value."""
    if step is None or step.good is None or base is None or current is None:
        return 1 if bridge.equation.good == "up" else -1
    weight = -1 if (current - base) * contribution < 0 else 1
    return weight if step.good == "up" else -weight


def _shares(shares: Sequence[float | None], total: float | None) -> list[float | None]:
    """Percentages in whole tenths that add up to the printed percentage of the change."""
    known = [share for share in shares if share is not None]
    if total is None or len(known) < len(shares) or abs(total) > BEYOND_READING:
        return list(shares)
    counted = largest_remainder([share * TENTHS for share in known], round(total * TENTHS))
    return [count / TENTHS for count in counted]


def usual_text(rhythms: Set[Rhythm | None], words: Words) -> str:
    """ "within usual day-to-day variation"; no more than "usual" where there is not one rhythm."""
    rhythm = next(iter(rhythms)) if len(rhythms) == 1 else None
    return words.text(f"within_usual_{rhythm}" if rhythm else "within_usual")


def relative(base: float | None, current: float | None) -> float | None:
    """Change in percent of the base; None where that is undefined."""
    if not base or current is None:
        return None
    return (current - base) / abs(base) * 100


def tone(value: float, polarity: int) -> Tone:
    """Good, bad, or rest for nothing."""
    if value == 0:
        return "rest"
    return "good" if value * polarity > 0 else "bad"


def capitalised(name: str) -> str:
    """The name with a capital at its beginning."""
    return name[:1].upper() + name[1:]


def within_sentence(name: str, locale: str) -> str:
    """A name inside a sentence: it loses a capital that is its only one, except in German."""
    is_plain = len(name) > 1 and name == name.capitalize()
    return name[:1].lower() + name[1:] if is_plain and not locale.startswith("de") else name
