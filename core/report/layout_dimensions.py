"""Where compared dimensions stand: a heading a step, a row a dimension; all share one scale in units of the KPI.

On a row lies the range of the segments' own effects, its ends named beneath it; a diamond is the mix, a tick the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.report.picture import Mark, Picture, Place, Sheet, Stroke, tone_role
from core.report.printed import capitalised, tone
from core.report.printed_detail import PrintedSegment
from core.report.printed_dimensions import Compared, Spread
from core.report.shapes import Label
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import BOLD_FACTOR, shortened, text_width
from core.report.words import Words

HEAD, ROW, LEGEND_LINE = 34.0, 46.0, 18.0
DOT, DIAMOND, RANGE, TICK = 10.0, 11.0, 4.0, 9.0
NAMES, INTEREST, PAD, GAP = 150.0, 64.0, 10.0, 8.0


@dataclass(frozen=True)
class _Frame:
    """Where the plot lies, and the effects at its ends."""

    width: float
    left: float
    right: float
    low: float
    high: float
    is_narrow: bool

    def x(self, effect: float) -> float:
        reach = self.high - self.low
        share = (effect - self.low) / reach if reach else 0.5
        return self.left + PAD + (self.right - self.left - 2 * PAD) * share


def dimensions_picture(groups: Sequence[Compared], words: Words, width: float, *, is_narrow: bool = False) -> Picture:
    """All rows within `width`."""
    frame = _frame(groups, width, is_narrow=is_narrow)
    sheet = Sheet(width)
    _legend(sheet, frame, words)
    for group in groups:
        _head(sheet, group)
        for spread in group.spreads:
            _row(sheet, frame, group, spread, words)
        if group.more:
            key = "dimensions_other" if group.more == 1 else "dimensions_others"
            said = words.text(key, count=str(group.more))
            sheet.labels.append(Label(0, sheet.height + 8, said, "muted", SMALL_SIZE, "left"))
            sheet.height += 20
    return sheet.finished("step", "dimension")


def _frame(groups: Sequence[Compared], width: float, *, is_narrow: bool) -> _Frame:
    effects = [0.0]
    for group in groups:
        effects.append(group.step.contribution)
        for spread in group.spreads:
            effects += [spread.effect(spread.lowest), spread.effect(spread.highest)]
            effects += [spread.mix_effect] if spread.has_mix else []
    low, high = min(effects), max(effects)
    if is_narrow:
        return _Frame(width, 0.0, width, low, high, is_narrow)
    return _Frame(width, NAMES, width - INTEREST, low, high, is_narrow)


def _legend(sheet: Sheet, frame: _Frame, words: Words) -> None:
    """What bar, diamond and tick mean; the title of the last column."""
    x, y = 0.0, 8.0
    for name in ("range", "mix", "step"):
        text = words.text(f"dimensions_{name}")
        room = text_width(text, SMALL_SIZE) + 24
        if x and x + room > frame.width - (0 if frame.is_narrow else INTEREST):
            x, y = 0.0, y + LEGEND_LINE
        _sign(sheet, name, x, y)
        sheet.labels.append(
            Label(x + 24, y, shortened(text, SMALL_SIZE, frame.width - 24), "muted", SMALL_SIZE, "left")
        )
        x += room + 18
    if not frame.is_narrow:
        title = shortened(words.text("column_interest"), SMALL_SIZE, INTEREST * 1.6)
        sheet.labels.append(Label(frame.width, y, title, "muted", SMALL_SIZE, "right"))
    sheet.height = y + 10


def _sign(sheet: Sheet, name: str, x: float, y: float) -> None:
    if name == "range":
        sheet.strokes.append(Stroke(x + 3, x + 15, y, y, "rest", RANGE))
        sheet.marks += [Mark(x + 3, y, "circle", "total", 7), Mark(x + 15, y, "circle", "total", 7)]
    elif name == "mix":
        sheet.marks.append(Mark(x + 9, y, "diamond", "total", DIAMOND, is_hollow=True))
    else:
        sheet.strokes.append(Stroke(x + 9, x + 9, y - 7, y + 7, "ink", 2))


def _head(sheet: Sheet, group: Compared) -> None:
    step = group.step
    y = sheet.height + HEAD - 14
    change = group.spreads[0].detail.whole.numbers.change(step.units)
    room = sheet.width - text_width(change, LABEL_SIZE, bold=True) - 12
    label = shortened(step.heading, LABEL_SIZE * BOLD_FACTOR, room)
    sheet.labels.append(Label(0, y, label, "ink", LABEL_SIZE, "left", is_bold=True))
    after = text_width(label, LABEL_SIZE, bold=True) + 10
    sheet.labels.append(Label(after, y, change, tone_role(step.tone), LABEL_SIZE, "left", is_bold=True))
    sheet.strokes.append(Stroke(0, sheet.width, y + 13, y + 13, "line"))
    sheet.height += HEAD + 4


def _row(sheet: Sheet, frame: _Frame, group: Compared, spread: Spread, words: Words) -> None:
    top = sheet.height
    middle = top + (33 if frame.is_narrow else 13)
    key = (group.step.name, spread.dimension)
    _names(sheet, frame, spread, words, top + 13)
    _plot(sheet, frame, group, spread, middle, key)
    _ends(sheet, frame, spread, middle + 18)
    sheet.height = top + ROW + (20 if frame.is_narrow else 0)
    sheet.places.append(Place(0, frame.width, top, sheet.height, key, spread_said(group, spread, words)))


def _names(sheet: Sheet, frame: _Frame, spread: Spread, words: Words, y: float) -> None:
    name, count = capitalised(spread.detail.dimension_label), segments_said(spread, words)
    if frame.is_narrow:
        room = frame.width - text_width(count, SMALL_SIZE) - GAP
        sheet.labels.append(Label(0, y, shortened(name, LABEL_SIZE, room), "ink", LABEL_SIZE, "left"))
        sheet.labels.append(Label(frame.width, y, count, "muted", SMALL_SIZE, "right"))
        return
    room = frame.left - GAP
    sheet.labels.append(Label(0, y, shortened(name, LABEL_SIZE, room), "ink", LABEL_SIZE, "left"))
    sheet.labels.append(Label(0, y + 16, shortened(count, SMALL_SIZE, room), "muted", SMALL_SIZE, "left"))
    interest = shortened(spread.interest_text, LABEL_SIZE, INTEREST)
    sheet.labels.append(Label(frame.width, y, interest, "muted", LABEL_SIZE, "right"))


def _plot(sheet: Sheet, frame: _Frame, group: Compared, spread: Spread, y: float, key: tuple[str, ...]) -> None:
    low, high = (frame.x(spread.effect(segment)) for segment in (spread.lowest, spread.highest))
    zero, step = frame.x(0.0), frame.x(group.step.contribution)
    sheet.strokes.append(Stroke(zero, zero, y - TICK, y + TICK, "dots", is_dotted=True))
    sheet.strokes.append(Stroke(low, high, y, y, "rest", RANGE, key))
    sheet.strokes.append(Stroke(step, step, y - TICK, y + TICK, "ink", 2))
    if spread.has_mix:
        sheet.marks.append(Mark(frame.x(spread.mix_effect), y, "diamond", "total", DIAMOND, key, is_hollow=True))
    for x, segment in ((low, spread.lowest), (high, spread.highest)):
        colour = tone(spread.units(segment), spread.detail.step.polarity)
        sheet.marks.append(Mark(x, y, "circle", colour, DOT, key))


def _ends(sheet: Sheet, frame: _Frame, spread: Spread, y: float) -> None:
    """The ends' names and figures, pushed apart where they would touch."""
    ends = [spread.lowest] if spread.lowest.name == spread.highest.name else [spread.lowest, spread.highest]
    room = (frame.right - frame.left) / len(ends) - GAP
    texts = [_end_text(spread, segment, room) for segment in ends]
    widths = [text_width(text, SMALL_SIZE) for text in texts]
    lefts = [frame.x(spread.effect(segment)) - width / 2 for segment, width in zip(ends, widths, strict=True)]
    if len(ends) == 2 and lefts[0] + widths[0] + GAP > lefts[1]:
        overlap = (lefts[0] + widths[0] + GAP - lefts[1]) / 2
        lefts = [lefts[0] - overlap, lefts[1] + overlap]
    lefts[0] = max(lefts[0], frame.left)
    if len(ends) == 2:
        lefts[1] = min(max(lefts[1], lefts[0] + widths[0] + GAP), frame.right - widths[1])
        lefts[0] = min(lefts[0], lefts[1] - GAP - widths[0])
    else:
        lefts[0] = min(lefts[0], frame.right - widths[0])
    for text, left in zip(texts, lefts, strict=True):
        sheet.labels.append(Label(left, y, text, "muted", SMALL_SIZE, "left"))


def _end_text(spread: Spread, segment: PrintedSegment, room: float) -> str:
    figure = spread.detail.whole.numbers.change(spread.units(segment))
    name = shortened(segment.name, SMALL_SIZE, max(20.0, room - text_width(f" {figure}", SMALL_SIZE)))
    return f"{name} {figure}"


def segments_said(spread: Spread, words: Words) -> str:
    """How many segments the dimension has."""
    return words.text(
        "dimensions_count_one" if spread.segments == 1 else "dimensions_count", count=str(spread.segments)
    )


def spread_said(group: Compared, spread: Spread, words: Words) -> str:
    """A row in one line."""
    numbers = spread.detail.whole.numbers
    ends = [f"{end.name} {numbers.change(spread.units(end))}" for end in (spread.lowest, spread.highest)]
    ends = list(dict.fromkeys(ends))
    mix = [f"{words.text('dimensions_mix')} {numbers.change(spread.detail.mix)}"] if spread.has_mix else []
    return f"{group.step.label}, {spread.detail.dimension_label}: " + ", ".join([*ends, *mix])
