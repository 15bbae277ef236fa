from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.app import App
from core.errors import AlreadyExists, Conflict, NotFound, Stale, UnknownDataset, UnreadableSource
from core.model.data import ColumnSpec, DatasetSpec, FilesSource, UploadSource
from tests.conftest import MORE_SALES, SALES


def uploaded(slug: str = "mine") -> DatasetSpec:
    return DatasetSpec(slug=slug, name="Mine", source=UploadSource(file_name="mine.csv"))


def test_a_dataset_keeps_the_columns_that_were_found(sales_app: App) -> None:
    roles = {c.name: c.role for c in sales_app.catalogue.get("sales").columns}
    assert roles == {
        "day": "date",
        "country": "dimension",
        "device": "dimension",
        "visits": "metric",
        "orders": "metric",
        "revenue": "metric",
    }


def test_a_taken_slug_is_refused_before_anything_is_read(sales_app: App, tmp_path: Path) -> None:
    spec = DatasetSpec(slug="sales", name="Again", source=FilesSource(path=str(tmp_path / "none.csv")))
    with pytest.raises(AlreadyExists, match="'sales' is taken"):
        sales_app.catalogue.create(spec, by=sales_app.owner.id)


def test_a_source_that_cannot_be_read_leaves_no_dataset_behind(empty_app: App, tmp_path: Path) -> None:
    spec = DatasetSpec(slug="none", name="None", source=FilesSource(path=str(tmp_path / "none.csv")))
    with pytest.raises(UnreadableSource, match=r"none\.csv"):
        empty_app.catalogue.create(spec, by=empty_app.owner.id)
    assert empty_app.catalogue.all() == []
    with pytest.raises(UnknownDataset):
        empty_app.catalogue.latest("none")


@pytest.mark.parametrize(
    "path",
    ["var/secret.key", "var/*.key", "va[r]/secret.*", "**/*.key", "var/nothing.csv", "other/../var/secret.key", "link"],
)
def test_a_source_never_leads_into_the_data_folder(empty_app: App, tmp_path: Path, path: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "var" / "secret.key")
    spec = DatasetSpec(slug="none", name="None", source=FilesSource(path=f"{tmp_path}/{path}"))
    for read in (
        lambda: empty_app.catalogue.create(spec, by=empty_app.owner.id),
        lambda: empty_app.catalogue.inspect(spec.source),
    ):
        with pytest.raises(UnreadableSource, match="keeps to itself") as refused:
            read()
        assert refused.value.field == "source.path"


def test_a_source_that_is_turned_into_a_link_to_the_key_is_not_read_again(sales_app: App, sales_csv: Path) -> None:
    sales_csv.unlink()
    sales_csv.symlink_to(sales_app.settings.data_dir / "secret.key")
    with pytest.raises(UnreadableSource, match="keeps to itself"):
        sales_app.catalogue.refresh("sales")
    fresh = sales_app.catalogue.fresh("sales")
    assert (fresh.version.number, "keeps to itself" in str(fresh.stale)) == (1, True)


def test_the_environment_of_a_process_is_no_data(empty_app: App) -> None:
    with pytest.raises(UnreadableSource, match="keeps to itself"):
        empty_app.catalogue.inspect(FilesSource(path="/proc/self/environ"))


@pytest.mark.parametrize("path", ["a\0b.csv", "x" * 300, "~nobody-of-that-name/sales.csv", "a/" * 3000, ""])
def test_a_path_that_no_file_can_have_is_refused_in_a_sentence(empty_app: App, path: str) -> None:
    with pytest.raises(UnreadableSource):
        empty_app.catalogue.inspect(FilesSource(path=path))


def test_a_newer_file_replaces_the_rows_of_an_upload(empty_app: App, sales_csv: Path) -> None:
    empty_app.catalogue.create(uploaded(), path=sales_csv, by=empty_app.owner.id)
    sales_csv.write_text(SALES + "2026-03-01,FR,desktop,10,1,50\n")
    version = empty_app.catalogue.replace("mine", sales_csv, "newer.csv")
    assert (version.number, version.rows) == (2, 7)
    assert empty_app.catalogue.get("mine").source == UploadSource(file_name="newer.csv")


def test_a_live_source_takes_no_upload(sales_app: App, sales_csv: Path) -> None:
    with pytest.raises(Conflict, match=r"Change the files there"):
        sales_app.catalogue.replace("sales", sales_csv, "newer.csv")


def test_a_changed_role_publishes_a_version(sales_app: App) -> None:
    spec = sales_app.catalogue.get("sales")
    columns = tuple(_with_role(c, "ignored") if c.name == "device" else c for c in spec.columns)
    version = sales_app.catalogue.change(spec.model_copy(update={"columns": columns}))
    assert version.number == 2
    assert version.dimensions == ("country",)
    assert sales_app.catalogue.get("sales").columns == version.columns


def test_a_changed_name_publishes_nothing(sales_app: App) -> None:
    spec = sales_app.catalogue.get("sales").model_copy(update={"name": "Verkäufe"})
    assert sales_app.catalogue.change(spec).number == 1
    assert sales_app.catalogue.get("sales").name == "Verkäufe"


def test_a_change_made_from_an_old_state_publishes_nothing(sales_app: App) -> None:
    spec, revision = sales_app.catalogue.get_with_revision("sales")
    sales_app.catalogue.change(spec.model_copy(update={"name": "Sales of all shops"}), if_revision=revision)
    columns = tuple(_with_role(c, "ignored") if c.name == "device" else c for c in spec.columns)
    with pytest.raises(Stale, match="Dataset 'sales' was changed meanwhile"):
        sales_app.catalogue.change(spec.model_copy(update={"columns": columns}), if_revision=revision)
    assert sales_app.catalogue.latest("sales").number == 1
    assert sales_app.catalogue.get("sales").name == "Sales of all shops"


def test_a_role_that_is_changed_while_the_source_is_read_holds(sales_app: App, rewrite: Callable[[str], None]) -> None:
    rewrite(MORE_SALES)

    def change_meanwhile(stage: str, share: float) -> None:
        spec, revision = sales_app.catalogue.get_with_revision("sales")
        if stage == "Adding up days and segments" and revision == 1:
            columns = tuple(_with_role(c, "ignored") if c.name == "device" else c for c in spec.columns)
            sales_app.catalogue._keep(spec.model_copy(update={"columns": columns}), None)

    version = sales_app.catalogue.refresh("sales", progress=change_meanwhile)
    assert (version.number, version.dimensions) == (2, ("country",))


def test_of_two_who_make_a_dataset_one_is_told_and_its_rows_are_not_kept(sales_app: App, tmp_path: Path) -> None:
    files = [tmp_path / "one.csv", tmp_path / "other.csv"]
    for file, country in zip(files, ("AA", "BB"), strict=True):
        file.write_text(SALES.replace("FR", country))
    barrier = threading.Barrier(2)
    ends: list[tuple[Path, Exception | None]] = []

    def make(file: Path) -> None:
        spec = DatasetSpec(slug="twice", name="Twice", source=FilesSource(path=str(file)))
        barrier.wait(60)
        try:
            sales_app.catalogue.create(spec, by=sales_app.owner.id)
        except AlreadyExists as error:
            ends.append((file, error))
        else:
            ends.append((file, None))

    makers = [threading.Thread(target=make, args=(file,)) for file in files]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    won = [file for file, error in ends if error is None]
    assert len(won) == 1
    assert [v.number for v in sales_app.catalogue.versions("twice")] == [1]
    assert sales_app.catalogue.latest("twice").source["path"] == str(won[0])


def test_a_live_source_that_changed_is_published_at_the_next_look(
    sales_app: App, rewrite: Callable[[str], None]
) -> None:
    assert sales_app.catalogue.fresh("sales").version.number == 1
    rewrite(MORE_SALES)
    fresh = sales_app.catalogue.fresh("sales")
    assert (fresh.version.number, fresh.stale, fresh.is_loading) == (2, None, False)


def test_a_live_source_that_broke_keeps_the_last_good_version_and_says_so(
    sales_app: App, rewrite: Callable[[str], None]
) -> None:
    rewrite("day,country,visits\n2026-01-01,FR\n2026-01-01,FR,1,2,3\n")
    fresh = sales_app.catalogue.fresh("sales")
    assert fresh.version.number == 1
    assert fresh.stale is not None
    assert "sales.csv" in fresh.stale


def test_a_source_that_broke_is_not_read_again_while_it_stays_as_it_is(
    sales_app: App, rewrite: Callable[[str], None]
) -> None:
    rewrite("day,country\n2026-01-01,FR,1\n")
    first = sales_app.catalogue.fresh("sales").stale
    flight = sales_app.catalogue._flights["sales"]
    assert sales_app.catalogue.fresh("sales").stale == first
    assert sales_app.catalogue._flights["sales"] is flight
    rewrite(MORE_SALES)
    assert sales_app.catalogue.fresh("sales").version.number == 2


def test_a_source_that_takes_long_shows_the_last_good_version_first(
    sales_app: App, rewrite: Callable[[str], None]
) -> None:
    rewrite(MORE_SALES)
    fresh = sales_app.catalogue.fresh("sales", wait_s=0)
    assert (fresh.version.number, fresh.is_loading) == (1, True)
    deadline = time.monotonic() + 60
    while sales_app.catalogue.fresh("sales").version.number != 2:
        assert time.monotonic() < deadline


def test_many_readers_of_a_changed_source_make_one_version(sales_app: App, rewrite: Callable[[str], None]) -> None:
    rewrite(MORE_SALES)
    seen: list[int] = []
    readers = [
        threading.Thread(target=lambda: seen.append(sales_app.catalogue.fresh("sales").version.number))
        for _ in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert seen == [2] * 8
    assert [v.number for v in sales_app.catalogue.versions("sales")] == [2, 1]


def test_a_dataset_that_is_needed_is_not_deleted(sales_app: App) -> None:
    with pytest.raises(Conflict, match="revenue"):
        sales_app.catalogue.delete("sales")
    assert sales_app.catalogue.latest("sales").number == 1


def test_a_deleted_dataset_is_gone_with_its_versions(sales_app: App) -> None:
    sales_app.analyses.delete("revenue")
    sales_app.catalogue.delete("sales")
    with pytest.raises(NotFound):
        sales_app.catalogue.get("sales")
    with pytest.raises(UnknownDataset):
        sales_app.catalogue.latest("sales")


def _with_role(column: ColumnSpec, role: str) -> ColumnSpec:
    return column.model_copy(update={"role": role})
