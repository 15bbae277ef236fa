from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.app import App, open_app
from core.settings import REPOSITORY, Settings
from core.store.connections import every_connection

OLD, NEW = "the-key-of-last-year", "the-key-of-this-year"
MAIL = {"host": "smtp.example.org", "from": "reports@example.org"}


def house(folder: Path, keys: str) -> App:
    return open_app(Settings(data_dir=folder, secret_key=keys, demo=False))


def run_rotation(folder: Path, keys: str) -> subprocess.CompletedProcess[str]:
    settings = {"BRIDGECAST_DATA_DIR": str(folder), "BRIDGECAST_SECRET_KEY": keys}
    return subprocess.run(
        [sys.executable, "-m", "core.access.rotate"],
        cwd=REPOSITORY,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
    )


def passwords(app: App) -> set[str]:
    with app.store.read() as session:
        return {app.connections.secrets.open(row.secrets)["password"] for row in every_connection(session)}


@pytest.fixture
def folder(new_folder: Path) -> Path:
    """An installation with five connections, sealed with the old key."""
    app = house(new_folder, OLD)
    for number in range(5):
        app.connections.create("email", f"Mail {number}", MAIL, {"password": f"word {number}"}, by=app.owner.id)
    app.close()
    return new_folder


def test_after_rotation_the_old_key_may_go(folder: Path) -> None:
    done = run_rotation(folder, f"{NEW},{OLD}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Sealed the secrets of 5 connections with the newest key. Older keys may go.")
    app = house(folder, NEW)
    assert passwords(app) == {f"word {number}" for number in range(5)}
    app.close()


def test_it_may_be_repeated(folder: Path) -> None:
    run_rotation(folder, f"{NEW},{OLD}")
    assert "of 0 connections with the newest key. 5 had the newest key already." in (
        run_rotation(folder, f"{NEW},{OLD}").stdout
    )


def test_the_house_reads_and_writes_meanwhile(folder: Path) -> None:
    """Both processes hold both keys; a change at the very moment of the rotation is not lost."""
    app = house(folder, f"{NEW},{OLD}")
    first = app.connections.all()[0]
    ended = threading.Event()
    seen: list[str] = []

    def change() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            app.connections.change(first.id, secrets={"password": f"changed {number}"})
            assert len(passwords(app)) == 5
            seen.append(f"changed {number}")

    changing = threading.Thread(target=change)
    changing.start()
    try:
        done = run_rotation(folder, f"{NEW},{OLD}")
    finally:
        ended.set()
        changing.join(60)
    assert done.returncode == 0
    assert seen[-1] in passwords(app)
    app.close()
    with_new_key = house(folder, NEW)
    assert passwords(with_new_key) == {seen[-1], *(f"word {number}" for number in range(1, 5))}
    with_new_key.close()


def test_nothing_of_a_connection_but_its_seal_changes(folder: Path) -> None:
    app = house(folder, f"{NEW},{OLD}")
    before = app.connections.all()
    run_rotation(folder, f"{NEW},{OLD}")
    assert app.connections.all() == before
    app.close()


def test_without_the_old_key_it_names_what_is_lost_and_changes_nothing(folder: Path) -> None:
    done = run_rotation(folder, NEW)
    assert done.returncode == 1
    assert "5 could not be opened: keep every key" in done.stdout
    assert "Mail 0: The secrets were sealed with key" in done.stderr
    app = house(folder, OLD)
    assert len(passwords(app)) == 5
    app.close()


def test_it_prints_no_secret(folder: Path) -> None:
    for keys in (f"{NEW},{OLD}", "yet-another-key-than-both"):
        done = run_rotation(folder, keys)
        assert not any(word in done.stdout + done.stderr for word in ("word 0", OLD, NEW, keys))


def test_a_wrong_setting_is_a_sentence(folder: Path) -> None:
    done = run_rotation(folder, "short")
    assert done.returncode == 1
    assert "shorter than 16 characters" in done.stderr
    assert "Traceback" not in done.stderr
