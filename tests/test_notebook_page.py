"""docs/notebook.ipynb runs from its folder as a reader runs it, and says what it says in the repository."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from core.settings import REPOSITORY

FOLDER = REPOSITORY / "docs"


@pytest.fixture(scope="module")
def kept() -> Any:
    return nbformat.read(FOLDER / "notebook.ipynb", nbformat.NO_CONVERT)


@pytest.fixture(scope="module")
def run(kept: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    book = nbformat.from_dict(kept)
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRIDGECAST_DATA_DIR", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        client = NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
        return client.execute()


def said(book: Any) -> list[str]:
    """What each code cell printed or showed as text."""
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    return [str(output.get("text") or output.get("data", {}).get("text/plain")) for output in outputs]


def test_it_runs_from_top_to_bottom_and_says_what_is_printed(kept: Any, run: Any) -> None:
    assert said(run) == said(kept)


def test_its_bridge_and_charts_are_pictures(run: Any) -> None:
    shown = [
        output.data for cell in run.cells if cell.cell_type == "code" for output in cell.outputs if "data" in output
    ]
    assert sum("image/png" in data for data in shown) == 2


def test_it_asks_nobody_for_anything(kept: Any) -> None:
    text = nbformat.writes(kept)
    assert "http://" not in text
    assert "https://" not in text
