"""Moves: how each segment of a step moved from base to current, over its share and its own value."""

from __future__ import annotations

import altair as alt

from core.model.document import Line, Section, Text
from core.report.chart import NARROW_WIDTH, PAGE_WIDTH
from core.report.comment_detail import detail_comment, detail_title
from core.report.dates import both_labels
from core.report.drawn import drawn, section_chart
from core.report.layout_move_rows import move_rows_picture
from core.report.layout_moves import move_said, moves_picture
from core.report.numbers import digits
from core.report.picture import Picture
from core.report.printed import PrintedBridge
from core.report.printed_detail import PrintedDetail
from core.report.printed_moves import MOST_MOVES, Moves, moves_of
from core.report.sections import detail_table, main_detail, step_section
from core.report.theme import ThemeName


def moves_chart(
    detail: PrintedDetail,
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    width: float = PAGE_WIDTH,
    is_narrow: bool = False,
    most: int = MOST_MOVES,
) -> alt.LayerChart:
    """The `most` segments with the largest effects; `selectable` adds a click selection "pick" by segment.

    A ratio's segments move over share and own value, a volume's over their amounts. is_narrow: for a phone.
    """
    return drawn(_picture(moves_of(detail, most), width, is_narrow=is_narrow), theme=theme, selectable=selectable)


def moves_section(printed: PrintedBridge, detail: PrintedDetail | None = None, key: str = "moves") -> Section:
    """The moves as a section of a report: of `detail`, else of the main step by its most telling dimension."""
    shown = detail or main_detail(printed)
    if shown is None:
        return step_section(printed, printed.bridge.main_step(), key)
    moves = moves_of(shown)
    wide, narrow = _picture(moves, PAGE_WIDTH), _picture(moves, NARROW_WIDTH, is_narrow=True)
    return Section(
        key=key,
        title=detail_title(shown),
        subtitle=moves_subtitle(shown),
        chart=section_chart(wide, narrow, moves_alt(moves)) if moves.drawn else None,
        comment=(*detail_comment(shown), *moves_left_out(moves)),
        table=detail_table(shown),
    )


def moves_subtitle(detail: PrintedDetail) -> str:
    """What the arrows run over, and what their thickness says."""
    base, current = both_labels(detail.whole.bridge.comparison, detail.whole.locale)
    return detail.whole.words.text(
        "moves_ratio" if detail.has_mix else "moves_volume",
        base=base,
        current=current,
        weight=detail.weight_label,
        step=detail.step.label,
        dimension=detail.dimension_label,
        kpi=detail.whole.kpi_inside,
    )


def moves_left_out(moves: Moves) -> tuple[Line, ...]:
    """What is not drawn, and what it contributed."""
    words, numbers = moves.detail.whole.words, moves.detail.whole.numbers
    lines = []
    if moves.left_out:
        key = "moves_left_out_one" if moves.left_out == 1 else "moves_left_out"
        change = numbers.change(moves.left_out_units)
        lines.append(
            (Text(words.text(key, count=digits(moves.left_out, 0, moves.detail.whole.locale), change=change)),)
        )
    if moves.no_place:
        names, change = ", ".join(moves.no_place), numbers.change(moves.no_place_units)
        weight = moves.detail.weight_label or moves.detail.step.label
        lines.append((Text(words.text("moves_no_place", weight=weight, segments=names, change=change)),))
    return tuple(lines)


def moves_alt(moves: Moves) -> str:
    """Alternative text: every move's values and what it contributed."""
    detail = moves.detail
    base, current = both_labels(detail.whole.bridge.comparison, detail.whole.locale)
    return detail.whole.words.text(
        "alt_moves",
        step=detail.step.label,
        dimension=detail.dimension_label,
        base=base,
        current=current,
        rows="; ".join(move_said(segment, detail) for segment in moves.drawn),
    )


def _picture(moves: Moves, width: float, *, is_narrow: bool = False) -> Picture:
    draw = moves_picture if moves.detail.has_mix else move_rows_picture
    return draw(moves, width, is_narrow=is_narrow)
