from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from core.access.picture_tokens import sign_picture_token
from core.delivery.work import Made
from core.store.retention import empty_runs
from core.web.frame import _shown
from tests.delivery.ledgers import ask
from tests.web.conftest import Site

PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture
def run_id(site: Site) -> str:
    """A run that made a picture and a message."""
    asked = ask(site.app.ledger, key=str(uuid4()), planned_at=site.app.clock())
    build = site.app.ledger.claim_build()
    assert build is not None
    assert build.run_id == asked
    files = (
        site.app.artefacts.write(asked, "chart-1.png", "image/png", PNG),
        site.app.artefacts.write(asked, "teams.json", "application/json", b"{}"),
    )
    site.app.ledger.built(build, Made(artefacts=files))
    return asked


def path(site: Site, run_id: str, name: str = "chart-1.png") -> str:
    return f"/i/{sign_picture_token(site.app.keys, run_id, name)}"


def test_whoever_has_the_address_sees_the_picture(site: Site, run_id: str) -> None:
    answer = site.anonymous(path(site, run_id))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in answer.headers


def test_a_look_at_its_head_says_the_same_without_it(site: Site, run_id: str) -> None:
    answer = site.anonymous(path(site, run_id), "HEAD")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", b"")


@pytest.mark.parametrize("wrong", ["gone", "altered", "no picture", "forged", "cut", "other run", "no such file"])
def test_unknown_and_expired_answer_alike(wrong: str, site: Site, run_id: str) -> None:
    paths = {
        "no picture": path(site, run_id, "teams.json"),
        "forged": path(site, run_id).replace("/i/", "/i/A"),
        "cut": path(site, run_id)[:-3],
        "other run": path(site, str(uuid4())),
        "no such file": path(site, run_id, "chart-2.png"),
    }
    if wrong == "gone":
        with site.app.store.write() as session:
            empty_runs(session, [run_id], now=site.app.clock())
    if wrong == "altered":
        (site.app.artefacts.folder / run_id / "chart-1.png").write_bytes(b"something else")
    answer = site.anonymous(paths.get(wrong, path(site, run_id)))
    nowhere = site.anonymous("/i/nothing")
    assert answer.status_code == nowhere.status_code == 404
    assert answer.json() == nowhere.json()


def test_only_an_installation_that_can_be_reached_by_https_has_addresses(site: Site, run_id: str) -> None:
    assert site.app.pictures.address(run_id, "chart-1.png") == ""
    outside = replace(site.app.pictures, base_url="https://reports.example.org")
    assert outside.address(run_id, "chart-1.png") == f"https://reports.example.org{path(site, run_id)}"


def test_its_address_is_no_line_of_the_log() -> None:
    assert _shown("/i/secret-token") == "/i/***"
