"""A backup taken while people work, and brought back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import backup, restore
from core.app import App, open_app
from core.errors import StoreError
from core.model.data import DatasetSpec, FilesSource
from core.settings import REPOSITORY, Settings
from tests.conftest import NOW, SALES, export_spec, revenue_spec

AT = datetime(2026, 3, 1, 13, tzinfo=UTC)


@pytest.fixture
def settings(sales_app: App) -> Settings:
    """Of a running installation with data, an analysis and a link."""
    sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    return sales_app.settings


def elsewhere(tmp_path: Path, **more: object) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path / "restored", "demo": False, **more})


@pytest.fixture
def restored(settings: Settings, tmp_path: Path) -> Iterator[App]:
    backup.back_up(settings, tmp_path / "backup", with_key=True, now=AT)
    restore.restore(elsewhere(tmp_path), tmp_path / "backup")
    app = open_app(elsewhere(tmp_path), clock=lambda: NOW)
    yield app
    app.close()


def test_all_of_it_comes_back(sales_app: App, restored: App) -> None:
    assert restored.owner.id == sales_app.owner.id
    assert restored.catalogue.latest("sales").rows == 6
    assert restored.warehouse.head(restored.catalogue.latest("sales")).equals(
        sales_app.warehouse.head(sales_app.catalogue.latest("sales"))
    )
    assert revenue_spec() == restored.analyses.get("revenue").spec


def test_report_links_keep_their_addresses_with_the_key(sales_app: App, restored: App) -> None:
    urls = [[link.url for e in app.exports.all() for link in e.links] for app in (sales_app, restored)]
    assert urls[0]
    assert urls[0] == urls[1]


def test_the_key_is_left_out_unless_asked_for(settings: Settings, tmp_path: Path) -> None:
    backup.back_up(settings, tmp_path / "backup", with_key=False, now=AT)
    key = (settings.data_dir / "secret.key").read_text()
    assert not [
        path for path in (tmp_path / "backup").rglob("*") if path.is_file() and key.encode() in path.read_bytes()
    ]


def test_a_backup_lists_its_files(settings: Settings, tmp_path: Path) -> None:
    backup.back_up(settings, tmp_path / "backup", with_key=False, now=AT)
    about = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert {"bridgecast.sqlite", "warehouse/sales/manifest.json", "warehouse/sales/1.parquet"} <= set(about["files"])
    assert about["made_at"] == AT.isoformat()


def test_nobody_else_may_read_a_backup(settings: Settings, tmp_path: Path) -> None:
    backup.back_up(settings, tmp_path / "backup", with_key=True, now=AT)
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "backup" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_backup_beside_a_writer_is_of_one_moment(sales_app: App, tmp_path: Path) -> None:
    """A writer publishes and notes each version in the store; what is restored agrees with itself."""
    stop = threading.Event()
    faults: list[Exception] = []

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            path = tmp_path / "more.csv"
            path.write_text(SALES + "2026-02-28,DE,phone,1,1,1\n" * number)
            try:
                if number == 1:
                    source = FilesSource(path=str(path))
                    spec = DatasetSpec(slug="more", name="1", source=source)
                    sales_app.catalogue.create(spec, by=sales_app.owner.id)
                else:
                    sales_app.catalogue.refresh("more")
                spec = sales_app.catalogue.get("more")
                sales_app.catalogue.change(spec.model_copy(update={"name": f"{number}"}))
            except Exception as error:  # noqa: BLE001  told by the test itself
                faults.append(error)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for number in range(4):
            backup.back_up(sales_app.settings, tmp_path / f"backup-{number}", with_key=True, now=AT)
    finally:
        stop.set()
        writer.join()
    assert faults == []
    for number in range(4):
        settings = Settings(data_dir=tmp_path / f"restored-{number}", demo=False)
        restore.restore(settings, tmp_path / f"backup-{number}")
        app = open_app(settings, clock=lambda: NOW)
        for spec in app.catalogue.all():
            version = app.catalogue.latest(spec.slug)
            assert app.warehouse.head(version, 1000).height == version.rows
            if spec.slug == "more":
                assert version.rows - 6 in {int(spec.name), int(spec.name) + 1}
        app.close()


def test_a_folder_that_is_there_is_not_touched(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(StoreError, match="is there already"):
        backup.back_up(settings, tmp_path / "backup", with_key=False, now=AT)


def test_without_an_installation_there_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Set BRIDGECAST_DATA_DIR"):
        backup.back_up(elsewhere(tmp_path), tmp_path / "backup", with_key=False, now=AT)
    assert not (tmp_path / "backup").exists()


def test_data_that_is_there_is_not_overwritten(settings: Settings, tmp_path: Path) -> None:
    backup.back_up(settings, tmp_path / "backup", with_key=False, now=AT)
    before = sorted(settings.data_dir.rglob("*"))
    with pytest.raises(StoreError, match="is not empty"):
        restore.restore(settings, tmp_path / "backup")
    assert sorted(settings.data_dir.rglob("*")) == before


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("changed", "is not what was backed up"),
        ("missing", "is missing"),
        ("outside", "names a file outside of it"),
        ("no list", "no readable backup.json"),
        ("no files", "no readable backup.json"),
        ("no sums", "no readable backup.json"),
        ("no store", "holds no store"),
        ("other format", "made by another version"),
    ],
)
def test_a_damaged_backup_is_refused_whole(settings: Settings, tmp_path: Path, damage: str, sentence: str) -> None:
    folder = tmp_path / "backup"
    backup.back_up(settings, folder, with_key=False, now=AT)
    about = json.loads((folder / "backup.json").read_text())
    if damage == "changed":
        facts = folder / "warehouse" / "sales" / "1.parquet"
        facts.write_bytes(facts.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        (folder / "warehouse" / "sales" / "1.parquet").unlink()
    elif damage == "outside":
        about["files"]["../secret"] = {"bytes": 1, "sha256": "x"}
    elif damage == "no files":
        about["files"] = list(about["files"])
    elif damage == "no sums":
        about["files"] = {name: {"bytes": 1} for name in about["files"]}
    elif damage == "no store":
        del about["files"]["bridgecast.sqlite"]
    elif damage == "other format":
        about = {"format": 99}
    (folder / "backup.json").write_text("" if damage == "no list" else json.dumps(about))
    with pytest.raises(StoreError, match=sentence):
        restore.restore(elsewhere(tmp_path), folder)
    assert not (tmp_path / "restored").exists()


def test_a_store_elsewhere_is_restored_there(settings: Settings, tmp_path: Path) -> None:
    backup.back_up(settings, tmp_path / "backup", with_key=False, now=AT)
    there = tmp_path / "stores" / "store.sqlite"
    restore.restore(elsewhere(tmp_path, database_url=f"sqlite:///{there}"), tmp_path / "backup")
    with closing(sqlite3.connect(there)) as store:
        assert store.execute("SELECT count(*) FROM dataset").fetchone() == (1,)


def run(module: str, *arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = {"BRIDGECAST_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60)


def test_the_two_commands(settings: Settings, tmp_path: Path) -> None:
    made = run("core.backup", str(tmp_path / "backup"), data_dir=settings.data_dir)
    assert (made.returncode, made.stderr) == (0, "")
    assert "The key is not in it" in made.stdout
    brought = run("core.restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    assert (brought.returncode, brought.stderr) == (0, "")
    assert "put the key that was kept apart" in brought.stdout
    again = run("core.restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("Nothing was restored: ")
