"""Deliveries a second: one report, drawn once, to many webhooks on loopback by a real sidecar.

Run: .venv/bin/python -m bench.deliveries [--deliveries 500]
An export has at most so many destinations; further deliveries are of replays, which send the same bytes again: those
are made while sending is held, then all of them go. Prints JSON; ends with status 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from bench.rounds import machine, show
from bench.sidecar import HOST, Sidecar, running
from bench.trigger_url import Receiver, listening
from core.model.delivery import ExportSpec
from core.model.runs import FINAL, Attempt, Delivery, Run

BOUND_PER_S = 50.0
DESTINATIONS = 40
"""Of the export, below the most that it may have."""
PATIENCE_S = 180.0


def prepare(sidecar: Sidecar, port: int, destinations: int) -> str:
    """An export of a sample to as many addresses of the receiver; its id."""
    app = sidecar.app
    owner = app.owner.id
    connection = app.connections.create("webhook", "Receiver", {"url": f"http://{HOST}:{port}/hook"}, {}, by=owner)
    export = {
        "name": "Sent to many",
        "content": {"kind": "report", "analysis": "shop-revenue"},
        "triggers": [{"kind": "url"}],
        "refresh": "none",
        "destinations": [{"kind": "webhook", "connection": connection.id} for _ in range(destinations)],
    }
    return app.exports.create(ExportSpec.model_validate(export), by=owner).id


def measure(sidecar: Sidecar, receiver: Receiver, export_id: str, deliveries: int) -> dict[str, object]:
    """Draw and send it once, replay it while sending is held, then let all go and wait for the end of the last one."""
    first = send_first(sidecar, export_id)
    since = sidecar.app.clock()
    runs = replay(sidecar, first, ceil(deliveries / DESTINATIONS))
    return _figures(sidecar, receiver, [first, *runs], since)


def send_first(sidecar: Sidecar, export_id: str) -> str:
    """A run, drawn and sent; its id."""
    run_id = sidecar.app.triggers.start(export_id, by=sidecar.app.owner.id, how="hand").run_id
    _wait(lambda: sidecar.app.ledger.run(run_id).run.state == "succeeded")
    return run_id


def replay(sidecar: Sidecar, run_id: str, count: int) -> list[str]:
    """So many replays, which are made while sending is held and then sent to their end; their ids."""
    app = sidecar.app
    app.sending.hold("until everything is made")
    runs = [app.ledger.replay(run_id, data="same", only="all", by=app.owner.id) for _ in range(count)]
    _wait(lambda: _count(sidecar, Delivery, col(Delivery.state) == "planned") == count * DESTINATIONS)
    app.sending.go_on()
    _wait(lambda: _count(sidecar, Run, col(Run.id).in_(runs), col(Run.state).in_(FINAL)) == count)
    return runs


def _figures(sidecar: Sidecar, receiver: Receiver, runs: list[str], since: datetime) -> dict[str, object]:
    made = (col(Attempt.outcome) == "succeeded", col(Attempt.started_at) >= since)
    with sidecar.app.store.read() as session:
        query = select(func.count(), func.min(Attempt.started_at), func.max(Attempt.finished_at)).where(*made)
        sent, first, last = session.exec(query).one()
    steps = [step for run in runs for step in sidecar.app.ledger.run(run).run.steps]
    drawn = sum(int(str(step.get("reports", 0))) for step in steps)
    took_s = (last - first).total_seconds()
    rate, arrived = round(sent / took_s, 1), receiver.heard.qsize() - DESTINATIONS
    return {
        "deliveries": sent,
        "arrived": arrived,
        "reports_drawn": drawn,
        "took_s": round(took_s, 2),
        "deliveries_per_s": rate,
        "must_be_at_least_per_s": BOUND_PER_S,
        "sidecar_mb": sidecar.rss_mb(),
        "ok": rate >= BOUND_PER_S and drawn == 1 and sent == arrived,
    }


def _count(sidecar: Sidecar, table: type[Run | Delivery], *asked: Any) -> int:
    with sidecar.app.store.read() as session:
        return int(session.exec(select(func.count()).select_from(table).where(*asked)).one())


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit("The sidecar did not come to an end in time.")
        time.sleep(0.2)


def main() -> int:
    """All of it; 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=500)
    asked = parser.parse_args()
    os.environ["BRIDGECAST_EGRESS_ALLOW"] = HOST
    with tempfile.TemporaryDirectory() as folder, listening() as receiver, running(Path(folder), demo=True) as sidecar:
        export_id = prepare(sidecar, receiver.server_port, DESTINATIONS)
        before = machine()
        figures = measure(sidecar, receiver, export_id, asked.deliveries)
    show({"before": before, "after": machine(), **figures})
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
