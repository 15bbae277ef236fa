"""Two printed Bridges of one analysis in one drawing: merged into one, or the second behind, beside or below the first.

What is said about the two stands in `pair_comment`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from core.engine.pair import joint
from core.model.analysis import Show
from core.model.comparison import DateSide
from core.report.bars import bridge_alt, bridge_bars, floor_of, marked, usual_legend
from core.report.dates import against_label
from core.report.messages import text
from core.report.numbers import language
from core.report.printed import PrintedBridge, print_bridge, tone
from core.report.shapes import Bar, Entry, Group, Waterfall


@dataclass(frozen=True)
class PrintedPair:
    """The second comparison printed like the first: the same smallest step, so that figures can be held together."""

    first: PrintedBridge
    second: PrintedBridge
    show: Show

    @property
    def joint(self) -> Literal["base", "current"] | None:
        """At which side of the first comparison the second one meets it, if it does."""
        first, second = self.first.bridge.comparison, self.second.bridge.comparison
        return joint(first, second) if first and second else None

    @property
    def are_alike(self) -> bool:
        """Whether both have the same steps and a change to explain, so that these can stand side by side."""
        names = [[step.name for step in printed.steps] for printed in (self.first, self.second)]
        return names[0] == names[1] and self.first.is_defined and self.second.is_defined

    @property
    def labels(self) -> tuple[str, str]:
        """What each compares."""
        first, second = (against_label(p.bridge.comparison, p.locale) for p in (self.first, self.second))
        return first, second


def print_pair(first: PrintedBridge, second: PrintedBridge, show: Show = "merged") -> PrintedPair:
    """Both, the second one's figures with the places and the words of the first one's."""
    like_first = print_bridge(second.bridge, first.locale, first.labels, first.words, first.numbers)
    return PrintedPair(first, like_first, show)


def pair_bars(pair: PrintedPair, max_bars: int = 12) -> Waterfall:
    """Both as one waterfall; where their steps differ, the second stands below whatever was asked."""
    if pair.show == "merged" and pair.joint:
        return _merged(pair, max_bars)
    if pair.show in ("behind", "beside") and pair.are_alike:
        return _with_peers(pair, max_bars)
    return _below(pair, max_bars)


def pair_alt(pair: PrintedPair) -> str:
    """Alternative text with the numbers of both."""
    return " ".join(bridge_alt(printed, bridge_bars(printed)) for printed in (pair.first, pair.second))


def _merged(pair: PrintedPair, max_bars: int) -> Waterfall:
    """A, steps, B, steps, C in the order in which one leads to the other; a click picks only the first one's steps."""
    first, second = bridge_bars(pair.first, max_bars).bars, bridge_bars(pair.second, max_bars).bars
    silent = tuple(replace(bar, key="") for bar in second)
    leading, following = (silent, first) if pair.joint == "base" else (first, silent)
    bars = (*leading[:-1], _middle(leading[-1], following[0]), *following[1:])
    headings = pair.labels[::-1] if pair.joint == "base" else pair.labels
    last = len(leading) - 1
    groups = (Group(headings[0], 1, last - 1), Group(headings[1], last + 1, len(bars) - 2))
    floor, note = floor_of(pair.first, [bar.end for bar in bars])
    shown = tuple(group for group in groups if group.first <= group.last)
    return Waterfall(bars, "step", floor, "", shown, (*_said(note), *usual_legend(bars, pair.first)))


def _middle(end: Bar, start: Bar) -> Bar:
    """The total at which the two meet: what it changed to, and what it changed from."""
    return replace(end, from_to=start.from_to if end.from_to == start.from_to else "", key="")


def _with_peers(pair: PrintedPair, max_bars: int) -> Waterfall:
    """The second one's bars behind or beside the first one's, each step's from the same level."""
    bars = bridge_bars(pair.first, max_bars).bars
    totals = bridge_bars(pair.second, max_bars).bars
    peers = tuple(
        _light(totals[0 if index == 0 else -1]) if bar.is_total else _peer(pair, bar, bars)
        for index, bar in enumerate(bars)
    )
    is_behind = pair.show == "behind"
    shown = tuple(
        replace(bar, beneath=(f"({peer.printed})",) if is_behind else ()) for bar, peer in zip(bars, peers, strict=True)
    )
    floor, note = floor_of(pair.first, [bar.end for bar in (*shown, *peers)])
    legend = (*_legend(pair, is_behind=is_behind), *usual_legend((*shown, *peers), pair.first))
    return Waterfall(
        shown,
        "step",
        floor,
        note,
        legend=legend,
        peers=peers,
        peers_stand="behind" if is_behind else "left" if _is_earlier(pair) else "right",
    )


def _light(bar: Bar) -> Bar:
    return replace(bar, key="", beneath=(), is_light=True)


def _peer(pair: PrintedPair, bar: Bar, bars: tuple[Bar, ...]) -> Bar:
    """The second one's bar of the same step, or of those that are shown together."""
    kept = {other.key for other in bars} - {bar.key}
    steps = [step for step in pair.second.steps if (step.name == bar.key if bar.key else step.name not in kept)]
    units, contribution = sum(step.units for step in steps), sum(step.contribution for step in steps)
    change, is_usual = pair.second.numbers.change(units), bool(bar.key and steps and steps[0].is_usual)
    colour = tone(units, steps[0].polarity) if bar.key and steps else "rest"
    said, end = f"{bar.label}: {change} ({pair.labels[1]})", bar.start + contribution
    printed = marked(change, is_usual=is_usual)
    return Bar("", bar.label, "", bar.start, end, printed, (), colour, said, is_light=True, is_usual=is_usual)


def _is_earlier(pair: PrintedPair) -> bool:
    """Whether the second comparison lies before the first one; then it stands on the left."""
    first, second = pair.first.bridge.comparison, pair.second.bridge.comparison
    if first is None or second is None:
        return False
    if isinstance(first.current, DateSide) and isinstance(second.current, DateSide):
        return second.current.last < first.current.last
    return False


def _below(pair: PrintedPair, max_bars: int) -> Waterfall:
    """The second waterfall beneath the first at the same scale."""
    first, second = bridge_bars(pair.first, max_bars), bridge_bars(pair.second, max_bars)
    floor, note = floor_of(pair.first, [bar.end for bar in (*first.bars, *second.bars)])
    silent = tuple(replace(bar, key="") for bar in second.bars)
    headings = tuple(
        (Group(label, 0, len(waterfall.bars) - 1),)
        for label, waterfall in zip(pair.labels, (first, second), strict=True)
    )
    lower = Waterfall(silent, "step", floor, "", headings[1])
    legend = (*_said(note), *usual_legend((*first.bars, *silent), pair.first))
    return Waterfall(first.bars, "step", floor, "", headings[0], legend, below=lower)


def _said(note: str) -> tuple[Entry, ...]:
    """A note where headings take its place above the bars."""
    return (Entry(note),) if note else ()


def _legend(pair: PrintedPair, *, is_behind: bool) -> tuple[Entry, ...]:
    spoken = language(pair.first.locale)
    second = text(spoken, "pair_in_brackets", comparison=pair.labels[1]) if is_behind else pair.labels[1]
    entries = (Entry(pair.labels[0], "full"), Entry(second, "light"))
    if pair.first.base == pair.second.base:
        return entries
    return (*entries, Entry(text(spoken, "pair_same_level")))
