"""Files of runs: whole or not at all, and never sent when they were altered."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from core.delivery.artefacts import ArtefactLost, Artefacts, DiskFull
from tests.delivery.ledgers import NOW, Clock


@pytest.fixture
def artefacts(tmp_path: Path) -> Artefacts:
    return Artefacts(tmp_path / "artefacts", Clock(NOW))


def test_what_was_written_is_read(artefacts: Artefacts) -> None:
    row = artefacts.write("run", "waterfall.png", "image/png", b"picture")
    assert artefacts.read(row) == b"picture"
    assert (row.bytes, row.sha256, row.created_at) == (7, hashlib.sha256(b"picture").hexdigest(), NOW)


def test_nothing_but_the_file_is_left_in_the_folder(artefacts: Artefacts, tmp_path: Path) -> None:
    artefacts.write("run", "a.txt", "text/plain", b"1")
    artefacts.write("run", "a.txt", "text/plain", b"22")
    assert [path.name for path in (tmp_path / "artefacts" / "run").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("altered", [b"picturf", b"picture and more", b""])
def test_a_file_that_was_altered_is_refused(artefacts: Artefacts, altered: bytes) -> None:
    row = artefacts.write("run", "waterfall.png", "image/png", b"picture")
    artefacts.path(row).write_bytes(altered)
    with pytest.raises(ArtefactLost, match=r"waterfall\.png.*SHA-256"):
        artefacts.read(row)


def test_a_file_that_is_gone_is_refused(artefacts: Artefacts) -> None:
    row = artefacts.write("run", "waterfall.png", "image/png", b"picture")
    artefacts.drop("run")
    with pytest.raises(ArtefactLost, match="cannot be read: No such file"):
        artefacts.path(row)


@pytest.mark.parametrize("name", ["../key", "/etc/passwd", ".hidden", "", "a b", "a" * 151])
def test_a_name_that_leads_elsewhere_is_refused(artefacts: Artefacts, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        artefacts.write("run", name, "text/plain", b"")


def test_a_copy_belongs_to_the_other_run_and_outlives_the_first(artefacts: Artefacts) -> None:
    row = artefacts.write("run", "a.txt", "text/plain", b"1")
    copy = artefacts.copy(row, "other")
    artefacts.drop("run")
    assert (copy.run_id, copy.sha256, artefacts.read(copy)) == ("other", row.sha256, b"1")


@pytest.mark.parametrize(
    ("free", "last", "is_full"), [(499, 0, True), (500, 0, False), (599, 200, True), (600, 200, False)]
)
def test_no_run_is_made_without_room(tmp_path: Path, free: int, last: int, is_full: bool) -> None:
    artefacts = Artefacts(tmp_path, Clock(NOW), free_bytes=lambda _: free * 10**6)
    if is_full:
        with pytest.raises(DiskFull, match=f"{free} MB left"):
            artefacts.require_room(last * 10**6)
    else:
        artefacts.require_room(last * 10**6)
