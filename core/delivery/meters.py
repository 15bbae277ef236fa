"""What the rails count, for Prometheus: in a registry of their own, since the process began."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

SEND_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
BUILD_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)


class Meters:
    """Counters of one sidecar."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.tries = Counter(
            "bridgecast_tries",
            "Tries of deliveries, by channel and outcome",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self.send_s = Histogram(
            "bridgecast_send_seconds",
            "How long a try took",
            ("kind",),
            buckets=SEND_BUCKETS_S,
            registry=self.registry,
        )
        self.builds = Counter("bridgecast_builds", "Runs made, by outcome", ("outcome",), registry=self.registry)
        self.build_s = Histogram(
            "bridgecast_build_seconds", "How long making a run took", buckets=BUILD_BUCKETS_S, registry=self.registry
        )
