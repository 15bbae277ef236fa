"""One beat of the planner: 10,000 schedules, of which ten are due, and one in which none is.

Run: .venv/bin/python -m bench.planner [--schedules 10000] [--rounds 60]
Prints JSON; ends with status 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import col, func, select, update

from bench.rounds import machine, show, summary, timed
from core.app import App, open_app
from core.delivery.planner import Planner
from core.delivery.rules import fingerprint, occurrences
from core.model.base import new_id
from core.model.delivery import Export
from core.model.runs import Run
from core.model.triggers import ScheduleTrigger, Trigger
from core.settings import Settings

DUE = 10
BOUND_MS = 100.0
START = datetime(2026, 3, 2, tzinfo=UTC)


def prepare(app: App, count: int) -> None:
    """Copies of a sample's export, each with a daily schedule; ten begin in every minute of the day, in order."""
    (pattern, *_) = app.exports.all()
    with app.store.write() as session:
        row = session.get_one(Export, pattern.id)
        for number in range(count):
            minute = number // DUE
            # 01:00 in Berlin is START.
            cron = f"{minute % 60} {(minute // 60 + 1) % 24} * * *"
            rule = ScheduleTrigger(id=new_id(), cron=cron, zone="Europe/Berlin")
            copy = row.model_dump() | {"id": new_id(), "name": f"Export {number}"}
            copy["spec"] = {**row.spec, "triggers": [rule.model_dump(mode="json")]}
            session.add(Export(**copy))
            session.add(_row(row.organisation_id, copy["id"], rule))


def _row(organisation_id: str, export_id: str, rule: ScheduleTrigger) -> Trigger:
    return Trigger(
        id=str(rule.id),
        organisation_id=organisation_id,
        subject_id=export_id,
        kind="schedule",
        rule=rule.model_dump(mode="json"),
        next_fire_at=next(occurrences(rule, START - timedelta(minutes=1))),
        next_rule=fingerprint(rule),
        created_at=START,
    )


def measure(app: App, rounds: int) -> dict[str, object]:
    """A minute a round: the beat in which ten are due, then one in which nothing is."""
    planner = Planner(app.store, app.ledger, app.warehouse, app.organisation.id)
    busy, idle, begun, now = [], [], [], START
    for number in range(rounds + 1):
        took = timed(lambda now=now: begun.append(planner.beat(now)))  # type: ignore[misc]
        rest = timed(lambda now=now: planner.beat(now))  # type: ignore[misc]
        if number:
            busy.append(took)
            idle.append(rest)
        now += timedelta(minutes=1)
        with app.store.write() as session:
            session.exec(update(Run).where(col(Run.state) == "planned").values(state="succeeded"))
    with app.store.read() as session:
        runs = session.exec(select(func.count()).select_from(Run)).one()
    figures = summary(busy)
    return {
        "ten due": figures,
        "none due": summary(idle),
        "runs": runs,
        "must_be_at_most_ms": BOUND_MS,
        "ok": figures["median_ms"] <= BOUND_MS and set(begun) == {DUE} and runs == DUE * (rounds + 1),
    }


def main() -> int:
    """All of it; 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = open_app(Settings(data_dir=Path(folder) / "var", demo=True), clock=lambda: START)
        try:
            prepare(app, asked.schedules)
            figures = measure(app, asked.rounds)
        finally:
            app.close()
    show({"machine": machine(), "schedules": asked.schedules, **figures})
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
