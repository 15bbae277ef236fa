"""Publishing: atomic, one at a time, what is kept; refreshing live sources; readers beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.errors import Cancelled, DataError, UnknownDataset, UnreadableSource
from core.model.comparison import Comparison, DateSide
from core.model.data import DatasetSpec, UploadSource
from core.warehouse import Version, Warehouse, marginals, versions
from tests.warehouse.conftest import NOW, SALES, Load, spec_of

JANUARY = DateSide(date(2026, 1, 1), date(2026, 1, 31))
FEBRUARY = DateSide(date(2026, 2, 1), date(2026, 2, 28))
REPOSITORY = Path(__file__).resolve().parents[2]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_version_says_what_it_holds(sales: Version) -> None:
    assert (sales.dataset, sales.number, sales.rows) == ("sales", 1, 6)
    assert (sales.oldest, sales.newest, sales.newest_is_full) == (date(2026, 1, 1), date(2026, 2, 2), True)
    assert sales.dimensions == ("country", "device")
    assert [m.name for m in sales.metrics] == ["visits", "orders", "revenue"]
    assert sales.as_of == NOW
    assert sales.bytes == sales.facts.stat().st_size


def test_another_process_reads_the_same_version(warehouse: Warehouse, sales: Version) -> None:
    other = Warehouse(warehouse.root, threads=1, memory_limit="500MB")
    assert other.latest("sales") == sales
    other.close()


def test_there_is_no_unknown_dataset(warehouse: Warehouse) -> None:
    with pytest.raises(UnknownDataset, match="Dataset 'nothing' has no data yet"):
        warehouse.latest("nothing")


@pytest.mark.parametrize(
    "damaged",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"facts"', '"fact"'),
        lambda text: text.replace('"role": "dimension"', '"role": "nothing"'),
        lambda text: json.dumps({**json.loads(text), "versions": []}),
    ],
    ids=["cut off", "empty", "a list", "nothing in it", "no facts", "no such role", "no version"],
)
def test_a_damaged_manifest_is_named_with_what_to_do(
    warehouse: Warehouse, sales: Version, load: Load, damaged: Callable[[str], str]
) -> None:
    manifest = warehouse.root / "sales" / "manifest.json"
    manifest.write_text(damaged(manifest.read_text()))
    with pytest.raises(DataError, match=f"^{re.escape(str(manifest))} is damaged: .* remove it and load"):
        warehouse.latest("sales")
    manifest.unlink()
    assert load(SALES).rows == sales.rows


def test_versions_count_up_and_stand_newest_first(load: Load, warehouse: Warehouse) -> None:
    numbers = [load(SALES).number for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert [v.number for v in warehouse.versions("sales")] == [3, 2, 1]


def test_three_versions_and_those_of_the_last_hour_are_kept(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    for minutes in (0, 10, 20, 30, 65):
        warehouse.publish(spec_of(file), now=NOW + timedelta(minutes=minutes))
    assert [v.number for v in warehouse.versions("sales")] == [5, 4, 3, 2]
    warehouse.publish(spec_of(file), now=NOW + timedelta(days=1))
    assert [v.number for v in warehouse.versions("sales")] == [6, 5, 4]
    kept = {name.split(".")[0] for name in names(warehouse.root / "sales")} - {"", "manifest"}
    assert kept == {"4", "5", "6"}


def test_a_version_that_is_gone_is_named(warehouse: Warehouse, sales: Version) -> None:
    warehouse.drop("sales")
    with pytest.raises(DataError, match="Version 1 of 'sales' is no longer kept"):
        warehouse.head(sales)
    with pytest.raises(DataError, match="Version 1 of 'sales' is no longer kept"):
        warehouse.sums(sales, Comparison("day", JANUARY, FEBRUARY), ("visits",), ("country",))


def test_dropping_removes_everything(warehouse: Warehouse, sales: Version) -> None:
    warehouse.drop("sales")
    assert not (warehouse.root / "sales").exists()
    with pytest.raises(UnknownDataset):
        warehouse.latest("sales")
    warehouse.drop("sales")


def test_a_number_is_never_given_twice(load: Load, warehouse: Warehouse) -> None:
    load("day,k,n\n2026-01-01,aa,1\n2026-02-01,bb,2\n")
    question = (Comparison("day", JANUARY, FEBRUARY), ("n",), ("k",))
    warehouse.sums(warehouse.latest("sales"), *question)
    warehouse.drop("sales")
    again = load("day,k,n\n2026-01-01,cc,1\n2026-02-01,dd,2\n")
    assert again.number == 2
    assert warehouse.sums(again, *question).dimensions["k"].names == ("cc", "dd")


def test_the_last_number_is_replaced_as_a_whole(load: Load, warehouse: Warehouse, tmp_path: Path) -> None:
    content = "day,k,n\n2026-01-01,aa,1\n2026-02-01,bb,2\n"
    load(content)
    warehouse.drop("sales")
    (number,) = [path for path in (warehouse.root / versions.DROPPED).iterdir() if path.is_file()]
    before = tmp_path / "as it was"
    before.hardlink_to(number)
    assert load(content).number == 2
    warehouse.drop("sales")
    assert (before.read_text(), number.read_text()) == ("1", "2")


def test_young_versions_go_when_they_fill_the_disk(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    size = warehouse.publish(spec_of(file), now=NOW).bytes
    monkeypatch.setattr(versions, "KEPT_BYTES", 4 * size)
    for _ in range(5):
        warehouse.publish(spec_of(file), now=NOW)
    assert [v.number for v in warehouse.versions("sales")] == [6, 5, 4, 3]


def test_an_unchanged_live_source_is_not_read_again(load: Load, warehouse: Warehouse, tmp_path: Path) -> None:
    spec = spec_of(tmp_path / "sales.csv")
    version = load(SALES)
    assert not warehouse.has_changed(spec)
    assert warehouse.refresh(spec, NOW) == version


def test_a_changed_live_source_is_published(load: Load, warehouse: Warehouse, tmp_path: Path) -> None:
    load(SALES)
    file = tmp_path / "sales.csv"
    file.write_text(SALES + "2026-02-03,FR,phone,1,1,1\n")
    assert warehouse.has_changed(spec_of(file))
    version = warehouse.refresh(spec_of(file), NOW)
    assert (version.number, version.rows) == (2, 7)
    assert not warehouse.has_changed(spec_of(file))


def test_a_new_file_of_a_glob_is_a_change(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "day-1.csv").write_text(SALES)
    spec = spec_of(tmp_path / "day-*.csv")
    warehouse.publish(spec, now=NOW)
    (tmp_path / "day-2.csv").write_text(SALES)
    assert warehouse.refresh(spec, NOW).rows == 12


def test_refreshes_at_the_same_time_read_once(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    with ThreadPoolExecutor(6) as pool:
        versions = list(pool.map(lambda _: warehouse.refresh(spec_of(file), NOW), range(6)))
    assert {v.number for v in versions} == {1}


def test_an_upload_is_kept_so_that_roles_can_change(warehouse: Warehouse, tmp_path: Path) -> None:
    received = tmp_path / "tmp123"
    received.write_text(SALES)
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="Sales März.CSV"))
    first = warehouse.publish(spec, received, now=NOW)
    received.unlink()
    visits = first.column("visits").model_copy(update={"role": "ignored"})
    second = warehouse.publish(spec.model_copy(update={"columns": (visits,)}), now=NOW)
    third = warehouse.publish(spec, now=NOW)
    assert [m.name for m in second.metrics] == ["orders", "revenue"]
    assert third.columns == first.columns
    assert not warehouse.has_changed(spec)


def test_an_upload_that_was_never_received_is_named(warehouse: Warehouse) -> None:
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="sales.csv"))
    with pytest.raises(UnreadableSource, match=r"'sales.csv' is no longer there. Upload it again"):
        warehouse.publish(spec, now=NOW)


def test_a_cancelled_publish_leaves_the_last_good_version(load: Load, warehouse: Warehouse, tmp_path: Path) -> None:
    good = load(SALES)
    file = tmp_path / "large.csv"
    file.write_text("day,n\n" + "2026-01-01,1\n" * 2_000_000)
    cancel = threading.Event()

    def press(stage: str, share: float) -> None:
        cancel.set()

    with pytest.raises(Cancelled):
        warehouse.publish(spec_of(file), now=NOW, progress=press, cancel=cancel)
    assert warehouse.latest("sales") == good
    assert not [name for name in names(warehouse.root / "sales") if name.startswith(".making")]


def test_progress_goes_up_to_one(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    told: list[tuple[str, float]] = []
    warehouse.publish(spec_of(file), now=NOW, progress=lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[0][0] == "Reading rows"
    assert told[-1] == ("Done", 1.0)


def test_rows_are_put_in_the_order_of_the_days(warehouse: Warehouse, tmp_path: Path) -> None:
    days = [date(2026, 1, 1) + timedelta(days=i % 300) for i in range(400_000)]
    file = tmp_path / "mixed.parquet"
    pl.DataFrame({"day": days, "n": range(400_000)}).write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    found = pl.read_parquet(version.facts)["day"]
    assert found.is_sorted()


def test_rows_in_order_are_left_as_they_are(warehouse: Warehouse, tmp_path: Path) -> None:
    days = [date(2026, 1, 1) + timedelta(days=i // 2000) for i in range(400_000)]
    file = tmp_path / "sorted.parquet"
    pl.DataFrame({"day": days, "n": range(400_000)}).write_parquet(file)
    told: list[str] = []
    version = warehouse.publish(spec_of(file), now=NOW, progress=lambda stage, share: told.append(stage))
    assert "Sorting by day" not in told
    assert warehouse.head(version, 3)["n"].to_list() == [0, 1, 2]


def test_a_dimension_with_too_many_days_and_values_is_left_out(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marginals, "SMALL_ROWS", 10)
    rows = 400
    file = tmp_path / "wide.parquet"
    frame = pl.DataFrame(
        {
            "day": [date(2026, 1, 1 + i % 20) for i in range(rows)],
            "shop": [f"s{i % 29}" for i in range(rows)],
            "kind": ["a", "b"] * (rows // 2),
            "n": [1] * rows,
        }
    )
    frame.write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    assert version.marginal_dimensions == ("kind",)
    assert set(version.left_out) == {"shop"}
    assert version.left_out["shop"].endswith("combinations of day and value, more than a quarter of 400 rows")
    assert version.notes == (f"Dimension 'shop' is added up from the rows: {version.left_out['shop']}.",)
    comparison = Comparison("day", DateSide(date(2026, 1, 1), date(2026, 1, 10)), FEBRUARY)
    found = warehouse.sums(version, comparison, ("n",), ("shop", "kind"))
    assert found.dimensions["shop"].values.sum() == found.dimensions["kind"].values.sum() == 200


def test_the_marginal_table_holds_days_segments_sums_and_counts(load: Load, sales: Version) -> None:
    assert sales.marginals is not None
    assert sales.segments is not None
    table, named = pl.read_parquet(sales.marginals), pl.read_parquet(sales.segments)
    assert named.rows() == [(1, 0, "DE"), (2, 0, "FR"), (3, 0, None), (4, 1, "desktop"), (5, 1, "phone")]
    assert table.columns == ["day", "segment", "r", "s0", "s1", "s2"]
    assert table["day"].is_sorted()
    total = table.filter(pl.col("segment") == 0)
    assert total.rows()[0] == (date(2026, 1, 1), 0, 2, 150.0, 14.0, 290.5)


def test_values_are_listed_by_prefix(warehouse: Warehouse, sales: Version) -> None:
    assert warehouse.values(sales, "country") == ["(not set)", "DE", "FR"]
    assert warehouse.values(sales, "device", "P") == ["phone"]
    assert warehouse.values(sales, "visits", limit=2) == ["10", "100"]
    assert warehouse.values(sales, "day", "2026-02") == ["2026-02-01", "2026-02-02"]


def test_rows_behind_a_side_are_shown(warehouse: Warehouse, sales: Version) -> None:
    found = warehouse.rows(sales, FEBRUARY, {"country": "FR"})
    assert found.rows() == [(date(2026, 2, 1), "FR", "phone", 120, 9, 180.0)]
    assert warehouse.rows(sales, JANUARY, limit=2).height == 2


def write_round(path: Path, number: int) -> None:
    """A file whose rows all say the same number, so that a mixed read shows."""
    frame = pl.DataFrame({"day": [date(2026, 1, 1)] * 500, "shop": ["a", "b"] * 250, "n": [number] * 500})
    part = path.with_suffix(".part")
    frame.write_parquet(part)
    part.replace(path)


def test_readers_never_see_half_a_version(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.parquet"
    write_round(file, 1)
    warehouse.publish(spec_of(file), now=NOW)
    done = threading.Event()

    def read() -> list[int]:
        seen = []
        while not done.is_set():
            version = warehouse.latest("sales")
            found = warehouse.sums(version, Comparison("day", JANUARY, FEBRUARY), ("n",), ("shop",))
            assert found.totals[0, 0] == 500 * version.number == found.dimensions["shop"].values.sum()
            seen.append(version.number)
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(2, 8):
                write_round(file, number)
                assert warehouse.refresh(spec_of(file), NOW).number == number
        finally:
            done.set()
        for reader in readers:
            seen = reader.result()
            assert seen == sorted(seen)
            assert seen


PUBLISHER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.warehouse import Warehouse
from tests.warehouse.conftest import spec_of

warehouse = Warehouse(Path(sys.argv[1]), threads=1, memory_limit="500MB")
for number in range(int(sys.argv[3])):
    warehouse.publish(spec_of(sys.argv[2]), now=datetime.now(UTC), progress=lambda *told: print(*told, flush=True))
"""


def start_publisher(warehouse: Warehouse, file: Path, times: int) -> subprocess.Popen[str]:
    """Another process that publishes."""
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(warehouse.root), str(file), str(times)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def test_two_processes_publish_one_after_the_other(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    with start_publisher(warehouse, file, 3) as other:
        mine = [warehouse.publish(spec_of(file), now=NOW).number for _ in range(3)]
        other.communicate(timeout=60)
    assert other.returncode == 0
    assert len(set(mine)) == 3
    assert warehouse.latest("sales").number == 6


def test_a_killed_publish_leaves_the_last_good_version(warehouse: Warehouse, tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text(SALES)
    large.write_text("day,n\n" + "2026-01-01,1\n" * 2_000_000)
    good = warehouse.publish(spec_of(small), now=NOW)
    folder = warehouse.root / "sales"
    with start_publisher(warehouse, large, 1) as other:
        # Progress is told again once rows are being written.
        assert other.stdout is not None
        assert [other.stdout.readline().split()[0] for _ in range(2)] == ["Reading", "Reading"]
        other.send_signal(signal.SIGKILL)
        other.communicate(timeout=60)
    assert warehouse.latest("sales") == good
    assert any(name.startswith(".making") for name in names(folder))

    assert warehouse.publish(spec_of(small), now=NOW).number == 2
    assert not any(name.startswith(".making") for name in names(folder))


def test_progress_never_goes_back(warehouse: Warehouse, tmp_path: Path) -> None:
    mixed = pl.DataFrame({"day": [date(2026, 1, 1 + i % 28) for i in range(300_000)], "n": range(300_000)})
    mixed.write_csv(tmp_path / "sales.csv")
    shares: list[float] = []
    stages: set[str] = set()

    def tell(stage: str, share: float) -> None:
        stages.add(stage)
        shares.append(share)

    warehouse.publish(spec_of(tmp_path / "sales.csv"), now=NOW, progress=tell)
    assert "Sorting by day" in stages
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
