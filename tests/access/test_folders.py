from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.access.folders import make_private
from core.app import open_app
from core.logs import configure_logs
from core.settings import Settings

NOBODY = 65534


def mode_of(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):o}"


@pytest.fixture
def lines() -> StringIO:
    stream = StringIO()
    configure_logs("info", stream)
    return stream


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "deep" / "var")
    assert mode_of(tmp_path / "deep" / "var") == "700"


@pytest.mark.parametrize(("before", "after"), [("755", "700"), ("2770", "2700"), ("700", "700")])
def test_a_folder_that_others_may_enter_is_closed(tmp_path: Path, before: str, after: str) -> None:
    tmp_path.chmod(int(before, 8))
    make_private(tmp_path)
    assert mode_of(tmp_path) == after


def test_closing_is_said_once(tmp_path: Path, lines: StringIO) -> None:
    tmp_path.chmod(0o755)
    make_private(tmp_path)
    make_private(tmp_path)
    assert lines.getvalue().count("is closed to other users") == 1
    assert '"mode": "755"' in lines.getvalue()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be somebody else for a moment")
def test_a_folder_of_somebody_else_is_said_and_used(lines: StringIO) -> None:
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        os.seteuid(NOBODY)
        try:
            make_private(folder)
        finally:
            os.seteuid(0)
        assert mode_of(folder) == "755"
    assert "may enter the data folder" in lines.getvalue()


def test_the_app_closes_its_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    open_app(Settings(data_dir=folder, demo=False)).close()
    assert mode_of(folder) == "700"
