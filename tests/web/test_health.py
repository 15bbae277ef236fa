from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.model.runs import Circuit
from core.store.circuits import keep_circuit
from core.store.heartbeat import write_beat
from tests.web.conftest import Site, serve


@pytest.fixture
def own_site(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site that may be broken."""
    yield from serve(new_house())


def beat(site: Site, age: timedelta) -> None:
    now = site.app.clock() - age
    with site.app.store.write() as session:
        write_beat(session, pid=1, now=now, started_at=now)


def test_it_says_that_it_lives_and_what_it_is(site: Site) -> None:
    assert site.anonymous("/healthz").json() == {"status": "ok", "product": "bridgecast"}


def test_it_is_not_well_while_mail_fails(own_site: Site) -> None:
    app, settings = own_site.app, {"host": "mail.example.org", "from": "reports@example.org"}
    post = app.connections.create("email", "Post", settings, by=app.owner.id)
    assert own_site.anonymous("/healthz").status_code == 200
    refused = Circuit(id=post.id, organisation_id=app.organisation.id, export_id="", disabled_reason="535 no.")
    refused.disabled_at = app.clock() + timedelta(seconds=1)
    with app.store.write() as session:
        keep_circuit(session, refused)
    answer = own_site.anonymous("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "mail fails")
    assert answer.json()["mail"].startswith("fails since ")
    assert "mail.example.org" not in answer.text


def test_it_does_not_tell_strangers_where_its_files_lie(own_site: Site) -> None:
    folder = own_site.app.settings.warehouse_dir
    folder.rename(folder.with_name("moved"))
    answer = own_site.anonymous("/readyz")
    assert (answer.status_code, answer.json()["warehouse"]) == (503, "its folder is gone")


def test_it_is_ready_while_the_heart_beats(site: Site) -> None:
    beat(site, timedelta(0))
    answer = site.anonymous("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_it_is_not_ready_when_the_last_beat_is_old(site: Site) -> None:
    beat(site, timedelta(minutes=2))
    answer = site.anonymous("/readyz")
    assert (answer.status_code, answer.json()["heartbeat"]) == (503, "last beat 120 s ago")
