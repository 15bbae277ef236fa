"""First bridge, next bridge, publish, and the same job by others.

Run: .venv/bin/python -m bench.bridge [--rows 10000000] [--rounds 7] [--only first,next,publish]
Prints JSON; ends with status 1 if a figure misses its bound. docs/benchmarks.md tells what is compared with what.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from bench.rounds import Took, interleave, machine, ratio, show, summary, timed
from bench.statements import day, statements
from bench.subject import analysis, dataset, facts_file
from core.analyses import compute
from core.engine.bridge import Bridge
from core.model.analysis import AnalysisSpec
from core.warehouse import Version, Warehouse

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / ".envs" / "peers" / "bin" / "python"
FIRST_BOUND, NEXT_BOUND_MS, PUBLISH_BOUND = 1.5, 60.0, 2.0
PEER_BOUNDS = {"pandas": 15.0, "SumExplainer": 5.0, "FunnelExplainer": 2.0}
# Each peer is held against our bridge of the metrics that it is given: four, one ratio, a funnel of three.
SAME_JOB = {"pandas": "profit", "newest pandas": "profit", "SumExplainer": "orders", "FunnelExplainer": "revenue"}


def answer(warehouse: Warehouse, spec: AnalysisSpec, version: Version) -> Bridge:
    """The bridge with its ranking, which takes the detail of every step by every dimension."""
    bridge = compute(warehouse, spec, version)
    if len(bridge.dimensions) != 5 or bridge.ranking().is_empty():
        raise SystemExit(f"The bridge knows {bridge.dimensions} instead of five dimensions.")
    return bridge


def details(warehouse: Warehouse, spec: AnalysisSpec, version: Version) -> Bridge:
    """The bridge with the detail of every step by every dimension: what the sums are for."""
    bridge = compute(warehouse, spec, version)
    for step in bridge.steps["step"]:
        for dimension in bridge.dimensions:
            bridge.detail(step, dimension)
    return bridge


def first(file: Path, warehouse: Warehouse, version: Version, rounds: int) -> dict[str, object]:
    """From Parquet facts, without the marginal table, against hand-written statements; peers in the same rounds."""
    spec = analysis((day(0), day(29)), (day(30), day(59)))
    bare = replace(version, marginals=None, segments=None, marginal_dimensions=())
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET parquet_metadata_cache = true")
    by_hand = statements(version.facts)
    calls: dict[str, Callable[[], Took]] = {
        "Bridgecast": lambda: timed(lambda: details(warehouse, spec, bare)),
        "Bridgecast, ranked": lambda: timed(lambda: answer(warehouse, spec, bare)),
    }
    for name, text in by_hand.items():
        calls[name] = lambda text=text: timed(lambda: connection.execute(text).fetchnumpy())
    found = interleave(calls, rounds)
    best = min(by_hand, key=lambda name: summary(found[name])["median_ms"])
    times = ratio(found["Bridgecast"], found[best])
    return {
        "times_ms": {name: summary(times) for name, times in found.items()},
        "best_by_hand": best,
        "against_best_by_hand": times,
        "must_be_at_most": FIRST_BOUND,
        "ok": times["by_median"] <= FIRST_BOUND,
    }


def peers(file: Path, warehouse: Warehouse, version: Version, rounds: int) -> dict[str, object]:
    """The same job by pandas and icanexplain in child processes, warm calls against our first bridge."""
    bare = replace(version, marginals=None, segments=None, marginal_dimensions=())
    make_environment()
    with ExitStack() as stack:
        calls: dict[str, Callable[[], Took]] = {}
        for kpi in dict.fromkeys(SAME_JOB.values()):
            spec = analysis((day(0), day(29)), (day(30), day(59)), kpi)
            calls[f"Bridgecast, {kpi}"] = lambda spec=spec: timed(lambda: details(warehouse, spec, bare))
        for tool in PEER_BOUNDS:
            calls[tool] = stack.enter_context(peer(PEERS, tool, file))
        # The pandas that comes with Streamlit is newer than the one icanexplain allows.
        calls["newest pandas"] = stack.enter_context(peer(Path(sys.executable), "pandas", file))
        found = interleave(calls, rounds)
    slower = {tool: ratio(found[tool], found[f"Bridgecast, {kpi}"]) for tool, kpi in SAME_JOB.items()}
    return {
        "times_ms": {name: summary(times) for name, times in found.items()},
        "times_slower": slower,
        "must_be_at_least": PEER_BOUNDS,
        "ok": all(slower[tool]["by_median"] >= bound for tool, bound in PEER_BOUNDS.items()),
    }


def make_environment() -> None:
    """The peers' environment, installed once."""
    if PEERS.exists():
        return
    home = PEERS.parent.parent
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    install = [str(PEERS), "-m", "pip", "install", "-q", "-r", str(ROOT / "bench" / "peers.txt")]
    subprocess.run(install, check=True, stdout=sys.stderr)


@contextmanager
def peer(python: Path, tool: str, file: Path) -> Iterator[Callable[[], Took]]:
    """A child that does the job once a call and says how long it took."""
    command = [str(python), str(ROOT / "bench" / "peers.py"), tool, str(file), day(30).isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def call() -> float:
            print("go", file=child.stdin, flush=True)
            return Took(*map(float, child.stdout.readline().split()))

        try:
            yield call
        finally:
            child.stdin.close()


def following(warehouse: Warehouse, version: Version, rounds: int) -> dict[str, object]:
    """Bridges of other periods from the marginal table, all dimensions and ranking; no pair of periods twice."""
    found = []
    for number in range(rounds * 4 + 1):
        length = 7 + number % 23
        spec = analysis((day(number % 7), day(number % 7 + length)), (day(59 - length), day(59)))
        took = timed(lambda spec=spec: answer(warehouse, spec, version))
        if number:
            found.append(took)
    times = summary(found)
    return {**times, "must_be_at_most_ms": NEXT_BOUND_MS, "ok": times["median_ms"] <= NEXT_BOUND_MS}


def publish(file: Path, rounds: int) -> dict[str, object]:
    """A publish with its marginal table against a bare COPY, each in a child process of its own."""
    peaks: dict[str, float] = {"product": 0.0, "copy": 0.0}

    def child(way: str) -> Took:
        command = [sys.executable, "-m", "bench.publish", way, str(file)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        said = json.loads(done.stdout)
        peaks[way] = max(peaks[way], said["peak_mb"])
        return Took(said["wall"], said["cpu"])

    found = interleave({way: lambda way=way: child(way) for way in peaks}, rounds)
    times = ratio(found["product"], found["copy"])
    return {
        "times_ms": {way: summary(each) for way, each in found.items()},
        "peak_mb": peaks,
        "against_copy": times,
        "must_be_at_most": PUBLISH_BOUND,
        "ok": times["by_median"] <= PUBLISH_BOUND,
    }


def main() -> int:
    """Measure what was asked for; the exit status."""
    parts = ("first", "next", "publish", "peers")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default=",".join(parts), help="some of: " + ",".join(parts))
    asked = parser.parse_args()
    file, wanted = facts_file(asked.rows), asked.only.split(",")
    result: dict[str, object] = {"rows": asked.rows, "before": machine()}
    with tempfile.TemporaryDirectory(prefix="bridgecast-bench-") as folder:
        warehouse = Warehouse(Path(folder), threads=2, memory_limit="60%")
        version = warehouse.publish(dataset(file), now=datetime.now(UTC))
        runs: dict[str, Callable[[], dict[str, object]]] = {
            "first": lambda: first(file, warehouse, version, asked.rounds),
            "next": lambda: following(warehouse, version, asked.rounds),
            "publish": lambda: publish(file, min(asked.rounds, 5)),
            "peers": lambda: peers(file, warehouse, version, min(asked.rounds, 3)),
        }
        found = {part: runs[part]() for part in parts if part in wanted}
        warehouse.close()
    show({**result, **found, "after": machine()})
    return 0 if all(part["ok"] for part in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
