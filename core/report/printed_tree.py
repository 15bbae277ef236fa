"""The KPI as a tree: its steps beneath it as the formula joins them, under the main step its segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.engine.bridge import whole_columns
from core.engine.formula import Node, Number, Operation, Ref, evaluate, references
from core.model.sums import BASE, CURRENT
from core.report.bars import arrow, kind_label
from core.report.numbers import digits, pair, percent
from core.report.picture import turned
from core.report.printed import PrintedBridge, relative, tone
from core.report.printed_detail import PrintedDetail, PrintedSegment
from core.report.printed_funnel import Level, kpi_level, levels
from core.report.sections import main_detail
from core.report.shapes import Tone

SIGNS = {"*": "×", "/": "÷", "+": "+", "-": "−"}
SUMS, PRODUCTS = ("+", "-"), ("*", "/")
MOST_SEGMENTS = 3


@dataclass(frozen=True)
class Branch:
    """A node of the tree with what lies beneath it.

    step, segment: what a click picks, "" where it is neither. sign: what joins it to its sibling at the left.
    moved: from one value to the other; change: in percent, behind an arrow; impact: its contribution, printed.
    units, effect: its contribution in smallest printed steps and in KPI units.
    heading: stands over its segments. segments: the largest ones of the main step.
    """

    step: str
    label: str
    moved: str
    change: str
    impact: str
    units: int
    tone: Tone
    base: float | None = None
    current: float | None = None
    change_pct: float | None = None
    effect: float | None = None
    sign: str = ""
    children: tuple[Branch, ...] = ()
    segment: str = ""
    heading: str = ""
    segments: tuple[Branch, ...] = ()

    @property
    def description(self) -> str:
        """The node in one line."""
        said = ", ".join(filter(None, (self.moved, self.change, self.impact)))
        return f"{self.label}: {said}" if said else self.label

    def leaves(self) -> int:
        """How many nodes stand side by side beneath it."""
        return sum(child.leaves() for child in self.children) or 1


def tree_of(printed: PrintedBridge) -> Branch:
    """The KPI's node."""
    steps = _step_branches(printed)
    node = printed.bridge.plan.node
    if node is not None and _is_drawable(node):
        children = _operands(printed, node, steps)
    else:
        sign = SIGNS["*"] if node is None else ""
        children = tuple(replace(step, sign=sign if index else "") for index, step in enumerate(steps))
    return replace(_branch(kpi_level(printed)), children=children)


def walk(branch: Branch, depth: int = 0) -> Iterator[tuple[int, Branch]]:
    """All nodes with their depth, each before what lies beneath it."""
    yield depth, branch
    for child in (*branch.segments, *branch.children):
        yield from walk(child, depth + 1)


def equation_text(printed: PrintedBridge) -> str:
    """The formula with the steps' names."""
    node, names = printed.bridge.plan.node, [step.label for step in printed.steps]
    return f" {SIGNS['*']} ".join(names) if node is None else _written(node, names)


def _is_drawable(node: Node) -> bool:
    """Whether every step occurs once, so that contributions beneath a node add up to its own."""
    found = list(references(node))
    return len(found) == len(set(found))


def _step_branches(printed: PrintedBridge) -> list[Branch]:
    detail = main_detail(printed)
    rows = [level for level in levels(printed) if not level.is_total]
    return [_with_segments(_branch(row), detail) for row in rows]


def _branch(row: Level) -> Branch:
    return Branch(
        step=row.key,
        label=row.label,
        moved=arrow(row.from_text, row.to_text),
        change=turned(row.change_text, row.rise if row.change is not None else None),
        impact=row.impact,
        units=row.units,
        tone=row.tone,
        base=row.base,
        current=row.current,
        change_pct=row.change,
        effect=row.effect,
    )


def _with_segments(branch: Branch, detail: PrintedDetail | None) -> Branch:
    if detail is None or detail.step.name != branch.step or len(detail.segments) < 2:
        return branch
    named = sorted((s for s in detail.segments if not s.others), key=lambda segment: -abs(segment.effect))
    segments = tuple(_segment_branch(detail, segment) for segment in named[:MOST_SEGMENTS])
    heading = detail.whole.words.text("tree_by", dimension=detail.dimension_label)
    return replace(branch, heading=heading, segments=segments)


def _segment_branch(detail: PrintedDetail, segment: PrintedSegment) -> Branch:
    change = relative(segment.base, segment.current)
    kind = kind_label(segment, detail)
    return Branch(
        step=detail.step.name,
        label=segment.name + (f" ({kind})" if kind else ""),
        moved=arrow(segment.from_text, segment.to_text),
        change="" if change is None else turned(percent(change, detail.whole.locale), segment.direction),
        impact=detail.whole.numbers.change(segment.total),
        units=segment.total,
        tone=tone(segment.total, detail.step.polarity),
        base=segment.base,
        current=segment.current,
        change_pct=change,
        effect=segment.effect,
        segment=segment.name,
    )


def _operands(printed: PrintedBridge, node: Node, steps: list[Branch]) -> tuple[Branch, ...]:
    """What a formula joins, each with the sign before it; one kind of operation a level."""
    joined = _joined(node, SUMS) if isinstance(node, Operation) and node.operator in SUMS else _joined(node, PRODUCTS)
    found = []
    for index, (operator, part) in enumerate(joined):
        sign = SIGNS[operator] if index or operator in "-/" else ""
        found.append(replace(_operand(printed, part, steps), sign=sign))
    return tuple(found)


def _joined(node: Node, operators: tuple[str, ...]) -> list[tuple[str, Node]]:
    """The node's operands at the left of one another; 0 − x is −x."""
    if not isinstance(node, Operation) or node.operator not in operators:
        return [(operators[0], node)]
    left = [] if node.operator == "-" and node.left == Number(0.0) else _joined(node.left, operators)
    right: list[tuple[str, Node]] = [(node.operator, node.right)]
    if node.operator == operators[0]:
        right = _joined(node.right, operators)
    return left + right


def _operand(printed: PrintedBridge, part: Node, steps: list[Branch]) -> Branch:
    if isinstance(part, Ref):
        return steps[part.index]
    if isinstance(part, Number):
        return Branch("", digits(part.value, _places(part.value), printed.locale), "", "", "", 0, "rest")
    return _formula_branch(printed, part, steps)


def _formula_branch(printed: PrintedBridge, part: Operation, steps: list[Branch]) -> Branch:
    """A part of the formula by its own value; its contribution is that of its steps."""
    bridge, inside = printed.bridge, list(references(part))
    values = bridge.plan.values(whole_columns(bridge.sums))
    base, current = (_finite(float(evaluate(part, values[side])[0])) for side in (BASE, CURRENT))
    units = {printed.steps[index].unit for index in inside}
    unit = units.pop() if len(units) == 1 and part.operator in SUMS else ""
    change, impact = relative(base, current), sum(printed.steps[index].units for index in inside)
    rise = None if base is None or current is None or change is None else current - base
    return Branch(
        step="",
        label=_written(part, [step.label for step in printed.steps]),
        moved=arrow(*pair(base, current, unit, printed.locale)),
        change=turned(percent(change, printed.locale), rise),
        impact=printed.numbers.change(impact),
        units=impact,
        tone=tone(impact, printed.polarity),
        base=base,
        current=current,
        change_pct=change,
        effect=sum(printed.steps[index].contribution for index in inside),
        children=_operands(printed, part, steps),
    )


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def _places(value: float) -> int:
    return 0 if value == int(value) else 2


def _written(node: Node, names: list[str]) -> str:
    """The formula with names and as few parentheses as it takes."""
    if isinstance(node, Ref):
        return names[node.index]
    if isinstance(node, Number):
        return f"{node.value:g}"
    if node.operator == "-" and node.left == Number(0.0):
        return SIGNS["-"] + _written(node.right, names)
    left, right = _written(node.left, names), _written(node.right, names)
    if node.operator in PRODUCTS:
        left, right = _bracketed(node.left, left, SUMS), _bracketed(node.right, right, (*SUMS, "/"))
    elif node.operator == "-":
        right = _bracketed(node.right, right, SUMS)
    return f"{left} {SIGNS[node.operator]} {right}"


def _bracketed(node: Node, written: str, operators: tuple[str, ...]) -> str:
    return f"({written})" if isinstance(node, Operation) and node.operator in operators else written
