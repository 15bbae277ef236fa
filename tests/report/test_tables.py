"""The same numbers as data."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import fastexcel
import polars as pl
import pytest

from core.engine.bridge import Bridge
from core.errors import DataError
from core.report import tables
from core.report.tables import bridge_json, csv_text, frame_csv, guarded, shown, xlsx_bytes
from tests.report.conftest import sum_bridge

MOMENT = datetime(2026, 12, 1, 5, 2, tzinfo=UTC)


def answer(bridge: Bridge, **options: Any) -> dict[str, Any]:
    return bridge_json(
        bridge, analysis="revenue", revision=7, data_version=214, as_of=MOMENT, rendered_at=MOMENT, **options
    )


def test_the_answer_has_the_promised_fields(shop: Bridge) -> None:
    promised = {"analysis", "revision", "data_version", "as_of", "rendered_at", "total", "steps", "detail", "ranking"}
    assert promised | {"comment"} <= set(answer(shop))


def test_the_answer_is_plain_json(shop: Bridge) -> None:
    assert json.loads(json.dumps(answer(shop), allow_nan=False)) == answer(shop)


def test_steps_of_the_answer_add_up(shop: Bridge) -> None:
    found = answer(shop)
    assert sum(step["contribution"] for step in found["steps"]) == pytest.approx(found["total"]["change"], rel=1e-9)


def test_the_detail_is_the_main_step_by_its_best_dimension(shop: Bridge) -> None:
    detail = answer(shop)["detail"]
    assert (detail["step"], detail["dimension"], len(detail["rows"])) == ("Conversion", "device", 3)


def test_the_detail_can_be_chosen(shop: Bridge) -> None:
    assert answer(shop, step="Basket", dimension="device")["detail"]["step"] == "Basket"


def test_an_unknown_step_is_refused(shop: Bridge) -> None:
    with pytest.raises(DataError, match="There is no step 'Clicks'"):
        answer(shop, step="Clicks")


def test_numbers_have_twelve_digits() -> None:
    assert shown(0.1 + 0.2) == 0.3
    assert shown(float("inf")) is None


def test_csv_ends_with_the_total(shop: Bridge) -> None:
    rows = list(csv.reader(StringIO(csv_text(shop))))
    assert rows[0][:3] == ["step", "base", "current"]
    assert rows[-1][:4] == ["revenue", "412600", "371300", "-41300"]


def test_csv_of_a_step_holds_its_segments(shop: Bridge) -> None:
    rows = list(csv.reader(StringIO(csv_text(shop, step="Conversion"))))
    assert (rows[0][0], [row[0] for row in rows[1:]]) == ("device", ["mobile", "desktop", "tablet"])


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-A1", "@x"])
def test_csv_holds_no_formula(name: str) -> None:
    assert list(csv.reader(StringIO(csv_text(sum_bridge([1, 2], [3, 4], names=[name, "b"])))))[1][0] == f"'{name}"


@pytest.mark.parametrize(
    "text",
    [
        "\t=1",
        "\r=1",
        "\n=1",
        "=1",
        " =1",
        "\u00a0=1",
        "\ufeff=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "−1",
        "-cmd|' /C calc'!A0",
    ],
)
def test_every_beginning_of_a_formula_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a=1", "FR", "'=1", "", 5, -5.5, None, "1-2"])
def test_other_values_stay_as_they_are(value: object) -> None:
    assert guarded(value) == value


def test_rows_for_people_hold_no_formula_in_cells_or_header() -> None:
    frame = pl.DataFrame({"=cmd": ["@x", "b", None], "n": [-1, 2, 3]})
    assert list(csv.reader(StringIO(frame_csv(frame)))) == [["'=cmd", "n"], ["'@x", "-1"], ["b", "2"], ["", "3"]]


def test_csv_keeps_negative_numbers_as_numbers(shop: Bridge) -> None:
    assert csv_text(shop).splitlines()[2].split(",")[3].startswith("-0.005")


def test_a_workbook_has_the_bridge_and_a_sheet_a_step(shop: Bridge) -> None:
    book = fastexcel.read_excel(xlsx_bytes(shop))
    assert book.sheet_names == ["bridge", "Visits", "Conversion", "Basket", "funnel", "dimensions"]


def test_a_workbook_holds_the_numbers(shop: Bridge) -> None:
    frame = fastexcel.read_excel(xlsx_bytes(shop)).load_sheet("bridge").to_polars()
    assert frame["contribution"].to_list()[:3] == [
        pytest.approx(value) for value in shop.steps["contribution"].to_list()
    ]


def test_a_workbook_holds_no_formula() -> None:
    content = xlsx_bytes(sum_bridge([1, 2], [3, 4], names=["=1+1", "=HYPERLINK(1)"]))
    sheet = ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


def test_sheet_names_that_a_workbook_refuses_are_mended() -> None:
    names = ["orders / visits: [all]", "ORDERS - VISITS- -ALL-", "x" * 40, "x" * 41, "History", "bridge"]
    book = fastexcel.read_excel(xlsx_bytes(sum_bridge([1] * 6, [2] * 6, names=names)))
    assert len({name.lower() for name in book.sheet_names}) == len(book.sheet_names) == 9
    assert max(map(len, book.sheet_names)) <= 31


def test_a_file_ends_with_one_row_for_the_segments_beyond_its_bound(
    shop: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_FILE_ROWS", 1)
    rows = list(csv.reader(StringIO(csv_text(shop, step="Conversion"))))
    assert [row[0] for row in rows] == ["device", "mobile", "2 others"]
    assert sum(float(row[-1]) for row in rows[1:]) == pytest.approx(shop.steps["contribution"][1])
