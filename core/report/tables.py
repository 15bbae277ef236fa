"""The same bridge as data: the JSON answer, CSV, XLSX. Full numbers, rounded to 12 significant digits, never text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from io import BytesIO, StringIO
from math import isfinite
from typing import Any

import polars as pl
import xlsxwriter

from core.engine.bridge import Bridge
from core.engine.frames import fold
from core.engine.notes import Note
from core.engine.segments import Found
from core.model.comparison import DateSide, GroupSide
from core.model.document import plain
from core.report.comment import Depth, printed_comment, printed_headline
from core.report.pair import print_pair
from core.report.pair_comment import pair_comment
from core.report.printed import NO_LABELS, print_bridge
from core.report.view_tables import view_rows
from core.report.words import Words

# Also as wide as the characters of East Asian scripts, which some spreadsheets read alike.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "−")
# What a spreadsheet may drop before it looks at the first character.
UNSEEN = " \u00a0\u200b\u200c\u200d\u2060\ufeff\0"
SIGNIFICANT = 12
MOST_ROWS, MOST_FILE_ROWS = 1_000, 100_000
MOST_SHEET_LETTERS = 31
SHEET_VIEWS = ("funnel", "dimensions")
Row = tuple[Any, ...]


def bridge_json(
    bridge: Bridge,
    *,
    analysis: str,
    revision: int | None,
    data_version: int,
    as_of: datetime,
    rendered_at: datetime,
    locale: str = "en",
    depth: Depth = "medium",
    words: Words | None = None,
    step: str | None = None,
    dimension: str | None = None,
    second: Bridge | None = None,
    labels: Mapping[str, str] = NO_LABELS,
) -> dict[str, Any]:
    """The bridge as the API answers it; moments in ISO 8601.

    second: of the second comparison. labels: what columns are called in headline and comment.
    step, dimension: which detail; default the main step and its best dimension. `detail` is None where there is none;
        beyond 1,000 segments the smallest are one row.
    Raises DataError or UnknownColumn for a step or dimension that is not there.
    """
    printed = print_bridge(bridge, locale, labels, words)
    said = printed_comment(printed, depth)
    if second:
        said += pair_comment(print_pair(printed, print_bridge(second, locale)), depth)
    return {
        "analysis": analysis,
        "revision": revision,
        "data_version": data_version,
        "as_of": as_of.isoformat(),
        "rendered_at": rendered_at.isoformat(),
        "comparison": _comparison(bridge),
        "method": bridge.method,
        "total": _total(bridge),
        "steps": records(bridge.steps),
        "detail": _detail(bridge, step, dimension),
        "significance": records(bridge.significance()),
        "ranking": records(bridge.ranking_parts()),
        "second": _second(second),
        "headline": plain(printed_headline(printed)),
        "comment": "\n".join(map(plain, said)),
        "notes": notes_json([*bridge.notes, *(note for test in bridge.tests for note in test.notes)]),
    }


def notes_json(notes: Iterable[Note]) -> list[dict[str, str]]:
    """Code and English text of the notes, each once."""
    return [{"code": code, "text": said} for code, said in dict.fromkeys((note.code, note.text) for note in notes)]


def _second(second: Bridge | None) -> dict[str, Any] | None:
    if second is None:
        return None
    return {"comparison": _comparison(second), "total": _total(second), "steps": records(second.steps)}


def _total(bridge: Bridge) -> dict[str, Any]:
    total = bridge.total
    return {
        "name": bridge.equation.total,
        "unit": bridge.equation.unit,
        "base": shown(total.base),
        "current": shown(total.current),
        "change": shown(total.change),
        "change_pct": shown(total.change_pct),
    }


def shown(value: Any) -> Any:
    """A number to 12 significant digits; what is not finite is None; dates in ISO form; all else as it is."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}") + 0.0 if isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value


def chosen_detail(bridge: Bridge, step: str | None, dimension: str | None) -> tuple[str, str] | None:
    """Step and dimension of the detail to show, or None when no dimension can explain it."""
    wanted = step or _main_step(bridge)
    best = dimension or (bridge.best_dimension(wanted) if wanted else None)
    return (wanted, best) if wanted and best else None


def _main_step(bridge: Bridge) -> str | None:
    ranked = bridge.steps.sort(pl.col("contribution").abs(), descending=True, nulls_last=True)["step"].to_list()
    return next((name for name in ranked if bridge.best_dimension(name)), None)


def _detail(bridge: Bridge, step: str | None, dimension: str | None) -> dict[str, Any] | None:
    chosen = chosen_detail(bridge, step, dimension)
    if chosen is None:
        return None
    return {"step": chosen[0], "dimension": chosen[1], "rows": records(_largest(bridge.detail(*chosen), MOST_ROWS))}


def _largest(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """The segments with the largest totals; all further ones are one row."""
    return fold(rows, "total", most=most, below_pct=0.0) if rows.height > most else rows


def records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as the API answers them."""
    return [{name: shown(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _comparison(bridge: Bridge) -> dict[str, Any] | None:
    comparison = bridge.comparison
    if comparison is None:
        return None
    sides = {"by": comparison.by, "base": _side(comparison.base), "current": _side(comparison.current)}
    return sides | ({"metrics": dict(comparison.metrics)} if comparison.metrics else {})


def _side(side: DateSide | GroupSide) -> list[Any]:
    if isinstance(side, DateSide):
        return [side.first.isoformat(), side.last.isoformat()]
    return [shown(value) for value in side.values]


def csv_text(bridge: Bridge, *, step: str | None = None, dimension: str | None = None) -> str:
    """The steps with the total as last row; with `step`, that step's segments instead. UTF-8, comma, CRLF.

    Beyond 100,000 segments the smallest are one row.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    return _written(*(_total_rows(bridge) if step is None else _detail_rows(bridge, step, dimension)))


def view_csv(bridge: Bridge, view: str, found: Found | None = None) -> str | None:
    """A view that has a table of its own, written like `csv_text`; None for any other. found: of a search."""
    rows = view_rows(bridge, view, found)
    return None if rows is None else _written(*rows)


def view_json(bridge: Bridge, view: str, found: Found | None = None) -> dict[str, Any] | None:
    """The same as the API answers it: the view's name and its rows."""
    rows = view_rows(bridge, view, found)
    if rows is None:
        return None
    head, values = rows
    return {"name": view, "rows": [dict(zip(head, map(shown, row), strict=True)) for row in values]}


def _written(head: list[str], rows: list[Row]) -> str:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([guarded(name) for name in head])
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue()


def _cell(value: Any) -> Any:
    return f"{value:.{SIGNIFICANT}g}" if isinstance(value, float) else guarded(value)


def guarded(value: Any) -> Any:
    """Text that begins like a formula with an apostrophe in front; numbers and other text as they are."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(UNSEEN).startswith(FORMULA_STARTS) else value


def frame_csv(frame: pl.DataFrame) -> str:
    """Rows as CSV for people: names of columns and texts are guarded."""
    texts = pl.col(pl.String).map_elements(guarded, pl.String)
    return frame.with_columns(texts).rename({name: guarded(name) for name in frame.columns}).write_csv()


def _total_rows(bridge: Bridge) -> tuple[list[str], list[Row]]:
    total = bridge.total
    rows = [tuple(shown(value) for value in row) for row in bridge.steps.iter_rows()]
    values = (total.base, total.current, total.change, total.change, total.change_pct)
    return bridge.steps.columns, [*rows, (bridge.equation.total, *map(shown, values), None)]


def _detail_rows(bridge: Bridge, step: str, dimension: str | None) -> tuple[list[str], list[Row]]:
    chosen = chosen_detail(bridge, step, dimension)
    if chosen is None:
        return ["segment"], []
    frame = _largest(bridge.detail(*chosen), MOST_FILE_ROWS)
    return [chosen[1], *frame.columns[1:]], [tuple(shown(value) for value in row) for row in frame.iter_rows()]


def xlsx_bytes(bridge: Bridge) -> bytes:
    """A workbook: sheet "bridge" with steps and total, a sheet a step with its segments by its best dimension, then
    the funnel and the compared dimensions.

    Strings are written as strings, so nothing is ever taken for a formula or a link.
    """
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        bold = workbook.add_format({"bold": True})
        for name, head, rows in _sheets(bridge):
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            sheet.write_row(0, 0, head, bold)
            for position, row in enumerate(rows, start=1):
                sheet.write_row(position, 0, row)
            sheet.autofit()
    return out.getvalue()


def _sheets(bridge: Bridge) -> Iterator[tuple[str, list[str], list[Row]]]:
    names = _sheet_names(["bridge", *bridge.steps["step"].to_list(), *SHEET_VIEWS])
    yield (next(names), *_total_rows(bridge))
    for step in bridge.steps["step"].to_list():
        name = next(names)
        if bridge.best_dimension(step):
            yield (name, *_detail_rows(bridge, step, None))
    for view in SHEET_VIEWS:
        head, rows = view_rows(bridge, view) or ([], [])
        yield next(names), head, [tuple(map(shown, row)) for row in rows]


def _sheet_names(titles: Iterable[str]) -> Iterator[str]:
    """Names that a workbook accepts: no reserved marks, at most 31 letters, each once whatever its case."""
    taken: set[str] = set()
    for title in titles:
        clean = (
            "".join("-" if mark in "[]:*?/\\" else mark for mark in title).strip("' ")[:MOST_SHEET_LETTERS] or "step"
        )
        if clean.lower() == "history":
            clean = "history-"
        name, count = clean, 1
        while name.lower() in taken:
            count += 1
            name = f"{clean[: MOST_SHEET_LETTERS - len(str(count)) - 1]} {count}"
        taken.add(name.lower())
        yield name
