"""The reports of several analyses as one: a digest, in the order of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.model.document import Line, Report, Section, Text
from core.report.messages import joined
from core.report.sections import with_own_keys
from core.report.words import Words


def merged(told: Sequence[Report], quiet: Sequence[Report], *, name: str, words: Words) -> Report:
    """One report of the parts that are told; quiet: those that are left out, named in a sentence.

    Its data is as old as the oldest of its parts. Each section knows its part.
    """
    every = [*told, *quiet]
    headline = _headline(every, words)
    days = [report.covers_until for report in every if report.covers_until]
    sections = [section for place, report in enumerate(told) for section in _part(report, place)]
    left_out = ", ".join(report.name for report in quiet)
    return replace(
        every[0],
        name=name,
        headline=headline,
        sections=with_own_keys(sections or [Section("alert", (), comment=(headline,))]),
        as_of=min(report.as_of for report in every),
        covers_until=min(days) if days else None,
        alert=_alert(told, headline),
        has_crossed=any(report.has_crossed for report in every),
        warnings=(words.text("digest_left_out", names=left_out),) if quiet else (),
    )


def _headline(every: Sequence[Report], words: Words) -> Line:
    """How many of them moved beyond their threshold."""
    moved = sum(report.has_crossed for report in every)
    key = {0: "headline_digest_none", 1: "headline_digest_one"}.get(moved, "headline_digest")
    return words.phrase(key, moved=str(moved), all=str(len(every)))


def _alert(told: Iterable[Report], headline: Line) -> Line:
    """The sum, and what crossed; nothing where no part shows its alert."""
    shown = [report for report in told if report.alert]
    if not shown:
        return ()
    said = [
        part for report in shown if report.has_crossed for part in (Text(f" {report.name}: ", "strong"), *report.alert)
    ]
    return joined([*headline, Text("."), *said])


def _part(report: Report, place: int) -> list[Section]:
    """The sections of one analysis under its name: a heading of their own in a list, elsewhere at each of them."""
    if report.layout == "list":
        heading = Section("part", (Text(report.name),))
        return [replace(section, part=report.name, place=place) for section in (heading, *report.sections)]
    return [
        replace(section, part=report.name, place=place, subtitle=_under(report.name, section.subtitle))
        for section in report.sections
    ]


def _under(name: str, subtitle: str) -> str:
    return f"{name} · {subtitle}" if subtitle else name
