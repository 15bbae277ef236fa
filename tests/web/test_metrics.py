"""What Prometheus reads."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from core.app import App
from core.delivery.meters import Meters
from core.delivery.work import Made, PlannedDelivery
from core.store.heartbeat import write_beat
from core.web import create_web
from tests.conftest import NOW


@pytest.fixture
def meters() -> Meters:
    return Meters()


def ask(app: App, meters: Meters, address: str = "127.0.0.1") -> httpx.Response:
    """What a reader at that address is answered."""

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(create_web(app, meters=meters), client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/metrics")

    return asyncio.run(get())


def figures(app: App, meters: Meters) -> dict[str, float]:
    answer = ask(app, meters)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    rows = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_it_says_how_long_ago_the_heart_beat(empty_app: App, meters: Meters) -> None:
    with empty_app.store.write() as session:
        write_beat(session, pid=1, now=NOW, started_at=NOW)
    assert figures(empty_app, meters)["bridgecast_heartbeat_age_seconds"] == 0


def test_it_counts_what_waits_and_how_long(empty_app: App, meters: Meters) -> None:
    asked = {"subject_id": "e", "name": "E", "definition": {}, "trigger_kind": "hand", "planned_at": NOW}
    for number in range(3):
        empty_app.ledger.ask(occurrence_key=f"t@{number}", **asked)  # type: ignore[arg-type]
    build = empty_app.ledger.claim_build()
    assert build is not None
    empty_app.ledger.built(build, Made(deliveries=(PlannedDelivery("d", "webhook", "d", {}),)))
    assert empty_app.ledger.claim_delivery() is not None
    found = figures(empty_app, meters)
    assert found['bridgecast_open_runs{state="planned"}'] == 2
    assert found['bridgecast_open_runs{state="running"}'] == 1
    assert found['bridgecast_open_runs{state="retry"}'] == 0
    assert found["bridgecast_oldest_due_seconds"] == 0


def test_it_says_that_all_sending_is_held(empty_app: App, meters: Meters) -> None:
    assert figures(empty_app, meters)["bridgecast_sending_held"] == 0
    empty_app.sending.hold("wrong figures")
    assert figures(empty_app, meters)["bridgecast_sending_held"] == 1


def test_it_tells_what_the_workers_counted(empty_app: App, meters: Meters) -> None:
    meters.tries.labels("webhook", "failed").inc()
    assert figures(empty_app, meters)['bridgecast_tries_total{kind="webhook",outcome="failed"}'] == 1


def test_from_elsewhere_it_asks_who_reads(empty_app: App, meters: Meters) -> None:
    assert ask(empty_app, meters, "192.0.2.7").status_code == 401
