"""The sidecar: `python -m core.scheduler`. Serves report URLs and the API, plans, makes and sends, keeps the heartbeat.

One sidecar a data folder. It ends with status 0 on SIGINT and SIGTERM, 1 when it cannot do its work (another sidecar,
a taken port, a broken store), 2 when a setting is wrong; each with one sentence and no traceback.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from core.heaps import share_heaps

if __name__ == "__main__":
    share_heaps()  # Before the libraries below begin their threads.

# `schedule` reckons in the process's zone, where the hour that a clock is set back would be a beat without end.
os.environ["TZ"] = "UTC"
time.tzset()

import schedule  # noqa: E402
import structlog  # noqa: E402
import uvicorn  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

from core.access.audit import Subject, record  # noqa: E402
from core.app import App, open_app, system_clock  # noqa: E402
from core.delivery.alerts.pulse import Pulse  # noqa: E402
from core.delivery.attempts import attempted  # noqa: E402
from core.delivery.executor import Executor  # noqa: E402
from core.delivery.meters import Meters  # noqa: E402
from core.delivery.planner import Planner  # noqa: E402
from core.delivery.rails import Rails  # noqa: E402
from core.delivery.retention import Retention  # noqa: E402
from core.delivery.slack_choices import SlackChoices  # noqa: E402
from core.delivery.slack_lines import SlackLines  # noqa: E402
from core.errors import BridgecastError, SettingsError  # noqa: E402
from core.logs import configure_logs  # noqa: E402
from core.settings import read_settings  # noqa: E402
from core.store.exports import add_views  # noqa: E402
from core.store.heartbeat import is_alive, read_beat, write_beat  # noqa: E402
from core.store.people import OWNER_EMAIL  # noqa: E402
from core.web import create_web  # noqa: E402
from core.web.views import Views  # noqa: E402

log = structlog.get_logger(__name__)

BEAT_S, TELL_S, REAP_S = 1, 2, 10
LOOK_S = 0.2
JUMP = timedelta(seconds=5)
CANNOT_WORK, WRONG_SETTING = 1, 2
GRACE_S = 5


class Refused(BridgecastError):
    """The sidecar cannot start."""


def main(clock: Callable[[], datetime] = system_clock) -> int:
    """Run until a signal; the exit status."""
    try:
        settings = read_settings()
        configure_logs(settings.log)
        with only_one(settings.data_dir), bound(settings.host, settings.api_port) as sockets:
            app = open_app(settings, clock)
            if settings.owner_token is None:
                app.tokens.drop_environment_token()
            try:
                serve(app, sockets)
            finally:
                app.close()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_SETTING
    except BridgecastError as error:
        print(error, file=sys.stderr)
        return CANNOT_WORK
    return 0


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock, which the system frees even when this process is killed.

    Raises Refused, naming the holder.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "scheduler.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Refused(
                f"Another sidecar (pid {holder}) already works on {data_dir}. "
                "Stop it first, or set BRIDGECAST_DATA_DIR to another folder."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def bound(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Sockets on every address of `host`: a browser may take "localhost" for ::1 or for 127.0.0.1. Raises Refused."""
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                sockets.append(_bind(family, kind, protocol, address))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise Refused(
                        f"Port {port} on {host} is taken by another program. Stop it, or set BRIDGECAST_API_PORT."
                    ) from None
                log.debug("address not available", address=address[0], reason=error.strerror)
        if not sockets:
            raise Refused(f"No address of {host} can be listened on. Set BRIDGECAST_HOST to localhost.")
        yield sockets
    finally:
        for each in sockets:
            each.close()


def _bind(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    """A bound socket; the server begins to listen when it can answer."""
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def serve(app: App, sockets: list[socket.socket]) -> None:
    """Beat, work and answer until SIGINT or SIGTERM."""
    meters = Meters()
    rails = rails_of(app, meters)
    web = create_web(app, wake=rails.executor.wake, meters=meters)
    server = Server(
        uvicorn.Config(
            web,
            log_config=None,
            access_log=False,
            server_header=False,
            # Ours (core/web/proxies.py) believes no proxy that is not named; uvicorn's believes this computer.
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
            lifespan="off",
        )
    )
    rails.begin()
    heart = Heart(app, web.state.views, rails)
    heart.start()
    lines = SlackLines(SlackChoices(app.store, app.connections, app.artefacts, app.organisation.id, app.clock))
    lines.start()
    pulse = pulse_of(app)
    if pulse is not None:
        pulse.start()
    tell_first_code(app)
    log.info("sidecar listens", address=app.settings.report_base_url, pid=os.getpid())
    try:
        server.run(sockets)
    finally:
        if pulse is not None:
            pulse.stop()
        lines.stop()
        rails.end()
        heart.stop()
    log.info("sidecar stopped")


def rails_of(app: App, meters: Meters) -> Rails:
    """Planner, workers and retention of an installation."""
    executor = Executor(app.ledger, app.artefacts, app.maker, app.sender, meters, is_sending=app.settings.sending)
    planner = Planner(app.store, app.ledger, app.warehouse, app.organisation.id)
    retention = Retention(app.store, app.artefacts, app.organisation.id, app.clock)
    return Rails(planner, app.ledger, executor, retention, app.sending, app.alerts, app.clock)


def pulse_of(app: App) -> Pulse | None:
    """What calls the operator's address each minute, where there is one."""
    url = app.settings.heartbeat_url

    def is_beating() -> bool:
        with app.store.read() as session:
            return is_alive(read_beat(session), now=app.clock())

    def has_trouble() -> bool:
        return app.alerts.mail_trouble() is not None

    return Pulse(url.get_secret_value(), app.egress, is_beating, has_trouble) if url else None


def tell_first_code(app: App) -> None:
    """Where others can reach the app and nobody has a password yet, say here alone how to become the owner."""
    is_open = app.settings.is_only_local and not app.settings.has_oidc
    comes_by_provider = app.settings.has_oidc and app.owner.email != OWNER_EMAIL
    if is_open or comes_by_provider or app.sessions.has_password():
        return
    code = app.people.make_link(app.owner.id, "invite")
    print(
        f"Nobody has a password yet. To become the owner, open {app.settings.report_base_url}/welcome/{code}\n"
        f"or sign in with this one-time code: {code}",
        file=sys.stderr,
        flush=True,
    )


class Server(uvicorn.Server):
    """Stops at a signal and returns; uvicorn's own would raise the signal again and end with its status."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM until the server has stopped."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Heart:
    """A thread that beats every second: says that the sidecar lives, writes down what was counted meanwhile, plans."""

    def __init__(self, app: App, views: Views, rails: Rails) -> None:
        self._app, self._views, self._rails = app, views, rails
        self._started_at = app.clock()
        self._rhythm = schedule.Scheduler()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat at once, then every second."""
        self._begin_anew()
        self._thread.start()

    def stop(self) -> None:
        """Write down what is left and end the thread."""
        self._stopping.set()
        self._thread.join(GRACE_S)
        self.beat()

    def beat(self) -> None:
        """One beat. Whatever goes wrong costs this beat, not the thread: without it nothing would be planned.

        What was counted waits for a store that does not answer; what cannot be written at all is left out.
        """
        now = self._app.clock()
        views, seen = self._views.take(), self._views.take_seen()

        def write() -> None:
            with self._app.store.write() as session:
                write_beat(session, pid=os.getpid(), now=now, started_at=self._started_at)
                add_views(session, views, now=now)
                for view in seen:
                    subject, how = Subject("link", view.link_id, f"/r/{view.slug}"), {"form": view.form}
                    record(session, view.caller, "report.viewed", subject, at=view.at, address=view.address, detail=how)

        match attempted(write):
            case SQLAlchemyError() as error:
                self._views.put_back(views, seen)
                log.warning("beat not written", reason=type(error).__name__)
            case Exception() as error:
                log.error("beat failed, unexpectedly", views=dict(views), seen=seen, exc_info=error)

    def prune(self) -> None:
        """Remove what is past its retention."""
        match attempted(self._app.audit.prune):
            case SQLAlchemyError() as error:
                log.warning("audit not pruned", reason=type(error).__name__)
            case Exception() as error:
                log.error("audit not pruned, unexpectedly", exc_info=error)
            case int() as count if count:
                log.info("audit pruned", entries=count)
        self._rails.prune()

    def _begin_anew(self) -> None:
        self.beat()
        self._rhythm.clear()
        self._rails.plan()
        self._rhythm.every(BEAT_S).seconds.do(self.beat)
        self._rhythm.every(BEAT_S).seconds.do(self._rails.plan)
        self._rhythm.every(TELL_S).seconds.do(self._rails.tell)
        self._rhythm.every(REAP_S).seconds.do(self._rails.reap)
        self.prune()
        self._rhythm.every().hour.do(self.prune)

    def _run(self) -> None:
        watch = ClockWatch(self._app.clock(), time.monotonic())
        while not self._stopping.wait(LOOK_S):
            if jump := watch.jump(self._app.clock(), time.monotonic()):
                log.warning("the clock jumped", seconds=round(jump.total_seconds()))
                self._begin_anew()
            self._rhythm.run_pending()


class ClockWatch:
    """Compares the wall clock with one that cannot be set: `schedule` would stall for as long as it was set back."""

    def __init__(self, now: datetime, monotonic_s: float) -> None:
        self._now, self._monotonic_s = now, monotonic_s

    def jump(self, now: datetime, monotonic_s: float) -> timedelta | None:
        """How far the wall clock jumped since the last look, if it did."""
        gone = (now - self._now) - timedelta(seconds=monotonic_s - self._monotonic_s)
        self._now, self._monotonic_s = now, monotonic_s
        return gone if abs(gone) > JUMP else None


if __name__ == "__main__":
    sys.exit(main())
