from __future__ import annotations

import multiprocessing
import stat
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from core.access.keys import FILE_NAME, open_keys
from core.errors import SettingsError
from core.settings import Settings


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    open_keys(Settings(data_dir=tmp_path / "var"))
    assert stat.S_IMODE((tmp_path / "var" / FILE_NAME).stat().st_mode) == 0o600


def test_a_later_start_uses_the_same_key(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert open_keys(settings) == open_keys(settings)


def test_the_environment_wins_over_the_folder(tmp_path: Path) -> None:
    keys = open_keys(Settings(data_dir=tmp_path, secret_key="first-of-the-keys, second-of-the-keys"))
    assert keys.keys == ("first-of-the-keys", "second-of-the-keys")
    assert not (tmp_path / FILE_NAME).exists()


def test_a_key_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "mounted").write_text("mounted-by-the-platform\n")
    keys = open_keys(Settings(data_dir=tmp_path, secret_key_file=tmp_path / "mounted"))
    assert keys.keys == ("mounted-by-the-platform",)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere cannot be read"):
        open_keys(Settings(data_dir=tmp_path, secret_key_file=tmp_path / "nowhere"))


@pytest.mark.parametrize("key", ["", "short", "long-enough-as-a-key,short"])
def test_a_weak_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError, match="shorter than 16"):
        open_keys(Settings(data_dir=tmp_path, secret_key=key))


def test_a_key_is_not_printed(tmp_path: Path) -> None:
    assert "first-of" not in repr(open_keys(Settings(data_dir=tmp_path, secret_key="first-of-the-keys")))


def put_key(folder: Path, found: Queue[tuple[str, ...]]) -> None:
    found.put(open_keys(Settings(data_dir=folder)).keys)


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    found: Queue[tuple[str, ...]] = spawn.Queue()
    starters = [spawn.Process(target=put_key, args=(tmp_path, found)) for _ in range(4)]
    for starter in starters:
        starter.start()
    keys = {found.get(timeout=150) for _ in starters}
    for starter in starters:
        starter.join(150)
    assert len(keys) == 1
