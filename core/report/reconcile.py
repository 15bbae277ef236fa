"""The four methods side by side: figures that add up as printed, and where and why they differ, in words.

In English: only the Bridge page and the API show it, no report and no message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.engine.notes import MOST_COVARIANCE
from core.engine.reconcile import Reconciled, Way
from core.model.analysis import Method
from core.model.document import Line, Table, Text
from core.report.numbers import largest_remainder, percent
from core.report.printed import PrintedBridge, PrintedStep, capitalised, tone
from core.report.words import Words

ALIGNS: tuple[Literal["left", "right"], ...] = ("left", "right", "right", "right", "right", "right")
MOST_LETTERS = 32
NAMES: dict[Method, str] = {
    "shapley": "Shapley",
    "lmdi": "LMDI",
    "sequential": "Sequential",
    "covariance": "Covariance",
}
WHEN: dict[Method, str] = {
    "shapley": "Fair and independent of the order: use it unless you must match figures that were made another way.",
    "lmdi": "Logarithmic shares: use it to match energy and emission studies; no step may be negative.",
    "sequential": "One step after the other: use it where the order is agreed, as in price-volume-mix sheets.",
    "covariance": "Each step alone, the rest handed out by size: use it only to match tools that do so.",
}


@dataclass(frozen=True)
class PrintedWay:
    """A method with its contributions in smallest printed steps; none where it is not defined, `why_not` says why."""

    method: Method
    units: tuple[int, ...]
    why_not: str

    @property
    def name(self) -> str:
        """What the method is called."""
        return NAMES[self.method]


@dataclass(frozen=True)
class PrintedMethods:
    """A bridge under all methods; every column adds up to the printed change."""

    printed: PrintedBridge
    found: Reconciled
    ways: tuple[PrintedWay, ...]

    @property
    def defined(self) -> tuple[PrintedWay, ...]:
        """The methods that explain this bridge."""
        return tuple(way for way in self.ways if not way.why_not)

    @property
    def apart(self) -> tuple[int, ...]:
        """By step how far the methods lie apart, as printed."""
        return tuple(max(row) - min(row) for row in zip(*(way.units for way in self.defined), strict=True))


def print_methods(printed: PrintedBridge, found: Reconciled) -> PrintedMethods:
    """The contributions of every method rounded so that each column adds up to the printed change."""
    numbers = printed.numbers
    return PrintedMethods(
        printed,
        found,
        tuple(
            PrintedWay(
                way.method,
                tuple(largest_remainder([numbers.units(value) for value in way.contributions], printed.change)),
                _why_not(printed, way),
            )
            for way in found.ways
        ),
    )


def methods_table(methods: PrintedMethods) -> Table:
    """A row a step, a column a method, how far they lie apart; the last row is the change."""
    printed, nothing = methods.printed, Words.of(methods.printed.locale).text("not_available")
    apart = methods.apart or (0,) * len(printed.steps)
    rows = [
        (
            Text(_name(step)),
            *(_cell(methods, way, position) for way in methods.ways),
            _distance(methods, apart[position]),
        )
        for position, step in enumerate(printed.steps)
    ]
    change = (Text(nothing if way.why_not else printed.change_text, "strong") for way in methods.ways)
    total = (Text(_shortened(printed.kpi), "strong"), *change, Text(""))
    head = ("Step", *(way.name for way in methods.ways), "Apart")
    return Table(head, ALIGNS, (*rows, total), has_total=True)


def methods_comment(methods: PrintedMethods) -> tuple[Line, ...]:
    """Where the methods differ, why, and which one is not defined for this bridge."""
    if not methods.printed.is_defined:
        return ((Text("The KPI is divided by 0 on one side, so no method explains a change."),),)
    lines = [_agreement(methods)] if methods.found.agrees else list(_differences(methods))
    return (*lines, *((Text(f"{way.name} is left out: {way.why_not}."),) for way in methods.ways if way.why_not))


def covariance_badge(share: float, locale: str) -> tuple[str, str, bool]:
    """What the badge and the sentence beside it say of the interaction, and whether it is too much."""
    printed, is_large = percent(share * 100, locale, decimals=0, sign=False), share > MOST_COVARIANCE
    said = f"The interaction is {printed} of the single effects"
    large = f"{said}: handing it out by their size, as method covariance does, is arbitrary. Rather take Shapley."
    small = f"{said}; method covariance hands it out by their size."
    return f"Covariance {printed}", large if is_large else small, is_large


def _why_not(printed: PrintedBridge, way: Way) -> str:
    """Empty where the method is defined."""
    if way.reason == "negative":
        below = [step.label for step in printed.steps if min(step.base or 0.0, step.current or 0.0) < 0]
        return f"it takes logarithms, which need values of 0 or more, and {_listed(below)} is negative"
    return {
        "": "",
        "formula": "it explains products only, and this KPI has a formula",
        "mixture": "it mixes steps of base with steps of current, and the formula divides by 0 then",
        "undefined": "the KPI is divided by 0 on one side",
    }[way.reason]


def _agreement(methods: PrintedMethods) -> Line:
    if len(methods.printed.steps) == 1:
        return (Text("There is one step, so it takes the whole change whatever the method."),)
    return (Text("All methods agree: what one step does to the KPI does not depend on the others."),)


def _differences(methods: PrintedMethods) -> Iterator[Line]:
    yield _largest(methods)
    yield from _interaction(methods)
    yield from _order(methods)
    yield from _zeros(methods)
    yield from _directions(methods)


def _largest(methods: PrintedMethods) -> Line:
    position = max(range(len(methods.apart)), key=lambda place: methods.found.spread[place])
    ranked = sorted(methods.defined, key=lambda way: way.units[position])
    low, high = ranked[0], ranked[-1]
    change = methods.printed.numbers.change
    return (
        Text("They differ most on "),
        _strong(methods.printed.steps[position]),
        Text(f": {change(low.units[position])} ({low.name}) to {change(high.units[position])} ({high.name})."),
    )


def _interaction(methods: PrintedMethods) -> Iterator[Line]:
    """What no step does by itself: printed alone and printed rest come to the printed change."""
    numbers, printed = methods.printed.numbers, methods.printed
    if not methods.found.alone:
        return
    alone = numbers.rounded(sum(methods.found.alone))
    rest = printed.change - alone
    if rest:
        yield (
            Text(
                f"Moved one at a time, the steps come to {numbers.change(alone)}; the change is {printed.change_text}. "
            ),
            Text(numbers.change(rest), "strong"),
            Text(" arises only where several move together, and each method hands that out in its own way."),
        )


def _order(methods: PrintedMethods) -> Iterator[Line]:
    """What sequential makes of the step that depends on the order most."""
    forward, backward = methods.found.way("sequential").contributions, methods.found.reverse
    if not forward or not backward:
        return
    numbers = methods.printed.numbers
    position = max(range(len(forward)), key=lambda place: abs(forward[place] - backward[place]))
    here, there = numbers.rounded(forward[position]), numbers.rounded(backward[position])
    if here != there:
        yield (
            Text("Sequential depends on the order: with the last step first, "),
            _strong(methods.printed.steps[position]),
            Text(f" would be {numbers.change(there)} instead of {numbers.change(here)}."),
        )


def _zeros(methods: PrintedMethods) -> Iterator[Line]:
    zeros = [step for step in methods.printed.steps if step.name in methods.found.zeros]
    if zeros and methods.found.way("lmdi").contributions:
        verb = "is" if len(zeros) == 1 else "are"
        names = _listed([step.label for step in zeros])
        yield (
            Text(capitalised(names), "strong"),
            Text(f" {verb} 0 on one side: LMDI puts the whole change there, the others leave the other steps a part."),
        )


def _directions(methods: PrintedMethods) -> Iterator[Line]:
    """Steps that one method takes for a help and another one for a burden."""
    torn = [
        step.label
        for position, step in enumerate(methods.printed.steps)
        if min(way.units[position] for way in methods.defined) < 0 < max(way.units[position] for way in methods.defined)
    ]
    if torn:
        yield (Text("Even the direction depends on the method for "), Text(f"{_listed(torn)}.", "strong"))


def _cell(methods: PrintedMethods, way: PrintedWay, position: int) -> Text:
    if way.why_not:
        return Text(Words.of(methods.printed.locale).text("not_available"), "muted")
    units, step = way.units[position], methods.printed.steps[position]
    colour = tone(units, step.polarity)
    return Text(methods.printed.numbers.change(units), colour if colour in ("good", "bad") else "plain")


def _distance(methods: PrintedMethods, units: int) -> Text:
    return Text(methods.printed.numbers.amount(units), "muted")


def _name(step: PrintedStep) -> str:
    return _shortened(capitalised(step.label) if "/" not in step.label else step.label)


def _shortened(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1].rstrip()}…"


def _strong(step: PrintedStep) -> Text:
    return Text(step.label, "strong")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
