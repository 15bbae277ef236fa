"""Each bad input ends in its own sentence with file, line or column, and the last good version stays."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from core.errors import UnreadableSource
from core.model.data import ColumnSpec, DatasetSpec, FilesSource, UploadSource
from core.warehouse import Version, Warehouse, inspect, publish
from tests.warehouse.conftest import NOW, SALES, Load, spec_of

NOBODY = 65534
CASES = {
    "empty file": ("", "'sales.csv' is empty (0 bytes)"),
    "blank lines only": ("\n\n", "'sales.csv' is empty"),
    "header only": ("day,visits\n", "'sales.csv' has a header but no rows"),
    "no header": ("2026-01-01,5\n2026-01-02,6\n", "'sales.csv' has no header: its first line is 2026-01-01, 5"),
    "title above the header": ("Sales report\nday,visits\n2026-01-01,5\n", "2 fields where the header has 1"),
    "row too long": (
        "day,visits\n2026-01-01,1\n2026-01-02,2,3\n",
        "'sales.csv', line 3: 3 fields where the header has 2",
    ),
    "row too short": ("day,visits,n\n2026-01-01,1,1\n2026-01-02,2\n", "line 3: 2 fields where the header has 3"),
    "no header above texts": (
        "2026-01-01,FR,5\n2026-01-02,DE,6\n",
        "'sales.csv' has no header: its first line is 2026-01-01, FR, 5",
    ),
    "name twice": ("day,visits,Visits\n2026-01-01,1,2\n", "columns 2 and 3 are both named 'Visits'"),
    "name missing": ("day,,visits\n2026-01-01,1,2\n", "line 1: column 2 has no name"),
    "mixed types": (
        "day,amount\n" + "2026-01-01,10\n" * 10 + "2026-01-02,abc\n",
        "'sales.csv', line 12, column 'amount': 'abc' is no whole number. Correct the row",
    ),
    "mixed numbers": ("day,amount\n2026-01-01,1.5\n2026-01-02,n/a\n", "line 3, column 'amount': 'n/a' is no number"),
    "mixed dates": ("day,amount\n2026-01-01,1\n2026-01-02,1\nsoon,1\n", "line 4, column 'day': 'soon' is no date"),
    "mixed dates in words": (
        "day,amount\n31.12.2025,1\n01.01.2026,1\nsoon,1\n",
        "line 4, column 'day': 'soon' is no date",
    ),
    "impossible date": ("day,amount\n31.12.2025,1\n31.02.2026,1\n", "line 3, column 'day': '31.02.2026' is no date"),
    "open quote": ('day,name\n2026-01-01,a\n2026-01-02,"b\n', "line 3: a double quote is opened and never closed"),
    "zero bytes": (b"\x00\x01\x02day,n\n1,2\n", "'sales.csv' is no text: it holds zero bytes"),
    "zip": (b"PK\x03\x04rest", "'sales.zip' is a zip archive. Unpack it"),
    "old excel": (b"\xd0\xcf\x11\xe0rest", "'sales.xls' is an old Excel file"),
    "cut gzip": (gzip.compress(SALES.encode() * 100)[:60], "'sales.csv.gz' cannot be read"),
    "broken parquet": (b"PAR1" + b"x" * 100 + b"PAR1", "'sales.parquet' cannot be read"),
    "cut parquet": (b"PAR1", "'sales.parquet' cannot be read"),
    "no parquet at all": (b"day,n\n1,2\n", "'sales.parquet' is no Parquet file"),
    "broken xlsx": (b"PK\x03\x04" + b"x" * 50, "'sales.xlsx' cannot be read as XLSX"),
    "broken json": ('[{"a": 1}, {"a": 2,]', "'sales.json', record 3: unexpected character"),
    "empty json": ("[]", "'sales.json' holds no rows"),
    "mixed json": (
        '{"day": "2026-01-01", "a": 1}\n{"day": "2026-01-02", "a": "x"}\n',
        "'sales.ndjson', row 2, column 'a': 'x' is no",
    ),
}


@pytest.mark.parametrize(("content", "words"), CASES.values(), ids=CASES.keys())
def test_a_bad_file_is_explained(load: Load, warehouse: Warehouse, tmp_path: Path, content, words) -> None:
    good = load(SALES, "good.csv")
    name = words.split("'")[1] if words.startswith("'") else "sales.csv"
    with pytest.raises(UnreadableSource) as raised:
        load(content, name)
    assert words in str(raised.value)
    assert warehouse.latest("sales") == good
    assert sorted(p.name for p in (tmp_path / "warehouse" / "sales").iterdir()) == [
        ".lock",
        "1.marginals.parquet",
        "1.parquet",
        "1.segments.parquet",
        "manifest.json",
    ]


def test_a_quoted_line_break_is_not_counted_as_a_line(load: Load) -> None:
    rows = "".join(f'2026-01-01,"two\nlines",{i}\n' for i in range(100))
    with pytest.raises(UnreadableSource, match="line 102, column 'n': 'bad' is no whole number"):
        load(f"day,text,n\n{rows}2026-01-01,x,bad\n")


def test_a_bad_line_far_down_is_found(load: Load) -> None:
    rows = "2026-01-01,10\n" * 300_000
    with pytest.raises(UnreadableSource, match="line 300002, column 'amount': 'x' is no whole number"):
        load(f"day,amount\n{rows}2026-01-01,x\n{rows}")


def test_a_wrong_byte_far_down_names_line_and_encoding(load: Load) -> None:
    rows = b"2026-01-01,abc\n" * 100_000
    with pytest.raises(UnreadableSource, match=r"line 100002: the text is not utf-8. Give source.read.encoding"):
        load(b"day,name\n" + rows + "2026-01-01,é\n".encode("cp1252") + rows)


def test_a_wrong_encoding_that_was_given_is_named(load: Load) -> None:
    with pytest.raises(UnreadableSource, match="line 2: the text is not utf-8"):
        load("day,name\n2026-01-01,é\n".encode("cp1252"), encoding="utf-8")
    with pytest.raises(UnreadableSource, match="'klingon' is no encoding"):
        load("day,name\n2026-01-01,é\n", encoding="klingon")


def test_a_column_may_be_made_text_instead(load: Load) -> None:
    amount = ColumnSpec(name="amount", type="text", role="dimension")
    version = load("day,amount\n2026-01-01,10\n2026-01-02,abc\n", columns=(amount,))
    assert version.column("amount").type == "text"


def test_a_glob_that_matches_nothing_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match=r"No file matches '.*/day-\*\.csv'"):
        warehouse.publish(spec_of(tmp_path / "day-*.csv"), now=NOW)
    with pytest.raises(UnreadableSource, match="There is no file"):
        warehouse.publish(spec_of(tmp_path / "day.csv"), now=NOW)
    with pytest.raises(UnreadableSource, match=r"is a folder. Give a glob"):
        warehouse.publish(spec_of(tmp_path), now=NOW)


def test_a_file_of_another_table_in_a_glob_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,n\n2026-01-01,1\n")
    (tmp_path / "b.csv").write_text("x;y\n1;2\n")
    with pytest.raises(UnreadableSource, match=r"'b.csv' has none of the columns of 'a.csv'"):
        warehouse.publish(spec_of(tmp_path / "*.csv"), now=NOW)


def test_a_bad_line_in_one_file_of_a_glob_names_the_file(warehouse: Warehouse, tmp_path: Path) -> None:
    for name, value in (("a", "1"), ("b", "2"), ("c", "x"), ("d", "4")):
        (tmp_path / f"{name}.csv").write_text(f"day,n\n2026-01-01,1\n2026-01-01,2\n2026-01-01,{value}\n")
    with pytest.raises(UnreadableSource, match=r"'c.csv', line 4, column 'n': 'x'"):
        warehouse.publish(spec_of(tmp_path / "*.csv"), now=NOW)


def test_a_file_that_vanishes_leaves_the_last_good_version(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    spec = spec_of(file)
    good = warehouse.publish(spec, now=NOW)
    file.unlink()
    with pytest.raises(UnreadableSource, match="There is no file"):
        warehouse.refresh(spec, NOW)
    assert warehouse.latest("sales") == good


def test_a_file_that_vanishes_while_it_is_read_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)

    def remove(stage: str, share: float) -> None:
        if stage == "Reading rows":
            file.unlink(missing_ok=True)

    with pytest.raises(UnreadableSource, match=r"'sales.csv' vanished while it was read"):
        warehouse.publish(spec_of(file), now=NOW, progress=remove)


def test_a_file_that_keeps_changing_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)

    def grow(stage: str, share: float) -> None:
        if stage == "Reading rows":
            with file.open("a") as out:
                out.write("2026-02-03,FR,phone,1,1,1\n")

    with pytest.raises(UnreadableSource, match="change while they are read"):
        warehouse.publish(spec_of(file), now=NOW, progress=grow)


def test_an_upload_beyond_the_limit_is_told_the_other_way(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "UPLOAD_LIMIT_BYTES", 2 * 2**20)
    received = tmp_path / "received"
    received.write_bytes(b"x" * (3 * 2**20))
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="big.csv"))
    with pytest.raises(UnreadableSource, match=r"'big.csv' has 3 MiB; uploads end at 2 MiB. Put it on the server"):
        warehouse.publish(spec, received, now=NOW)


def test_a_column_that_is_gone_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    version = warehouse.publish(spec_of(file), now=NOW)
    file.write_text("day,visits\n2026-01-01,1\n")
    with pytest.raises(UnreadableSource, match="has no column 'country' any more"):
        warehouse.refresh(spec_of(file, columns=version.columns), NOW)


def test_a_sheet_that_is_not_there_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        sheet = book.add_worksheet("Data")
        sheet.write_row(0, 0, ["day", "visits"])
        sheet.write_row(1, 0, ["2026-01-01", 5])
    with pytest.raises(UnreadableSource, match=r"'book.xlsx' has no sheet 'Sales'. Sheets: Data"):
        warehouse.publish(spec_of(tmp_path / "book.xlsx", sheet="Sales"), now=NOW)


def test_columns_twice_in_a_sheet_are_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["day", "visits", "visits"])
        sheet.write_row(1, 0, ["2026-01-01", 5, 6])
    with pytest.raises(UnreadableSource, match="columns 2 and 3 are both named 'visits'"):
        warehouse.publish(spec_of(tmp_path / "book.xlsx"), now=NOW)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Somebody who may not read everything, as root may."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    file.chmod(0)
    request.getfixturevalue("as_nobody")
    with pytest.raises(UnreadableSource, match="may not be read"):
        inspect(FilesSource(path=str(file)))


@pytest.mark.parametrize(
    ("name", "content"),
    [("broken.parquet", b"PAR1"), ("cut.parquet", b"PAR1" + b"x" * 100 + b"PAR1"), ("book.xlsx", b"PK\x03\x04")],
)
def test_no_message_says_where_an_upload_lies_on_the_server(tmp_path: Path, name: str, content: bytes) -> None:
    received = tmp_path / "received.bin"
    received.write_bytes(content)
    with pytest.raises(UnreadableSource, match=f"'{name}' cannot be read") as refused:
        inspect(UploadSource(file_name=name), received)
    assert str(tmp_path) not in str(refused.value)


def test_numbers_that_are_not_finite_count_as_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "odd.parquet"
    frame = pl.DataFrame({"shop": ["a", "b", "c"], "revenue": [1.0, float("nan"), float("inf")]})
    frame.write_parquet(file)
    version: Version = warehouse.publish(spec_of(file), now=NOW)
    assert version.notes == ("Column 'revenue': 2 values that are not a number or infinite count as (not set).",)
    assert warehouse.head(version)["revenue"].to_list() == [1.0, None, None]
