"""The four methods as small bars: a panel a step, a bar a method, all on one scale."""

from __future__ import annotations

from collections.abc import Iterator

from core.report.printed import capitalised, tone
from core.report.reconcile import PrintedMethods, PrintedWay
from core.report.shapes import Bar, Drawing, Label, Rect, Rule
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import shortened, text_width

PANEL_WIDTH, HEAD, ROW, BAR, GAP, EDGE = 250.0, 26.0, 20.0, 11.0, 18.0, 6.0


def methods_drawing(methods: PrintedMethods, width: float) -> Drawing:
    """As many panels in a row as have room; none where no method is defined."""
    count = len(methods.printed.steps) if methods.defined else 0
    in_row = max(1, min(count, int(width // PANEL_WIDTH)))
    height = HEAD + ROW * len(methods.defined)
    panels = [
        _Panel(
            methods,
            position,
            x=(position % in_row) * width / in_row,
            y=(position // in_row) * (height + GAP),
            width=width / in_row,
        )
        for position in range(count)
    ]
    rows = -(-count // in_row)
    return Drawing(
        width,
        max(1.0, rows * (height + GAP) - GAP),
        tuple(rect for panel in panels for rect in panel.rects()),
        tuple(panel.axis() for panel in panels),
        tuple(label for panel in panels for label in panel.labels()),
    )


def methods_alt(methods: PrintedMethods) -> str:
    """The chart's figures in words."""
    numbers = methods.printed.numbers
    steps = (
        f"{capitalised(step.label)}: "
        + ", ".join(f"{way.name} {numbers.change(way.units[position])}" for way in methods.defined)
        for position, step in enumerate(methods.printed.steps)
    )
    return f"Contributions to {methods.printed.kpi_inside} by method. {'; '.join(steps)}."


class _Panel:
    """One step's bars and where they stand."""

    def __init__(self, methods: PrintedMethods, position: int, *, x: float, y: float, width: float) -> None:
        self._methods, self._step, self._position = methods, methods.printed.steps[position], position
        self._y = y
        units = [count for way in methods.defined for count in way.units]
        self._low, self._high = min(0, *units), max(0, *units)
        names = max(text_width(way.name, SMALL_SIZE) for way in methods.defined)
        figures = max(text_width(self._printed(count), SMALL_SIZE) for count in units)
        self._names = x + EDGE
        # Figures stand right of their bar, those of negative bars right of the zero line.
        self._left = x + EDGE + names + 12
        self._right = x + width - EDGE - figures - 8
        self._end = x + width - EDGE

    def rects(self) -> Iterator[Rect]:
        for way, y in self._rows():
            units = way.units[self._position]
            left, right = sorted((self._x(0), self._x(units)))
            bar = Bar(
                key="",
                label=way.name,
                from_to="",
                start=0.0,
                end=float(units),
                printed=self._printed(units),
                beneath=(),
                tone=tone(units, self._step.polarity),
                description=f"{capitalised(self._step.label)} by {way.name}: {self._printed(units)}",
            )
            yield Rect(left, max(right, left + 1), y - BAR / 2, y + BAR / 2, bar)

    def axis(self) -> Rule:
        return Rule(self._x(0), self._x(0), self._y + HEAD - 4, self._y + HEAD + ROW * len(self._methods.defined) - 4)

    def labels(self) -> Iterator[Label]:
        name = shortened(capitalised(self._step.label), LABEL_SIZE, self._end - self._names)
        yield Label(self._names, self._y + 9, name, "ink", LABEL_SIZE, "left", is_bold=True)
        for way, y in self._rows():
            units = way.units[self._position]
            yield Label(self._names, y, way.name, "muted", SMALL_SIZE, "left")
            yield Label(self._x(max(units, 0)) + 5, y, self._printed(units), "ink", SMALL_SIZE, "left")

    def _rows(self) -> Iterator[tuple[PrintedWay, float]]:
        for row, way in enumerate(self._methods.defined):
            yield way, self._y + HEAD + ROW * row + ROW / 2 - 4

    def _x(self, units: float) -> float:
        reach = self._high - self._low
        return self._left + (self._right - self._left) * ((units - self._low) / reach if reach else 0.0)

    def _printed(self, units: int) -> str:
        return self._methods.printed.numbers.change(units)
