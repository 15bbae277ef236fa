"""What a reader of a test must know: why there is none, and what makes it worth less (docs/formulas.md, F3.8)."""

from __future__ import annotations

from collections.abc import Iterator

from core.engine.noise import LEAST_DAYS
from core.engine.notes import Note
from core.model.comparison import Comparison, DateSide, GroupSide

OTHER_SHARE = 0.01
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def calendar_step() -> Note:
    """The step of the days."""
    return Note("test_calendar", "The calendar decides the number of days, not chance.")


def undefined_test() -> Note:
    """A step that is divided by 0."""
    return Note("test_undefined", "The step is undefined on a side.")


def never_filled(metric: str, side: str) -> Note:
    """A metric without any value."""
    return Note("test_never_filled", f"{metric} is empty in every row of {side}.", {"metric": metric, "side": side})


def distinct_days(metric: str) -> Note:
    """A metric that does not add up over days."""
    text = f"{metric} counts distinct values, and those of days do not add up."
    return Note("test_distinct", text, {"metric": metric})


def without_days() -> Note:
    """Rows without a day."""
    return Note("test_without_days", "Rows have no day, so there is no variation from day to day to compare with.")


def few_days(base: int, current: int) -> Note:
    """Too few days on a side."""
    text = (
        f"Days with data: {base} in base, {current} in current. It takes {LEAST_DAYS} on each side to know their noise."
    )
    return Note("test_few_days", text, {"base": base, "current": current, "least": LEAST_DAYS})


def no_variance(*, has_moved: bool) -> Note:
    """Days that are all alike."""
    if has_moved:
        return Note("test_steady_days", "All days of a side are alike, so there is no noise to judge the change by.")
    return Note("test_constant", "Every day is the same on both sides: nothing moved.")


def counts_alone() -> Note:
    """A test that does not know days."""
    return Note("test_counts_alone", "Judged by counts alone, as if each event came by itself: p is too small if not.")


def days_resemble(likeness: float) -> Note:
    """Days that follow each other are alike."""
    text = f"A day resembles the one before it (autocorrelation {likeness:.2f}), so p is optimistic."
    return Note("test_days_resemble", text, {"likeness": round(likeness, 2)})


def on_weekdays(comparison: Comparison) -> Iterator[Note]:
    """Says which weekdays have another share of base than of current."""
    base, current = comparison.base, comparison.current
    if not isinstance(base, DateSide) or not isinstance(current, DateSide):
        return
    counts = zip(range(7), _weekdays(base), _weekdays(current), strict=True)
    differing = tuple(each for each in counts if abs(each[1] / base.days - each[2] / current.days) > OTHER_SHARE)
    if differing:
        named = ", ".join(f"{WEEKDAYS[day]} {before} against {after}" for day, before, after in differing)
        text = f"Base and current do not hold the same weekdays ({named}), which may explain part of the change."
        yield Note("test_weekdays", text, {"weekdays": differing})


def _weekdays(side: DateSide) -> list[int]:
    """How many of each weekday, Monday first."""
    weeks, rest = divmod(side.days, 7)
    return [weeks + ((day - side.first.weekday()) % 7 < rest) for day in range(7)]


def on_overlap(comparison: Comparison) -> Iterator[Note]:
    """Says when both sides hold the same rows."""
    base, current = comparison.base, comparison.current
    if isinstance(base, DateSide) and isinstance(current, DateSide):
        overlaps = base.first <= current.last and current.first <= base.last
    else:
        overlaps = isinstance(base, GroupSide) and isinstance(current, GroupSide) and _share_values(base, current)
    if overlaps:
        yield Note(
            "test_overlap", "Base and current share rows, which the test takes for separate ones: p is too large."
        )


def _share_values(base: GroupSide, current: GroupSide) -> bool:
    return bool(set(map(str, base.values)) & set(map(str, current.values)))
