"""Frames and files analysed without being published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from core.errors import AmbiguousSource, DataError, UnknownColumn, UnreadableSource
from core.model.comparison import Comparison, DateSide, GroupSide
from core.warehouse import Warehouse
from core.warehouse.adhoc import KEPT_FILES, is_path, open_data
from tests.warehouse.conftest import SALES

MONTHS = Comparison("day", DateSide(date(2026, 1, 1), date(2026, 1, 31)), DateSide(date(2026, 2, 1), date(2026, 2, 28)))


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.read_csv(SALES.encode(), try_parse_dates=True)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    return path


def test_every_kind_of_data_gives_the_same_sums(
    warehouse: Warehouse, frame: pl.DataFrame, csv: Path, tmp_path: Path
) -> None:
    parquet = tmp_path / "sales.parquet"
    frame.write_parquet(parquet)
    kinds = [frame, frame.lazy(), frame.to_arrow(), pd.DataFrame(frame.to_dict(as_series=False)), csv, str(parquet)]
    for data in [*kinds, str(tmp_path / "*.parquet")]:
        version = open_data(warehouse, data, by="day")
        found = warehouse.sums(version, MONTHS, ("visits", "revenue"), version.dimensions)
        assert found.totals.tolist() == [[230, 450.5], [190, 320.25]]
        assert found.dimensions["country"].names == ("(not set)", "DE", "FR")


def test_parquet_files_are_asked_as_they_are(warehouse: Warehouse, frame: pl.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "one [1].parquet"
    frame.write_parquet(file)
    assert open_data(warehouse, str(file), by="day").facts == file


def test_folders_of_a_glob_give_a_column(warehouse: Warehouse, tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-02-01"):
        folder = tmp_path / f"dt={day}"
        folder.mkdir()
        pl.DataFrame({"n": [int(day[6])]}).write_parquet(folder / "part.parquet")
    version = open_data(warehouse, str(tmp_path / "*" / "*.parquet"), by="dt")
    comparison = Comparison("dt", MONTHS.base, MONTHS.current)
    assert warehouse.sums(version, comparison, ("n",)).totals.tolist() == [[1], [2]]


def test_numbers_are_metrics_whatever_their_name(warehouse: Warehouse) -> None:
    version = open_data(warehouse, pl.DataFrame({"year": [2025, 2026], "id": [1, 2], "new": [True, False]}), by="year")
    assert [m.name for m in version.metrics] == ["year", "id"]
    assert version.dimensions == ("new",)
    groups = Comparison("year", GroupSide((2025,)), GroupSide((2026,)))
    assert warehouse.sums(version, groups, ("id",)).totals.tolist() == [[1], [2]]


def test_numbers_that_are_not_finite_count_as_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    frame = pl.DataFrame({"g": ["a", "a", "b"], "n": [1.0, float("nan"), float("-inf")]})
    file = tmp_path / "odd.parquet"
    frame.write_parquet(file)
    for data in (frame, file):
        found = warehouse.sums(
            open_data(warehouse, data), Comparison("g", GroupSide(("a",)), GroupSide(("b",))), ("n",)
        )
        assert found.totals.tolist() == [[1], [0]]
        assert found.filled.tolist() == [[1], [0]]


def test_a_file_is_converted_once_until_it_changes(warehouse: Warehouse, csv: Path) -> None:
    first = open_data(warehouse, csv)
    assert open_data(warehouse, csv).facts == first.facts
    csv.write_text(SALES + "2026-02-03,FR,phone,1,1,1\n")
    second = open_data(warehouse, csv)
    assert (first.rows, second.rows) == (6, 7)


def test_temporary_files_do_not_pile_up(warehouse: Warehouse) -> None:
    for number in range(KEPT_FILES + 3):
        open_data(warehouse, pl.DataFrame({"n": [number]}))
    assert len(list(warehouse.scratch.glob("*.parquet"))) == KEPT_FILES


def test_temporary_files_go_with_the_warehouse(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "w", threads=1, memory_limit="500MB")
    open_data(warehouse, pl.DataFrame({"n": [1]}))
    warehouse.close()
    assert not list((tmp_path / "w").rglob("*.parquet"))


def test_wrong_data_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="A dict is no data"):
        open_data(warehouse, {"n": [1]})
    with pytest.raises(UnreadableSource, match="There is no file"):
        open_data(warehouse, tmp_path / "none.csv")
    with pytest.raises(UnknownColumn, match="Did you mean 'day'"):
        open_data(warehouse, pl.DataFrame({"day": ["a"]}), by="days")
    with pytest.raises(DataError, match="holds no rows"):
        open_data(warehouse, pl.DataFrame({"day": []}))
    with pytest.raises(DataError, match="Column 'flag' holds values of no one type"):
        open_data(warehouse, pl.DataFrame({"flag": pl.Series([True, "no"], dtype=pl.Object)}))
    doubtful = tmp_path / "doubtful.csv"
    doubtful.write_text("day,n\n03/04/2026,1\n")
    with pytest.raises(AmbiguousSource):
        open_data(warehouse, doubtful)


def test_a_path_is_a_file_that_is_there(csv: Path) -> None:
    assert is_path(str(csv))
    assert not is_path("sales")


@pytest.mark.parametrize("form", ["frame", "parquet", "xlsx", "csv"])
def test_blanks_around_a_name_do_not_count(
    warehouse: Warehouse, frame: pl.DataFrame, tmp_path: Path, form: str
) -> None:
    padded = frame.rename({"visits": " visits", "country": "country "})
    if form == "parquet":
        padded.write_parquet(tmp_path / "sales.parquet")
    elif form == "xlsx":
        padded.write_excel(tmp_path / "sales.xlsx")
    elif form == "csv":
        padded.write_csv(tmp_path / "sales.csv")
    version = open_data(warehouse, padded if form == "frame" else tmp_path / f"sales.{form}", by="day")
    found = warehouse.sums(version, MONTHS, ("visits",), ("country",))
    assert found.totals.tolist() == [[230], [190]]
    assert found.dimensions["country"].names == ("(not set)", "DE", "FR")


def test_blanks_around_a_json_name_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "sales.json").write_text('{"day": "2026-01-01", "visits ": 1}')
    with pytest.raises(UnreadableSource, match="'visits ' with blanks around its name"):
        open_data(warehouse, tmp_path / "sales.json")


def test_whole_numbers_of_any_size_are_metrics(warehouse: Warehouse, frame: pl.DataFrame) -> None:
    version = open_data(warehouse, frame.with_columns(pl.col("visits").cast(pl.Int128)), by="day")
    assert warehouse.sums(version, MONTHS, ("visits",)).totals.tolist() == [[230], [190]]


def test_a_frame_without_rows_is_refused(warehouse: Warehouse, frame: pl.DataFrame) -> None:
    with pytest.raises(UnreadableSource, match="The frame holds no rows"):
        open_data(warehouse, frame.clear())
