"""Where the nodes of a KPI tree stand: side by side beneath one another, or as an indented list where they are many."""

from __future__ import annotations

from core.report.picture import Box, Picture, Place, Sheet, Stroke, tone_role
from core.report.printed_tree import Branch, walk
from core.report.shapes import Label
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import BOLD_FACTOR, shortened, text_width

NODE, BETWEEN, ASIDE = 72.0, 40.0, 26.0
LEAST_NODE, MOST_NODE, EDGE, INSET = 146.0, 230.0, 4.0, 14.0
SEGMENT_HEAD, SEGMENT = 24.0, 22.0
LIST_ROW, INDENT, MOST_INDENT = 46.0, 18.0, 6
NODE_FIELDS = ("step", "segment")


def tree_picture(tree: Branch, width: float, *, is_narrow: bool = False) -> Picture:
    """The tree within `width`: side by side where every node has room, else as a list."""
    count = tree.leaves()
    room = (width - ASIDE * (count - 1)) / count
    sheet = Sheet(width)
    if is_narrow or room < LEAST_NODE:
        _list(sheet, tree)
    else:
        node = min(room, MOST_NODE)
        whole = node * count + ASIDE * (count - 1)
        _standing(sheet, tree, (width - whole) / 2, node, 1.0)
    return sheet.finished(*NODE_FIELDS)


def _standing(sheet: Sheet, branch: Branch, left: float, node: float, top: float) -> float:
    """Draw the branch from `left` on; the middle of its own node."""
    count = branch.leaves()
    middle = left + (node * count + ASIDE * (count - 1)) / 2
    _node(sheet, branch, middle - node / 2, middle + node / 2, top)
    sheet.height = max(sheet.height, top + NODE + 2)
    x, below = left, top + NODE + BETWEEN
    middles = []
    for child in branch.children:
        middles.append(_standing(sheet, child, x, node, below))
        if child.sign:
            edge = middles[-1] - node / 2
            at = edge - ASIDE / 2 if len(middles) == 1 else (middles[-2] + middles[-1]) / 2
            sheet.labels.append(Label(max(at, 6.0), below + NODE / 2, child.sign, "ink", LABEL_SIZE + 3, is_bold=True))
        x += (node + ASIDE) * child.leaves()
    if middles:
        _elbows(sheet, middle, top + NODE, middles, below)
    _segments(sheet, branch, middle - node / 2, middle + node / 2, top + NODE)
    return middle


def _elbows(sheet: Sheet, middle: float, bottom: float, children: list[float], top: float) -> None:
    half = (bottom + top) / 2
    sheet.strokes.append(Stroke(middle, middle, bottom, half, "line", 1.5))
    ends = (min(*children, middle), max(*children, middle)) if len(children) > 1 else (middle, children[0])
    sheet.strokes.append(Stroke(*ends, half, half, "line", 1.5))
    sheet.strokes += [Stroke(child, child, half, top, "line", 1.5) for child in children]


def _node(sheet: Sheet, branch: Branch, left: float, right: float, top: float) -> None:
    key = (branch.step, branch.segment)
    sheet.boxes.append(Box(left, right, top, top + NODE, "line", is_outline=True))
    sheet.boxes.append(Box(left, left + EDGE, top, top + NODE, _edge(branch), key))
    room = right - left - INSET - 10
    if not branch.moved:
        sheet.labels.append(Label((left + right) / 2, top + NODE / 2, branch.label, "ink", LABEL_SIZE + 2))
        return
    name = shortened(branch.label, LABEL_SIZE * BOLD_FACTOR, room)
    sheet.labels.append(Label(left + INSET, top + 16, name, "ink", LABEL_SIZE, "left", is_bold=True))
    moved = shortened(branch.moved, SMALL_SIZE, room)
    sheet.labels.append(Label(left + INSET, top + 36, moved, "muted", SMALL_SIZE, "left"))
    _figures(sheet, branch, left + INSET, right - 10, top + 56)
    sheet.places.append(Place(left, right, top, top + NODE, key, branch.description))


def _figures(sheet: Sheet, branch: Branch, left: float, right: float, y: float) -> None:
    """What it contributed, and the change of its own value where there is room for it."""
    role = tone_role(branch.tone)
    impact = shortened(branch.impact, LABEL_SIZE * BOLD_FACTOR, right - left)
    sheet.labels.append(Label(left, y, impact, role, LABEL_SIZE, "left", is_bold=True))
    if text_width(impact, LABEL_SIZE, bold=True) + text_width(branch.change, SMALL_SIZE) + 10 <= right - left:
        sheet.labels.append(Label(right, y, branch.change, "muted", SMALL_SIZE, "right"))


def _edge(branch: Branch) -> str:
    return branch.tone if branch.moved else "rest"


def _segments(sheet: Sheet, branch: Branch, left: float, right: float, top: float) -> None:
    if not branch.segments or branch.children:
        return
    x = left + INSET
    sheet.labels.append(
        Label(x, top + 16, shortened(branch.heading, SMALL_SIZE, right - x), "muted", SMALL_SIZE, "left")
    )
    y = top + SEGMENT_HEAD
    for segment in branch.segments:
        width = text_width(segment.impact, SMALL_SIZE, bold=True)
        name = shortened(segment.label, SMALL_SIZE, right - x - width - 8)
        sheet.boxes.append(
            Box(left, left + EDGE, y + 3, y + SEGMENT - 3, segment.tone, (segment.step, segment.segment))
        )
        sheet.labels.append(Label(x, y + SEGMENT / 2, name, "ink", SMALL_SIZE, "left"))
        role = tone_role(segment.tone)
        sheet.labels.append(Label(right, y + SEGMENT / 2, segment.impact, role, SMALL_SIZE, "right", is_bold=True))
        key = (segment.step, segment.segment)
        sheet.places.append(Place(left, right, y, y + SEGMENT, key, segment.description))
        y += SEGMENT
    sheet.height = max(sheet.height, y + 4)


def _list(sheet: Sheet, tree: Branch) -> None:
    """A row a node, indented by its depth; lines lead from each node to those beneath it."""
    figures = max(text_width(branch.impact, LABEL_SIZE, bold=True) for _, branch in walk(tree))
    changes = max(text_width(branch.change, SMALL_SIZE) for _, branch in walk(tree))
    column = min(max(figures, changes), sheet.width * 0.4)
    tops: dict[int, float] = {}
    for depth, branch in walk(tree):
        left = INDENT * min(depth, MOST_INDENT)
        if depth:
            _joint(sheet, left, tops[depth - 1])
        tops[depth] = sheet.height + LIST_ROW - 8
        _list_row(sheet, branch, left, column)


def _joint(sheet: Sheet, left: float, above: float) -> None:
    x, y = left - INDENT + EDGE / 2, sheet.height + LIST_ROW / 2 - 4
    sheet.strokes.append(Stroke(x, x, above, y, "line"))
    sheet.strokes.append(Stroke(x, left, y, y, "line"))


def _list_row(sheet: Sheet, branch: Branch, left: float, column: float) -> None:
    top, key = sheet.height, (branch.step, branch.segment)
    sheet.boxes.append(Box(left, left + EDGE, top + 1, top + LIST_ROW - 9, _edge(branch), key))
    x, right = left + INSET, sheet.width
    room = right - x - column - 8
    label = f"{branch.sign} {branch.label}" if branch.sign else branch.label
    is_bold = not branch.segment
    name = shortened(label, LABEL_SIZE * (BOLD_FACTOR if is_bold else 1.0), room)
    moved = shortened(branch.moved, SMALL_SIZE, room)
    role = tone_role(branch.tone)
    sheet.labels += [
        Label(x, top + 11, name, "ink", LABEL_SIZE, "left", is_bold=is_bold),
        Label(x, top + 28, moved, "muted", SMALL_SIZE, "left"),
        Label(right, top + 11, shortened(branch.impact, LABEL_SIZE, column), role, LABEL_SIZE, "right", is_bold=True),
        Label(right, top + 28, shortened(branch.change, SMALL_SIZE, column), "muted", SMALL_SIZE, "right"),
    ]
    sheet.height += LIST_ROW
    if branch.moved:
        sheet.places.append(Place(left, right, top, sheet.height, key, branch.description))
