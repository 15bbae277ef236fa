"""An installation with an export to webhooks, the sidecars that work for it, and the receiver."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.app import App, open_app
from core.model.data import DatasetSpec
from core.model.delivery import ExportSpec
from core.model.runs import Attempt, Delivery
from core.settings import Settings
from tests.conftest import SALES, revenue_spec
from tests.faults.nursery import Nursery, kill, lives, nursery
from tests.faults.receiver import Receiver, receiver
from tests.polling import wait_for
from tests.ports import free_port

FIXED = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}


@dataclass
class Works:
    """The installation as a person sees it (`app`), the nursery of its sidecars, and where its messages go."""

    app: App
    nursery: Nursery
    receiver: Receiver
    environment: dict[str, str]
    log: Path
    running: list[int] = field(default_factory=list)

    def start(self, clock: Path | None = None) -> int:
        """A sidecar; its pid. clock: of which a test says by how many seconds it is wrong."""
        self.running.append(self.nursery.start(self.environment, self.log, clock))
        return self.running[-1]

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the sidecar that runs."""
        kill(self.running.pop(), how)

    def freeze(self, pid: int) -> None:
        """Stop a sidecar at a moment at which it does not hold the store: SQLite would let nobody else write."""
        path = self.app.settings.data_dir / "bridgecast.sqlite"

        def is_frozen_outside_of_a_transaction() -> bool:
            os.kill(pid, signal.SIGSTOP)
            try:
                with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as store:
                    store.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return False
            return True

        wait_for(is_frozen_outside_of_a_transaction, what="moment at which the sidecar can be frozen")

    def export(self, *paths: str) -> str:
        """An export to these paths of the receiver, or whole addresses; its id."""
        destinations = [{"kind": "webhook", "connection": self.connection(path)} for path in paths]
        spec = {"name": "Revenue", "content": {"kind": "report", "analysis": "revenue"}, "destinations": destinations}
        spec["triggers"] = [{"kind": "url"}]
        return self.app.exports.create(ExportSpec.model_validate(spec), by=self.app.owner.id).id

    def connection(self, path: str) -> str:
        settings = {"url": path if "://" in path else self.receiver.url(path)}
        return self.app.connections.create("webhook", path, settings, {}, by=self.app.owner.id).id

    def ask(self, export_id: str) -> str:
        return self.app.triggers.start(export_id, by=self.app.owner.id, how="hand").run_id

    def state(self, run_id: str) -> str:
        return self.app.ledger.run(run_id).run.state

    def sent(self, run_id: str) -> list[Delivery]:
        """The deliveries to the receiver; the link, of which nothing is sent, aside."""
        return [row for row in self.app.ledger.run(run_id).deliveries if row.kind == "webhook"]

    def tries(self, run_id: str) -> dict[str, list[Attempt]]:
        """The tries of each delivery to the receiver."""
        detail = self.app.ledger.run(run_id)
        return {row.id: detail.attempts[row.id] for row in detail.deliveries if row.kind == "webhook"}

    def outcomes(self, run_id: str) -> list[str | None]:
        """How the tries of a run ended, whichever the delivery."""
        return [attempt.outcome for attempts in self.tries(run_id).values() for attempt in attempts]

    def reached(self, run_id: str, state: str) -> None:
        wait_for(lambda: self.state(run_id) == state, what=f"{state} run: {self.app.ledger.run(run_id)}")


@pytest.fixture(scope="session")
def born() -> Iterator[Nursery]:
    with nursery() as running:
        yield running


@pytest.fixture
def works(born: Nursery, tmp_path: Path) -> Iterator[Works]:
    port = free_port()
    given = {"data_dir": str(tmp_path / "var"), "demo": "0", "api_port": str(port), "host": "127.0.0.1"}
    given |= {"egress_allow": "127.0.0.1", "secret_key": "a key that is only for tests", "threads": "1"}
    environment = {f"BRIDGECAST_{name.upper()}": value for name, value in given.items()}
    log = tmp_path / "sidecar.log"
    with ExitStack() as opened:
        hooks = opened.enter_context(receiver())
        app = open_app(Settings(**given))  # type: ignore[arg-type]
        opened.callback(app.close)
        works = Works(app, born, hooks, environment, log)
        (tmp_path / "sales.csv").write_text(SALES)
        upload = {"slug": "sales", "name": "Sales", "source": {"kind": "files", "path": str(tmp_path / "sales.csv")}}
        app.catalogue.create(DatasetSpec.model_validate(upload), by=app.owner.id)
        app.analyses.create(revenue_spec(comparison=FIXED), by=app.owner.id)
        yield works
        for pid in reversed(works.running):
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/faults/test_fuzzer.py --kills 300 --seed 7`."""
    parser.addoption("--kills", type=int, default=15, help="how many sidecars the fuzzer kills")
    parser.addoption("--seed", type=int, default=2026, help="of the fuzzer's random moments")
