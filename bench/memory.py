"""What the sidecar holds in memory over thousands of deliveries.

Run: .venv/bin/python -m bench.memory [--deliveries 5000]
Prints JSON; ends with status 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path

from bench.deliveries import DESTINATIONS, prepare, replay, send_first
from bench.rounds import machine, show
from bench.sidecar import HOST, Sidecar, running
from bench.trigger_url import listening

BOUND_MB, GROWTH_BOUND_MB = 500.0, 20.0
WAVES = 10


def measure(sidecar: Sidecar, export_id: str, deliveries: int) -> dict[str, object]:
    """What is held after each wave of replays. Flat: the second half adds almost nothing."""
    first, sent = send_first(sidecar, export_id), DESTINATIONS
    held = {sent: sidecar.rss_mb()}
    for _ in range(WAVES):
        sent += DESTINATIONS * len(replay(sidecar, first, math.ceil(deliveries / WAVES / DESTINATIONS)))
        held[sent] = sidecar.rss_mb()
    after = list(held.values())
    growth = round(after[-1] - after[WAVES // 2], 1)
    return {
        "deliveries": sent,
        "rss_mb": held,
        "must_be_at_most_mb": BOUND_MB,
        "growth_in_second_half_mb": growth,
        "growth_must_be_at_most_mb": GROWTH_BOUND_MB,
        "ok": max(after) <= BOUND_MB and growth <= GROWTH_BOUND_MB,
    }


def main() -> int:
    """All of it; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=5000)
    asked = parser.parse_args()
    os.environ["BRIDGECAST_EGRESS_ALLOW"] = HOST
    before = machine()
    with tempfile.TemporaryDirectory() as folder, listening() as receiver, running(Path(folder), demo=True) as sidecar:
        figures = measure(sidecar, prepare(sidecar, receiver.server_port, DESTINATIONS), asked.deliveries)
    show({"before": before, "after": machine(), **figures})
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
