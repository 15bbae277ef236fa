"""What a look at a file finds: formats, delimiters, encodings, decimal marks, dates, roles, questions."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from core.errors import AmbiguousSource
from core.model.comparison import Comparison, GroupSide
from core.model.data import ReadOptions, UploadSource
from core.warehouse import Inspection, Warehouse, inspect
from tests.warehouse.conftest import NOW, SALES, Load, spec_of


def look(tmp_path: Path, content: str | bytes, name: str = "sales.csv", **read: str) -> Inspection:
    """Inspect an upload of that content."""
    file = tmp_path / "received"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return inspect(UploadSource(file_name=name, read=ReadOptions.model_validate(read)), file)


def types(found: Inspection) -> dict[str, str]:
    return {c.name: c.type for c in found.columns}


def roles(found: Inspection) -> dict[str, str]:
    return {c.name: c.role for c in found.columns}


def test_it_finds_types_roles_and_samples(tmp_path: Path) -> None:
    found = look(tmp_path, SALES)
    assert types(found) == {
        "day": "date",
        "country": "text",
        "device": "text",
        "visits": "integer",
        "orders": "integer",
        "revenue": "number",
    }
    assert roles(found) == {
        "day": "date",
        "country": "dimension",
        "device": "dimension",
        "visits": "metric",
        "orders": "metric",
        "revenue": "metric",
    }
    assert found.samples["country"] == ["FR", "DE"]
    assert found.rows_estimate == 6
    assert found.read == ReadOptions(delimiter=",", decimal=".", encoding="utf-8")


EXPECTED = [("2026-01-01", "FR", 1.5), ("2026-02-01", None, 2.0)]
ROWS = [{"day": "2026-01-01", "country": "FR", "n": 1.5}, {"day": "2026-02-01", "country": None, "n": 2.0}]


def _book(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["day", "country", "n"])
        form = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, (day, country, n) in enumerate(EXPECTED, 1):
            sheet.write_datetime(row, 0, datetime.fromisoformat(day), form)
            sheet.write_row(row, 1, [country, n])


FORMATS = {
    "sales.csv": "day,country,n\n2026-01-01,FR,1.5\n2026-02-01,,2\n",
    "semicolon.csv": "day;country;n\n2026-01-01;FR;1,5\n2026-02-01;;2\n",
    "sales.tsv": "day\tcountry\tn\n2026-01-01\tFR\t1.5\n2026-02-01\t\t2\n",
    "bar.txt": "day|country|n\n2026-01-01|FR|1.5\n2026-02-01||2\n",
    "sales.csv.gz": gzip.compress(b"day,country,n\n2026-01-01,FR,1.5\n2026-02-01,,2\n"),
    "bom.csv": b"\xef\xbb\xbfday,country,n\n2026-01-01,FR,1.5\n2026-02-01,,2\n",
    "crlf.csv": "day,country,n\r\n2026-01-01,FR,1.5\r\n2026-02-01,,2\r\n",
    "utf16.csv": "day,country,n\n2026-01-01,FR,1.5\n2026-02-01,,2\n".encode("utf-16"),
    "german.csv": "day,country,n\n01.01.2026,FR,1.5\n01.02.2026,,2\n",
    "american.csv": "day,country,n\n1/1/2026,FR,1.5\n2/1/2026,,2\n",
    "words.csv": "day,country,n\n1 Jan 2026,FR,1.5\n1 Feb 2026,,2\n",
    "compact.csv": "day,country,n\n20260101,FR,1.5\n20260201,,2\n",
    "sales.json": json.dumps(ROWS),
    "sales.ndjson": "\n".join(json.dumps(row) for row in ROWS),
    "sales.jsonl.gz": gzip.compress("\n".join(json.dumps(row) for row in ROWS).encode()),
}


@pytest.mark.parametrize("name", [*FORMATS, "sales.parquet", "sales.xlsx"])
def test_every_format_gives_the_same_rows(warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if name.endswith("parquet"):
        pl.DataFrame(ROWS).with_columns(pl.col("day").str.to_date()).write_parquet(file)
    elif name.endswith("xlsx"):
        _book(file)
    else:
        content = FORMATS[name]
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    read = {"date_format": "month-first"} if name == "american.csv" else {}
    version = warehouse.publish(spec_of(file, **read), now=NOW)
    rows = warehouse.head(version).with_columns(pl.col("day").cast(pl.Date).cast(pl.String)).rows()
    assert rows == EXPECTED
    assert (version.oldest, version.newest) == (date(2026, 1, 1), date(2026, 2, 1))


def test_latin_text_keeps_its_letters(load: Load, warehouse: Warehouse) -> None:
    text = "day,city\n2026-01-01,Besançon\n2026-01-01,Orléans\n2026-01-02,Châteauroux – centre\n"
    version = load(text.encode("cp1252"))
    assert version.source["read"] == {"delimiter": ",", "decimal": ".", "encoding": "cp1252"}
    assert warehouse.values(version, "city") == ["Besançon", "Châteauroux – centre", "Orléans"]


def test_na_is_nothing_in_numbers_and_dates_only(load: Load, warehouse: Warehouse) -> None:
    version = load("day,country,visits\n2026-01-01,NA,NA\nNA,FR,3\n")
    assert warehouse.head(version).rows() == [(date(2026, 1, 1), "NA", None), (None, "FR", 3)]


def test_na_far_down_is_nothing_too(load: Load, warehouse: Warehouse) -> None:
    rows = "FR;1,5\n" * 300_000
    version = load(f"country;n\n{rows}NA;NA\n{rows}FR;1.000,5\n")
    assert version.rows == 600_002
    assert version.gappy == {"n"}
    assert warehouse.values(version, "country") == ["FR", "NA"]


@pytest.mark.parametrize(
    ("values", "kind", "numbers"),
    [
        (["1", "-2"], "integer", [1, -2]),
        (["1", "2.5"], "number", [1, 2.5]),
        (["1e3", ".5"], "number", [1000, 0.5]),
        (['"1,234.5"', "1"], "number", [1234.5, 1]),
        (['"1,234,567"', "1"], "number", [1234567, 1]),
        (['"0,5"', '"12,25"'], "number", [0.5, 12.25]),
        (['"1.234,5"', '"1.234"'], "number", [1234.5, 1234]),
        (["1.234", "2.345"], "number", [1.234, 2.345]),
        (["+7", "8"], "integer", [7, 8]),
    ],
)
def test_numbers_are_recognised(load: Load, warehouse: Warehouse, values, kind, numbers) -> None:
    version = load("name,n\n" + "".join(f"x,{v}\n" for v in values))
    assert version.column("n").type == kind
    assert warehouse.head(version)["n"].to_list() == numbers


@pytest.mark.parametrize("values", [["007", "012"], ["1234567890123456789", "2234567890123456789"], ["A1", "B2"]])
def test_codes_stay_text(tmp_path: Path, values: list[str]) -> None:
    assert types(look(tmp_path, "x,code\n" + "".join(f"1,{v}\n" for v in values)))["code"] == "text"


def test_whole_numbers_are_widened_when_a_fraction_comes_late(load: Load, warehouse: Warehouse) -> None:
    rows = "x,10\n" * 400_000
    version = load(f"name,n\n{rows}x,0.5\n{rows}")
    assert version.column("n").type == "number"
    assert version.rows == 800_001


def test_json_numbers_are_widened_too(load: Load, warehouse: Warehouse) -> None:
    version = load('{"n": 1}\n' * 30_000 + '{"n": 1.5}\n', "sales.ndjson")
    assert version.column("n").type == "number"
    groups = Comparison("n", GroupSide((1,)), GroupSide((1.5,)))
    assert warehouse.sums(version, groups, ("n",)).totals.tolist() == [[30_000], [1.5]]


UNTIDY = {
    "blanks": "day , visits\n2026-01-01, 12 \n",
    "old line ends": "day,visits\r2026-01-01,12\r",
    "blank lines": "day,visits\n\n2026-01-01,12\n\n",
    "no last line end": "day,visits\n2026-01-01,12",
}


@pytest.mark.parametrize("content", UNTIDY.values(), ids=UNTIDY.keys())
def test_untidy_text_is_read(load: Load, warehouse: Warehouse, content: str) -> None:
    assert warehouse.head(load(content)).rows() == [(date(2026, 1, 1), 12)]


def test_the_end_of_a_large_file_settles_the_order_of_dates(load: Load) -> None:
    early, late = "01/02/2026,1\n" * 120_000, "25/02/2026,1\n" * 1000
    version = load(f"day,n\n{early}{late}")
    assert version.newest == date(2026, 2, 25)


def test_a_date_that_can_be_read_in_two_ways_is_asked_about(load: Load) -> None:
    with pytest.raises(AmbiguousSource) as raised:
        load("day,n\n04/04/2026,1\n03/04/2026,1\n")
    assert (raised.value.column, raised.value.option) == ("day", "date_format")
    assert raised.value.readings == {"day-first": "2026-04-03", "month-first": "2026-03-04"}
    assert raised.value.field == "source.read.date_format"
    assert "'03/04/2026' can be 2026-04-03 (day-first) or 2026-03-04 (month-first)" in str(raised.value)


@pytest.mark.parametrize(("order", "day"), [("day-first", date(2026, 4, 3)), ("month-first", date(2026, 3, 4))])
def test_the_answer_about_dates_holds(load: Load, order: str, day: date) -> None:
    assert load("day,n\n03/04/2026,1\n", date_format=order).newest == day


def test_another_column_settles_the_order_of_dates(tmp_path: Path) -> None:
    found = look(tmp_path, "day,sent,n\n03/04/2026,25/04/2026,1\n")
    assert found.questions == ()
    assert found.layout.date_formats == {"day": "%d/%m/%Y", "sent": "%d/%m/%Y"}


def test_a_number_that_can_be_read_in_two_ways_is_asked_about(load: Load) -> None:
    with pytest.raises(AmbiguousSource) as raised:
        load('name,amount\na,"1,234"\nb,"5,678"\n')
    assert (raised.value.column, raised.value.option) == ("amount", "decimal")
    assert raised.value.readings == {".": "1234", ",": "1.234"}


def test_a_thousands_point_is_asked_about_where_semicolons_delimit(load: Load) -> None:
    with pytest.raises(AmbiguousSource) as raised:
        load("name;amount\na;1.234\nb;5.678\n")
    assert raised.value.readings == {".": "1.234", ",": "1234"}


@pytest.mark.parametrize(("mark", "number"), [(".", 1234.0), (",", 1.234)])
def test_the_answer_about_numbers_holds(load: Load, warehouse: Warehouse, mark: str, number: float) -> None:
    version = load('name,amount\na,"1,234"\n', decimal=mark)
    assert warehouse.head(version)["amount"].to_list() == [number]


def test_a_question_leaves_the_other_findings(tmp_path: Path) -> None:
    found = look(tmp_path, 'day,amount\n03/04/2026,"1,234"\n')
    assert [q.option for q in found.questions] == ["decimal", "date_format"]
    assert types(found) == {"day": "date", "amount": "number"}


def test_columns_of_keys_are_ignored(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    rows = 30_000
    frame = pl.DataFrame(
        {
            "order_id": range(rows),
            "customer": [f"c{i}" for i in range(rows)],
            "city": [f"town {i * 7919 % 12_000}" for i in range(rows)],
            "shop_id": [i % 9 for i in range(rows)],
            "year": [2026] * rows,
            "amount": [1.0] * rows,
        }
    )
    frame.write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    assert {c.name: c.role for c in version.columns} == {
        "order_id": "ignored",
        "customer": "ignored",
        "city": "ignored",
        "shop_id": "dimension",
        "year": "dimension",
        "amount": "metric",
    }


def test_roles_that_were_settled_hold(load: Load) -> None:
    first = load(SALES)
    orders = first.column("orders").model_copy(update={"role": "ignored", "display_name": "Orders"})
    second = load(SALES, columns=(orders,))
    assert second.column("orders") == orders
    assert second.column("visits").role == "metric"


def test_the_column_named_like_a_day_is_the_date(tmp_path: Path) -> None:
    found = look(tmp_path, "born,order_date,n\n1990-01-01,2026-01-01,1\n")
    assert roles(found) == {"born": "ignored", "order_date": "date", "n": "metric"}


def test_nested_and_odd_columns_are_ignored_texts(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "nested.parquet"
    pl.DataFrame({"n": [1], "tags": [["a", "b"]], "inner": [{"x": 1}], "raw": [b"\x00"]}).write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    assert {c.name: (c.type, c.role) for c in version.columns if c.name != "n"} == {
        "tags": ("text", "ignored"),
        "inner": ("text", "ignored"),
        "raw": ("text", "ignored"),
    }


def test_files_of_a_glob_are_matched_by_column_name(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,shop,n\n2026-01-01,x,1\n")
    (tmp_path / "b.csv").write_text("n,day,city\n2,2026-01-02,Rome\n")
    version = warehouse.publish(spec_of(tmp_path / "*.csv"), now=NOW)
    assert warehouse.head(version).rows() == [(date(2026, 1, 1), "x", 1, None), (date(2026, 1, 2), None, 2, "Rome")]


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_folders_give_a_column(warehouse: Warehouse, tmp_path: Path, ending: str) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        folder = tmp_path / "sales" / f"dt={day}"
        folder.mkdir(parents=True)
        frame = pl.DataFrame({"shop": ["x"], "n": [int(day[-1])]})
        {"csv": frame.write_csv, "parquet": frame.write_parquet, "ndjson": frame.write_ndjson}[ending](
            folder / f"part.{ending}"
        )
    version = warehouse.publish(spec_of(tmp_path / "sales" / "*" / f"*.{ending}"), now=NOW)
    assert version.date_column is not None
    assert version.date_column.name == "dt"
    assert sorted(warehouse.head(version)["n"].to_list()) == [1, 2]
    assert version.newest == date(2026, 1, 2)


@pytest.mark.parametrize("name", ["narrow.csv", "narrow.csv.gz"])
def test_it_estimates_the_rows_of_narrow_files(tmp_path: Path, name: str) -> None:
    content = ("k,n\n" + "".join(f"{i % 7},{i % 90:02}\n" for i in range(500_000))).encode()
    found = look(tmp_path, gzip.compress(content) if name.endswith(".gz") else content, name)
    assert found.rows_estimate == pytest.approx(500_000, rel=0.2)
