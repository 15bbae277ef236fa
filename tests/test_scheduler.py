"""The sidecar as a process: `python -m core.scheduler`."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from core.app import App, open_app
from core.audit_log import AuditLog, Filter
from core.delivery.meters import Meters
from core.delivery.rails import Rails
from core.errors import BridgecastError
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from core.model.delivery import ExportSpec
from core.scheduler import ClockWatch, Heart, bound, main, only_one, rails_of, tell_first_code
from core.settings import REPOSITORY, Settings
from core.store import Store
from core.store.heartbeat import read_beat
from core.web.views import View, Views
from tests.ports import free_port

DEADLINE_S = 120
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Start = Callable[..., subprocess.Popen[str]]


def make_link(app: App, path: Path) -> str:
    """An export with a report link; the link's id."""
    source = {"kind": "files", "path": str(path)}
    app.catalogue.create(DatasetSpec.model_validate({"slug": "s", "name": "S", "source": source}), by=app.owner.id)
    comparison = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}
    analysis = {"slug": "a", "name": "A", "dataset": "s", "equation": {"steps": [{"formula": "visits"}]}}
    app.analyses.create(AnalysisSpec.model_validate(analysis | {"comparison": comparison}), by=app.owner.id)
    link = {"kind": "link", "settings": {"slug": "r"}}
    export = {"name": "E", "content": {"kind": "report", "analysis": "a"}, "destinations": [link]}
    return app.exports.create(ExportSpec.model_validate(export), by=app.owner.id).links[0].id


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts sidecars on one data folder; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(**settings: str) -> subprocess.Popen[str]:
        own = {"BRIDGECAST_DATA_DIR": str(tmp_path / "var"), "BRIDGECAST_DEMO": "0"}
        process = subprocess.Popen(
            [sys.executable, "-m", "core.scheduler"],
            cwd=REPOSITORY,
            env={**os.environ, **own, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def wait_until_healthy(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=DEADLINE_S).status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    pytest.fail(f"the sidecar is not healthy (status {process.poll()})")


@pytest.mark.timeout(400)
def test_a_killed_sidecar_frees_its_folder_and_a_signal_ends_the_next_with_status_0(
    start: Start, tmp_path: Path
) -> None:
    first_port, port = free_port(), free_port()
    first = start(BRIDGECAST_API_PORT=str(first_port))
    wait_until_healthy(first, first_port)

    refused = start(BRIDGECAST_API_PORT=str(port))
    out, err = refused.communicate(timeout=DEADLINE_S)
    assert (refused.returncode, out) == (1, "")
    assert err.startswith(f"Another sidecar (pid {first.pid}) already works on {tmp_path / 'var'}.")
    assert "Traceback" not in err

    first.kill()
    first.wait(DEADLINE_S)
    second = start(BRIDGECAST_API_PORT=str(port))
    wait_until_healthy(second, port)
    second.send_signal(signal.SIGTERM)
    _, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 0
    assert "Traceback" not in err


@pytest.mark.timeout(400)
def test_it_beats_every_second_until_ctrl_c_ends_it_with_status_0(start: Start, tmp_path: Path) -> None:
    port = free_port()
    sidecar = start(BRIDGECAST_API_PORT=str(port))
    wait_until_healthy(sidecar, port)
    store = Store(f"sqlite:///{tmp_path}/var/bridgecast.sqlite")
    beats: set[datetime] = set()
    deadline = time.monotonic() + DEADLINE_S
    while len(beats) < 3 and time.monotonic() < deadline:
        with store.read() as session:
            beat = read_beat(session)
        assert beat is not None
        assert beat.pid == sidecar.pid
        beats.add(beat.beat_at)
        time.sleep(0.05)
    store.close()
    sidecar.send_signal(signal.SIGINT)
    sidecar.communicate(timeout=DEADLINE_S)
    assert sidecar.returncode == 0
    first, *_, last = sorted(beats)
    assert timedelta(seconds=1.5) < last - first < timedelta(seconds=20)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("BRIDGECAST_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("BRIDGECAST_DEMO", "0")
    monkeypatch.setenv("BRIDGECAST_API_PORT", str(free_port()))
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value"), [("BRIDGECAST_API_PORT", "high"), ("BRIDGECAST_SECRET_KEY", "short"), ("BRIDGECAST_LOG", "loud")]
)
def test_a_wrong_setting_is_one_sentence_and_status_2(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environment.setenv(name, value)
    assert main() == 2
    said = capsys.readouterr()
    assert (said.out, name in said.err, said.err.count("\n")) == ("", True, 1)


def test_where_others_can_come_the_way_to_become_the_owner_is_said_until_somebody_has_a_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path / "var", demo=False, host="0.0.0.0", public_url="https://b.example.org")
    app = open_app(settings)
    tell_first_code(app)
    (code,) = re.findall(r"https://b\.example\.org/welcome/(\S+)", capsys.readouterr().err)
    app.people.use_link(code, "correct horse", "olga@example.org", "Olga")
    tell_first_code(app)
    app.close()
    assert capsys.readouterr().err == ""


def test_on_this_computer_alone_no_code_is_said(empty_app: App, capsys: pytest.CaptureFixture[str]) -> None:
    tell_first_code(empty_app)
    assert capsys.readouterr().err == ""


def test_a_taken_port_is_one_sentence_and_status_1(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment.setenv("BRIDGECAST_API_PORT", str(port))
        assert main() == 1
    said = capsys.readouterr().err
    assert said == f"Port {port} on localhost is taken by another program. Stop it, or set BRIDGECAST_API_PORT.\n"


def test_the_sidecar_does_without_pandas_and_streamlit() -> None:
    program = "import core.scheduler, sys; print(sorted({'pandas', 'streamlit'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(BridgecastError, match=f"pid {os.getpid()}"), only_one(tmp_path):
        pytest.fail("a second one got in")


def test_the_lock_is_free_after_its_holder(tmp_path: Path) -> None:
    with only_one(tmp_path):
        pass
    with (tmp_path / "scheduler.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_it_binds_every_address_of_localhost() -> None:
    with bound("localhost", free_port()) as sockets:
        names = {each.getsockname()[0] for each in sockets}
    assert "127.0.0.1" in names
    assert names <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(("wall_s", "jump_s"), [(1, None), (5, None), (-7200, -7201), (3600, 3599)])
def test_a_clock_that_was_set_is_noticed(wall_s: int, jump_s: int | None) -> None:
    watch = ClockWatch(NOW, 100.0)
    jump = watch.jump(NOW + timedelta(seconds=wall_s), 101.0)
    assert jump == (None if jump_s is None else timedelta(seconds=jump_s))


def test_a_beat_writes_down_the_views_that_were_counted(empty_app: App, sales_csv: Path) -> None:
    views = Views()
    link = make_link(empty_app, sales_csv)
    views.count(link)
    views.count(link)
    Heart(empty_app, views, rails_of(empty_app, Meters())).beat()
    Heart(empty_app, views, rails_of(empty_app, Meters())).beat()
    assert empty_app.exports.all()[0].links[0].view_count == 2


def test_a_beat_writes_down_who_looked_at_what_is_not_public(empty_app: App) -> None:
    views = Views()
    views.saw(View("the-link", "morning", "csv", empty_app.sessions.built_in_owner(), "192.0.2.7", NOW))
    Heart(empty_app, views, rails_of(empty_app, Meters())).beat()
    (entry,) = empty_app.audit.entries(Filter(act="report.viewed"))
    assert (entry.person_id, entry.subject, entry.address) == (empty_app.owner.id, "/r/morning", "192.0.2.7")
    assert entry.detail == {"form": "csv"}


def test_a_beat_that_cannot_be_written_loses_no_view(empty_app: App) -> None:
    views = Views()
    views.count("link")
    with empty_app.store.write() as session:
        session.connection().execute(text("DROP TABLE heartbeat"))
    Heart(empty_app, views, rails_of(empty_app, Meters())).beat()
    assert dict(views.take()) == {"link": 1}


def test_what_nobody_expected_ends_neither_the_beat_nor_the_pruning_of_runs(
    empty_app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = Views()
    views.saw(View("the-link", "morning", "csv", object(), "192.0.2.7", NOW))  # type: ignore[arg-type]
    heart = Heart(empty_app, views, rails_of(empty_app, Meters()))
    heart.beat()
    heart.beat()
    with empty_app.store.read() as session:
        assert read_beat(session) is not None

    def fail(_: AuditLog) -> int:
        raise LookupError

    pruned: list[str] = []
    monkeypatch.setattr(AuditLog, "prune", fail)
    monkeypatch.setattr(Rails, "prune", lambda _: pruned.append("runs"))
    heart.prune()
    assert pruned == ["runs"]


def test_a_jump_is_told_once() -> None:
    watch = ClockWatch(NOW, 100.0)
    watch.jump(NOW + timedelta(hours=1), 101.0)
    assert watch.jump(NOW + timedelta(hours=1, seconds=1), 102.0) is None
