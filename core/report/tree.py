"""The KPI tree: the KPI, its steps as the formula joins them, and the segments of the main step."""

from __future__ import annotations

import altair as alt

from core.model.document import Line, Section, Table, Text
from core.report.chart import NARROW_WIDTH, PAGE_WIDTH
from core.report.comment_detail import segment_sentence
from core.report.drawn import drawn, section_chart
from core.report.layout_tree import tree_picture
from core.report.picture import spoken_tone
from core.report.printed import PrintedBridge, within_sentence
from core.report.printed_tree import MOST_SEGMENTS, Branch, equation_text, tree_of, walk
from core.report.sections import against, main_detail, spoken_notes
from core.report.theme import ThemeName


def tree_chart(
    printed: PrintedBridge,
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    width: float = PAGE_WIDTH,
    is_narrow: bool = False,
) -> alt.LayerChart:
    """The tree; `selectable` adds a click selection "pick" by step and segment, "" for none. is_narrow: as a list."""
    return drawn(tree_picture(tree_of(printed), width, is_narrow=is_narrow), theme=theme, selectable=selectable)


def tree_section(printed: PrintedBridge, key: str = "tree") -> Section:
    """The tree as a section of a report."""
    tree = tree_of(printed)
    wide, narrow = tree_picture(tree, PAGE_WIDTH), tree_picture(tree, NARROW_WIDTH, is_narrow=True)
    return Section(
        key=key,
        title=tree_title(printed),
        subtitle=against(printed),
        chart=section_chart(wide, narrow, tree_alt(printed, tree)),
        comment=tree_comment(printed),
        table=tree_table(printed, tree),
        notes=spoken_notes(printed),
    )


def tree_title(printed: PrintedBridge) -> Line:
    """What the KPI is made of, and which step moved it most."""
    words, step = printed.words, printed.step(printed.bridge.main_step())
    if not step.units or len(printed.steps) < 2:
        return (Text(words.text("tree_plain", kpi=printed.kpi_inside)),)
    change = Text(printed.numbers.change(step.units), spoken_tone(step.tone))
    label = within_sentence(step.label, printed.locale)
    return words.phrase("tree_title", kpi=printed.kpi_inside, step=label, change=change)


def tree_comment(printed: PrintedBridge) -> tuple[Line, ...]:
    """The equation, and what the segments of the main step did."""
    equation = printed.words.text("tree_equation", kpi=printed.kpi, formula=equation_text(printed))
    lines: list[Line] = [(Text(equation),)] if len(printed.steps) > 1 else []
    detail = main_detail(printed)
    said = segment_sentence(detail, MOST_SEGMENTS) if detail else ()
    return tuple([*lines, said] if said else lines)


def tree_table(printed: PrintedBridge, tree: Branch) -> Table:
    """Part, from → to, change, impact; a row a node, in the order of the tree."""
    names = ("column_part", "column_value", "column_change", "column_impact")
    return Table(
        columns=tuple(printed.words.text(name) for name in names),
        aligns=("left", "right", "right", "right"),
        rows=tuple(_cells(depth, branch) for depth, branch in walk(tree)),
    )


def _cells(depth: int, branch: Branch) -> tuple[Text, ...]:
    name = "\u2003" * max(0, depth - 1) + (f"{branch.sign} " if branch.sign else "") + branch.label
    tone = spoken_tone(branch.tone)
    return (
        Text(name, "plain" if depth else "strong"),
        Text(branch.moved),
        Text(branch.change),
        Text(branch.impact, tone),
    )


def tree_alt(printed: PrintedBridge, tree: Branch) -> str:
    """Alternative text: every node's values and contribution."""
    rows = "; ".join(branch.description for _, branch in walk(tree))
    return printed.words.text("alt_tree", kpi=printed.kpi_inside, rows=rows)
