"""Restore: `python -m core.restore FOLDER` brings a backup into an empty BRIDGECAST_DATA_DIR, after checking it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from core.access.keys import FILE_NAME as KEY_FILE
from core.backup import FORMAT, LIST, STORE, sha256, sync_all
from core.errors import BridgecastError, StoreError
from core.settings import Settings, read_settings
from core.store.engine import store_path


def main(arguments: list[str]) -> int:
    """Restore a backup; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.restore", description="Bring a backup into an empty folder.")
    parser.add_argument("folder", type=Path, help="what python -m core.backup made")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        restore(settings, given.folder)
    except (BridgecastError, OSError) as error:
        print(f"Nothing was restored: {error}", file=sys.stderr)
        return 1
    print(f"{settings.data_dir} holds what was backed up.{_about_key(settings)}")
    return 0


def restore(settings: Settings, folder: Path) -> None:
    """Copy a backup to where the settings say, all of it or nothing.

    Raises StoreError when there is data already, or a file of the backup is not what was backed up.
    """
    target, store = settings.data_dir, store_path(settings.store_url)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreError(f"{target} is not empty. Set BRIDGECAST_DATA_DIR to a folder that is not there yet.")
    if store.exists():
        raise StoreError(f"The store {store} is there already. Move it away first.")
    files = _checked(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as making:
        made = Path(making) / "data"
        made.mkdir(mode=0o700)
        for name in files:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, made / name)
        if (made / KEY_FILE).exists():
            (made / KEY_FILE).chmod(0o600)
        sync_all(made)
        if store != target / STORE:
            store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(made / STORE, store)
        if target.exists():
            target.rmdir()
        made.rename(target)


def _checked(folder: Path) -> list[str]:
    """The files of a backup. Raises StoreError when one is missing, changed, or not where a backup has it."""
    files = _listed(folder)
    for name, told in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise StoreError(f"{folder} names a file outside of it: '{name}'. It was not made by Bridgecast.")
        if not (folder / name).is_file():
            raise StoreError(f"{folder / name} is missing. Take another backup.")
        if sha256(folder / name) != told:
            raise StoreError(f"{folder / name} is not what was backed up: its SHA-256 differs. Take another backup.")
    if STORE not in files:
        raise StoreError(f"{folder} is no backup: it holds no store.")
    return list(files)


def _listed(folder: Path) -> dict[str, str]:
    """The files that a backup's list names, with their SHA-256. Raises StoreError."""
    try:
        about = json.loads((folder / LIST).read_text())
        if about["format"] != FORMAT:
            raise StoreError(
                f"{folder} was made by another version of Bridgecast (format {about['format']}). Restore it with that."
            )
        return {name: str(told["sha256"]) for name, told in about["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{folder} is no backup: it has no readable {LIST}.") from None


def _about_key(settings: Settings) -> str:
    """What is still to be done about the key."""
    if settings.secret_key or settings.secret_key_file or (settings.data_dir / KEY_FILE).exists():
        return ""
    return (
        f" Before the start, put the key that was kept apart into {settings.data_dir / KEY_FILE} (mode 0600) or "
        "BRIDGECAST_SECRET_KEY: with a new one, secrets of connections do not open and report links get new addresses."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
