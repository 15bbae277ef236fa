"""Backup: `python -m core.backup FOLDER [--with-key]`. Consistent, also while Bridgecast runs.

The folder then holds `bridgecast.sqlite` (SQLite's online backup), `warehouse/` (manifests and the versions they name)
and `backup.json`, which names every file with its size and SHA-256. Secrets in it stay sealed; the key that opens them
and signs report links is left out unless it is asked for. `python -m core.restore` brings it back.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from core.access.keys import FILE_NAME as KEY_FILE
from core.errors import BridgecastError, StoreError
from core.settings import PRODUCT_VERSION, Settings, read_settings
from core.store.engine import store_path
from core.warehouse.files import sync
from core.warehouse.versions import DROPPED, LOCK, MANIFEST

FORMAT = 1
LIST, STORE, WAREHOUSE = "backup.json", "bridgecast.sqlite", "warehouse"
CHUNK_BYTES = 1 << 20
TRIES = 20


def main(arguments: list[str]) -> int:
    """Make a backup; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.backup", description="Back up Bridgecast's data folder.")
    parser.add_argument("folder", type=Path, help="a folder that is not there yet")
    parser.add_argument(
        "--with-key", action="store_true", help="with the key that opens secrets and signs report links"
    )
    given = parser.parse_args(arguments)
    try:
        made = back_up(read_settings(), given.folder, with_key=given.with_key, now=datetime.now(UTC))
    except (BridgecastError, OSError, sqlite3.Error) as error:
        print(f"No backup was made: {error}", file=sys.stderr)
        return 1
    print(
        f"{given.folder} holds {made} files. " + ("It holds the key: keep it secret." if given.with_key else KEY_APART)
    )
    return 0


KEY_APART = f"The key is not in it: keep {KEY_FILE} (or BRIDGECAST_SECRET_KEY) apart, nothing sealed opens without it."


def back_up(settings: Settings, folder: Path, *, with_key: bool, now: datetime) -> int:
    """Make the backup; how many files it holds. The folder appears when all of it is on the disk.

    Raises StoreError when there is something in the folder already, or nothing to back up.
    """
    if folder.exists():
        raise StoreError(f"{folder} is there already. Name a folder that is not.")
    store = store_path(settings.store_url)
    if not store.exists():
        raise StoreError(f"{store} is not there. Set BRIDGECAST_DATA_DIR to the folder that Bridgecast works on.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as making:
        made = Path(making) / "backup"
        made.mkdir(mode=0o700)
        _collect(settings, store, made)
        if with_key:
            _copy_key(settings, made)
        files = sorted(path for path in made.rglob("*") if path.is_file())
        listed = {str(path.relative_to(made)): {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in files}
        about = {"format": FORMAT, "version": PRODUCT_VERSION, "made_at": now.isoformat(), "files": listed}
        (made / LIST).write_text(json.dumps(about, indent=1))
        sync_all(made)
        made.rename(folder)
    return len(listed)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sync_all(folder: Path) -> None:
    """Wait until a folder and all that is in it is on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def _collect(settings: Settings, store: Path, made: Path) -> None:
    """Store and warehouse as they stand at one moment: while no dataset is being published.

    Files of versions never change, so links made at that moment are copied afterwards, however long that takes.
    """
    warehouse = settings.warehouse_dir
    scratch = warehouse / ".scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix=f"{os.getpid()}-backup-") as folder:
        held = Path(folder)
        for _ in range(TRIES):
            with _publishing_stopped(warehouse) as datasets:
                _copy_store(store, made / STORE)
                for dataset in datasets:
                    _hold(warehouse / dataset, held / dataset)
                if _datasets(warehouse) == datasets:
                    break
            shutil.rmtree(held)
            held.mkdir()
        else:
            raise StoreError("Datasets are made and deleted too fast for a backup. Try again later.")
        shutil.copytree(held, made / WAREHOUSE)
        if (warehouse / DROPPED).is_dir():
            shutil.copytree(warehouse / DROPPED, made / WAREHOUSE / DROPPED)


def _datasets(warehouse: Path) -> list[str]:
    """Datasets, and those that are just being made: a lock is there before anything is noted in the store."""
    return sorted(path.name for path in warehouse.iterdir() if (path / LOCK).is_file())


@contextmanager
def _publishing_stopped(warehouse: Path) -> Iterator[list[str]]:
    """Wait until no dataset is being published, and keep it so; the datasets."""
    with ExitStack() as held:
        datasets = _datasets(warehouse)
        for dataset in datasets:
            # One that is deleted meanwhile is found missing afterwards.
            with suppress(FileNotFoundError):
                file = held.enter_context((warehouse / dataset / LOCK).open("rb"))
                fcntl.flock(file, fcntl.LOCK_SH)
        yield datasets


def _hold(dataset: Path, held: Path) -> None:
    """Links to the files of the versions that the manifest names, and a copy of it."""
    if not (dataset / MANIFEST).is_file():
        return
    held.mkdir()
    manifest = (dataset / MANIFEST).read_text()
    numbers = {str(version["number"]) for version in json.loads(manifest)["versions"]}
    for file in dataset.iterdir():
        if file.name.split(".")[0] in numbers:
            (held / file.name).hardlink_to(file)
    (held / MANIFEST).write_text(manifest)


def _copy_store(store: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        (found,) = copy.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise StoreError(f"The store {store} is damaged: {found}. Restore an older backup.")


def _copy_key(settings: Settings, made: Path) -> None:
    key = settings.secret_key_file or settings.data_dir / KEY_FILE
    if settings.secret_key is not None or not key.exists():
        raise StoreError("The key is not in a file but in BRIDGECAST_SECRET_KEY. Keep it where that is set.")
    shutil.copyfile(key, made / KEY_FILE)
    (made / KEY_FILE).chmod(0o600)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
