"""What Prometheus reads (/metrics): from this computer, or with the token of somebody who may read the audit."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.access.rights import require
from core.app import App
from core.delivery.meters import Meters
from core.settings import LOOPBACK
from core.store.heartbeat import read_beat
from core.store.runs import count_open, oldest_due
from core.web.auth import caller_of

STATES = ("planned", "running", "retry")


def metrics_routes(app: App, meters: Meters) -> APIRouter:
    """The one route."""
    routes = APIRouter(include_in_schema=False)
    stored = CollectorRegistry()
    stored.register(Stored(app))

    @routes.get("/metrics")
    def metrics(request: Request) -> Response:
        if request.client is None or request.client.host not in LOOPBACK:
            require(caller_of(request, request.headers.get("authorization")), "audit.read")
        return Response(generate_latest(meters.registry) + generate_latest(stored), media_type=CONTENT_TYPE_LATEST)

    return routes


class Stored(Collector):
    """What the store tells: reckoned when it is asked for."""

    def __init__(self, app: App) -> None:
        self._app = app

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges."""
        app, now = self._app, self._app.clock()
        with app.store.read() as session:
            beat = read_beat(session)
            counts = count_open(session, app.organisation.id)
            due_at = oldest_due(session, app.organisation.id, now=now)
            circuits = app.ledger.circuits()
        if beat is not None:
            yield _gauge("heartbeat_age_seconds", "Since the last beat", (now - beat.beat_at).total_seconds())
        waiting = GaugeMetricFamily("bridgecast_open_runs", "Runs that have not ended", labels=["state"])
        for state in STATES:
            waiting.add_metric([state], counts.get(state, 0))
        yield waiting
        late_s = 0.0 if due_at is None else (now - due_at).total_seconds()
        yield _gauge("oldest_due_seconds", "How long what is due has waited for its turn", late_s)
        off = sum(circuit.disabled_at is not None for circuit in circuits)
        yield _gauge("destinations_off", "Destinations and connections that are switched off", off)
        paused = sum(circuit.open_until is not None and circuit.open_until > now for circuit in circuits)
        yield _gauge("destinations_paused", "Destinations that are left alone for a while", paused)
        yield _gauge("sending_held", "1 while all sending is held", float(app.sending.held() is not None))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"bridgecast_{name}", text, value=value)
