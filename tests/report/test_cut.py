"""Tables that are longer than their place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.engine.bridge import Bridge
from core.model.document import Report, Section, Table, Text
from core.report.cut import cut
from core.warehouse import Version
from tests.report.test_deck import slides_of
from tests.report.test_document import report_of
from tests.report.test_paper import pages_of, squeezed


def table(rows: int, *, has_total: bool = True) -> Table:
    cells = [(Text(f"segment {number}"), Text(str(number))) for number in range(rows)]
    total = [(Text("All"), Text("4711", "strong"))] if has_total else []
    return Table(("segment", "impact"), ("left", "right"), (*cells, *total), has_total=has_total)


@pytest.fixture
def long(shop: Bridge, version: Version) -> Report:
    return replace(report_of(shop, version), sections=(Section("tree", (Text("Tree"),), table=table(60)),), alert=())


@pytest.mark.parametrize("has_total", [True, False])
def test_what_fits_stays_as_it_is(has_total: bool) -> None:
    assert cut(table(12, has_total=has_total), 12, "en") == table(12, has_total=has_total)


def test_a_total_stays_behind_the_number_of_rows_that_are_left_out() -> None:
    shorter = cut(table(60), 12, "en")
    assert [row[0].text for row in shorter.rows[-3:]] == ["segment 11", "48 more rows in the report", "All"]


def test_a_slide_tells_how_many_rows_it_has_no_room_for(long: Report) -> None:
    (shown,) = [shape.table for shape in slides_of(long)[0].shapes if shape.has_table]
    first = [shown.cell(row, 0).text for row in range(len(shown.rows))]
    assert first[-2:] == ["48 more rows in the report", "All"]


@pytest.mark.parametrize("layout", ["slides", "list"])
def test_a_page_tells_it_too_and_keeps_the_total_above_its_foot(long: Report, layout: str) -> None:
    (page,) = map(squeezed, pages_of(replace(long, layout=layout)))
    assert page.index("morerows") < page.index("4711") < page.index("Renderedat")
