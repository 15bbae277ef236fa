"""Found segments with their figures printed once: the pieces' contributions add up to the printed change."""

from __future__ import annotations

from dataclasses import dataclass

from core.engine.segments import EVERYTHING_ELSE, Found
from core.report.numbers import largest_remainder, pair
from core.report.printed import PrintedBridge, PrintedStep
from core.report.shapes import Tone

Conditions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PrintedPiece:
    """One piece, or everything else, which has no conditions; base, current: the KPI's or the step's value in it."""

    conditions: Conditions
    base: float | None
    current: float | None
    from_text: str
    to_text: str
    contribution: float
    units: int

    @property
    def values(self) -> str:
        """Its values alone: "DE · mobile"."""
        return " · ".join(value for _, value in self.conditions)

    @property
    def segment(self) -> str:
        """Its name in the frame of what was found."""
        return " & ".join(f"{name}={value}" for name, value in self.conditions) or EVERYTHING_ELSE


@dataclass(frozen=True)
class PrintedFound:
    """What a search found in the KPI, or in a step of it."""

    whole: PrintedBridge
    found: Found
    step: PrintedStep | None
    pieces: tuple[PrintedPiece, ...]
    rest: PrintedPiece

    @property
    def subject(self) -> str:
        """What was searched, at the beginning of a sentence."""
        return self.whole.kpi if self.step is None else self.step.heading

    @property
    def units(self) -> int:
        """What all pieces add up to."""
        return self.whole.change if self.step is None else self.step.units

    @property
    def change_text(self) -> str:
        """What all pieces add up to, printed."""
        return self.whole.numbers.change(self.units)

    @property
    def polarity(self) -> int:
        """1 where a positive contribution is good."""
        return self.whole.polarity if self.step is None else self.step.polarity

    @property
    def tone(self) -> Tone:
        """Whether the whole is good."""
        return self.whole.tone if self.step is None else self.step.tone

    @property
    def ends(self) -> tuple[str, str]:
        """The whole's value on both sides, printed."""
        if self.step is None:
            return self.whole.base_text, self.whole.current_text
        return self.step.from_text, self.step.to_text


def print_found(whole: PrintedBridge, found: Found) -> PrintedFound:
    """The pieces in the bridge's own numbers."""
    step = None if found.step is None else whole.step(found.step)
    rows = list(found.frame.iter_rows(named=True))
    units = largest_remainder(
        [whole.numbers.units(row["contribution"]) for row in rows], whole.change if step is None else step.units
    )
    conditions: list[Conditions] = [*(piece.conditions for piece in found.pieces), ()]
    equation = whole.bridge.equation
    unit, decimals = (equation.unit, equation.decimals) if step is None else (step.unit, step.decimals)
    printed = tuple(
        PrintedPiece(
            mine,
            row["base"],
            row["current"],
            *pair(row["base"], row["current"], unit, whole.locale, decimals=decimals),
            row["contribution"],
            count,
        )
        for mine, row, count in zip(conditions, rows, units, strict=True)
    )
    return PrintedFound(whole, found, step, printed[:-1], printed[-1])
