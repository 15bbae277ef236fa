"""The engine's notes in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from babel.dates import get_day_names

from core.engine.notes import Note
from core.report.messages import CATALOGUES, text
from core.report.numbers import digits, language, percent
from core.report.printed import PrintedBridge, PrintedStep

ON_STEPS = ("merged_steps", "undefined_step")


def bridge_notes(printed: PrintedBridge) -> tuple[str, ...]:
    """The notes on a bridge."""
    return tuple(note_text(note, printed.locale) for note in printed.bridge.notes)


def step_notes(printed: PrintedBridge, step: PrintedStep) -> tuple[str, ...]:
    """What is said about one step: that it is undefined, or several in one."""
    return tuple(
        note_text(note, printed.locale)
        for note in printed.bridge.notes
        if note.code in ON_STEPS and note.values.get("step") == step.name
    )


def note_text(note: Note, locale: str) -> str:
    """The note as a sentence; English, where the catalogue has no sentence of its own for it."""
    spoken, key = language(locale), f"note_{note.code}"
    if spoken == "en" or key not in CATALOGUES[spoken]:
        return note.text
    return text(spoken, key, **_printed(note.values, locale))


def _printed(values: Mapping[str, object], locale: str) -> dict[str, str]:
    return {name: _value(name, value, locale) for name, value in values.items()}


def _value(name: str, value: object, locale: str) -> str:
    if name == "share" and isinstance(value, float):
        return percent(value * 100, locale, decimals=0, sign=False)
    if name == "side":
        return text(language(locale), str(value))
    if name == "weekdays" and isinstance(value, tuple):
        return _weekdays(value, locale)
    if isinstance(value, float):
        return digits(value, 2, locale)
    return digits(value, 0, locale) if isinstance(value, int) else str(value)


def _weekdays(differing: Iterable[tuple[int, int, int]], locale: str) -> str:
    """How often each weekday is on either side: "Donnerstag 5/4, Freitag 5/4"."""
    names = get_day_names("wide", locale=language(locale))
    return ", ".join(f"{names[day]} {base}/{current}" for day, base, current in differing)
