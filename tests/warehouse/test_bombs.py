"""Small files that unpack to more than any machine has, and names that no column has."""

from __future__ import annotations

import gzip
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from core.errors import UnreadableSource
from core.model.data import DatasetSpec, UploadSource
from core.warehouse import Warehouse
from core.warehouse import bounds as bounds_module
from tests.warehouse.conftest import NOW, SALES, Load

MIB = 1 << 20
Upload = Callable[[Path], str]


@pytest.fixture
def refused(warehouse: Warehouse) -> Upload:
    """What an upload of the file is told; nothing may be left of it."""

    def upload(path: Path) -> str:
        spec = DatasetSpec(slug="bomb", name="Bomb", source=UploadSource(file_name=path.name))
        began = time.monotonic()
        with pytest.raises(UnreadableSource) as caught:
            warehouse.publish(spec, path, now=NOW)
        assert time.monotonic() - began < 30
        return str(caught.value)

    return upload


def zipped(path: Path, parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def workbook(path: Path, sheet_xml: str) -> Path:
    """A workbook whose only sheet holds that XML."""
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Data").write_row(0, 0, ["day", "visits"])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet_xml.encode()
    return zipped(path, parts)


def test_gzip_that_unpacks_to_hundredfold_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"day,visits\n" + b"2026-01-01,1\n" * 3_000_000))
    assert "'bomb.csv.gz' unpacks to more than 100 times its size" in refused(path)


def test_gzip_beyond_the_size_is_refused(refused: Upload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds_module, "MOST_BYTES", MIB)
    path = tmp_path / "large.csv.gz"
    numbers = "\n".join(f"2026-01-01,{zlib.crc32(str(i).encode())}" for i in range(100_000))
    path.write_bytes(gzip.compress(f"day,visits\n{numbers}".encode()))
    assert "'large.csv.gz' unpacks to more than 1 MiB" in refused(path)


def test_a_bomb_in_a_later_member_of_a_gzip_file_is_found(refused: Upload, tmp_path: Path) -> None:
    path = tmp_path / "members.csv.gz"
    path.write_bytes(gzip.compress(b"day,visits\n2026-01-01,1\n") + gzip.compress(b"2026-01-01,1\n" * 3_000_000))
    assert "unpacks to more than 100 times" in refused(path)


def test_a_plain_gzip_file_passes(warehouse: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.gz"
    path.write_bytes(gzip.compress(SALES.encode()))
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name=path.name))
    assert warehouse.publish(spec, path, now=NOW).rows == 6


def test_whoever_names_a_path_may_name_a_file_that_packs_well(load: Load) -> None:
    content = b"day,visits\n" + b"2026-01-01,1\n" * 3_000_000
    assert load(gzip.compress(content), "sales.csv.gz").rows == 3_000_000


def test_a_workbook_that_unpacks_to_hundredfold_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.xlsx", {"xl/worksheets/sheet1.xml": b" " * (40 * MIB)})
    assert "'bomb.xlsx' unpacks to more than 100 times its size" in refused(path)


def test_a_workbook_that_lies_about_its_size_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = zipped(tmp_path / "lie.xlsx", {"xl/workbook.xml": b" " * (40 * MIB)})
    content = path.read_bytes().replace(struct.pack("<I", 40 * MIB), struct.pack("<I", 1000))
    path.write_bytes(content)
    assert "unpacks to more than 100 times its size" in refused(path)


def test_a_workbook_of_very_many_parts_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = zipped(tmp_path / "parts.xlsx", {f"xl/{number}.xml": b"x" for number in range(1001)})
    assert "'parts.xlsx' has 1001 parts" in refused(path)


def test_a_workbook_packed_in_another_way_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = zipped(tmp_path / "lzma.xlsx", {"xl/workbook.xml": b"x" * 100}, zipfile.ZIP_LZMA)
    assert "packed in a way that is not read" in refused(path)


def test_a_cell_far_outside_costs_the_file_and_not_the_process(refused: Upload, tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = workbook(tmp_path / "far.xlsx", f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>')
    assert "takes more memory or time than a workbook may" in refused(path)


def test_entities_in_a_workbook_do_not_multiply(refused: Upload, tmp_path: Path) -> None:
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
    )
    sheet = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><worksheet><sheetData><row r="1"><c r="A1" t="str"><v>&j;'
    path = workbook(tmp_path / "laughs.xlsx", f"{sheet}</v></c></row></sheetData></worksheet>")
    assert "laughs.xlsx" in refused(path)


def test_a_table_of_absurdly_many_columns_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    names = [f"c{number}" for number in range(2001)]
    path.write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    assert "'wide.csv' has 2,001 columns; at most 2,000 are read" in refused(path)


def test_parquet_of_absurdly_many_columns_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    pl.DataFrame({f"c{number}": [1] for number in range(2001)}).write_parquet(path)
    assert "'wide.parquet' has 2,001 columns" in refused(path)


def test_parquet_of_very_many_row_groups_is_refused(
    refused: Upload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds_module, "MOST_ROW_GROUPS", 10)
    path = tmp_path / "groups.parquet"
    with pq.ParquetWriter(path, pa.schema({"a": pa.int64()})) as writer:
        for number in range(11):
            writer.write_table(pa.table({"a": [number]}))
    assert "'groups.parquet' has 11 row groups" in refused(path)


def test_parquet_that_repeats_one_value_without_end_is_refused(
    refused: Upload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds_module, "MOST_ROWS", 1000)
    path = tmp_path / "repeats.parquet"
    pl.DataFrame({"a": [1] * 1001}).write_parquet(path)
    assert "'repeats.parquet' has 1,001 rows; uploads end at 1,000" in refused(path)


def test_deep_json_is_refused(refused: Upload, tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 2_000_000)
    assert "deep.json" in refused(path)


@pytest.mark.parametrize("column", ["a\x1b[31m", "a\x7f", "a\u202eb", "x" * 256])
def test_a_column_s_name_can_be_seen(load: Load, column: str) -> None:
    with pytest.raises(UnreadableSource, match="column 2"):
        load(f'day,"{column}"\n2026-01-01,1\n2026-01-02,2\n')


@pytest.mark.parametrize("column", ["Größe €", 'a "quoted" one', "=1+1", "<b>", "売上", "two\nlines", "👩‍💻"])
def test_any_name_that_can_be_seen_is_a_column_s(load: Load, column: str) -> None:
    quoted = column.replace('"', '""')
    version = load(f'day,"{quoted}"\n2026-01-01,1\n2026-01-02,2\n')
    assert [c.name for c in version.columns] == ["day", column]


def test_a_spec_of_an_upload_never_leads_elsewhere(warehouse: Warehouse, tmp_path: Path) -> None:
    """The name that a sender gave is a label."""
    (tmp_path / "received").write_text(SALES)
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="../../../etc/passwd"))
    version = warehouse.publish(spec, tmp_path / "received", now=NOW)
    assert version.rows == 6
    assert {path.parent.name for path in warehouse.root.rglob("*") if path.is_file()} == {"sales"}
