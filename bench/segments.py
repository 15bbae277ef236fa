"""Segment search over 10 million rows: first, again, and on a frame of sums against wise-pizza.

Run: .venv/bin/python -m bench.segments [--rows 10000000] [--rounds 5]
Prints JSON; ends with status 1 if a figure misses its bound. docs/benchmarks.md tells what is compared with what.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from bench.rounds import Took, interleave, machine, ratio, show, summary, timed
from bench.statements import day
from bench.subject import analysis, dataset, facts_file
from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import parse
from core.engine.search_subject import subject_of
from core.engine.segments import Found, search
from core.model.analysis import EquationSpec, StepSpec
from core.model.cells import Cells
from core.model.sums import Sums
from core.segment_search import find_segments
from core.warehouse import Version, Warehouse

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / "bench" / ".envs" / "segments" / "bin" / "python"
FIRST_BOUND_MS, CACHED_BOUND_MS, PEER_BOUND = 3000.0, 100.0, 1.0
DIMENSIONS, METRICS = ("d1", "d2", "d3"), ("visits", "orders")
PLANTED = {f"d1=v1 & d2=v{code}" for code in range(3)}
STEP = "orders / visits"


def whole(warehouse: Warehouse, version: Version, rounds: int) -> dict[str, object]:
    """From a specification to segments: the KPI and a step, never asked before; then the same again."""
    spec = analysis((day(0), day(29)), (day(30), day(59)), "revenue")
    first, again, said = [], [], []
    for number in range(2 * rounds):
        step = STEP if number % 2 else None
        fresh = spec.model_copy(update={"name": f"Benchmark {number}"})

        def find(step: str | None = step, fresh: object = fresh) -> Found:
            return find_segments(warehouse, fresh, version, step=step)

        first.append(timed(find))
        again.append(timed(find))
        said = [note.text for note in check(find()).notes]
    times = {"first": summary(first), "again": summary(again)}
    return {
        "times_ms": times,
        "notes": said,
        "must_be_at_most_ms": {"first": FIRST_BOUND_MS, "again": CACHED_BOUND_MS},
        "ok": times["first"]["median_ms"] <= FIRST_BOUND_MS and times["again"]["median_ms"] <= CACHED_BOUND_MS,
    }


def check(found: Found) -> Found:
    """Ends the benchmark where the planted cause was not found."""
    if {piece.segment for piece in found.pieces} != PLANTED:
        raise SystemExit(f"Found {found.frame['segment'].to_list()} instead of {sorted(PLANTED)}.")
    return found


def peers(version: Version, folder: Path, rounds: int) -> dict[str, object]:
    """On one frame of sums by d1, d2 and d3, without days: up to two conditions by wise-pizza, up to three by us."""
    make_environment()
    frames = {name: summed(version, folder / f"{name}.parquet", name == "by day") for name in ("sums", "by day")}
    found: dict[str, list[str]] = {}
    with peer(folder / "sums.parquet", found) as wise_pizza:
        times = interleave(
            {
                "Bridgecast": lambda: timed(lambda: check(by_frame(frames["sums"]))),
                "Bridgecast, by day": lambda: timed(lambda: check(by_frame(frames["by day"]))),
                "wise-pizza": wise_pizza,
            },
            rounds,
        )
    slower = ratio(times["wise-pizza"], times["Bridgecast"])
    return {
        "rows": {name: frame.height for name, frame in frames.items()},
        "times_ms": {name: summary(each) for name, each in times.items()},
        "wise_pizza_found": found.get("wise-pizza"),
        "times_slower": slower,
        "must_be_more_than": PEER_BOUND,
        "ok": slower["by_median"] > PEER_BOUND,
    }


def summed(version: Version, file: Path, by_day: bool) -> pl.DataFrame:
    """Visits and orders by side, three dimensions, and day if wanted; also written to `file`."""
    keys = [f"CAST(day >= DATE '{day(30)}' AS INTEGER) AS p", *DIMENSIONS]
    keys += [f"CAST(day - DATE '{day(0)}' AS INTEGER) % 30 AS day"] if by_day else []
    sums = [f"CAST(sum({metric}) AS DOUBLE) AS {metric}" for metric in METRICS]
    text = f"SELECT {', '.join([*keys, *sums])} FROM '{version.facts}' GROUP BY ALL ORDER BY ALL"
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"COPY ({text}) TO '{file}' (FORMAT parquet)")
    return pl.read_parquet(file)


def by_frame(frame: pl.DataFrame) -> Found:
    """The search on a frame of sums, from its texts to the pieces."""
    names = tuple(tuple(frame[dimension].unique().sort().to_list()) for dimension in DIMENSIONS)
    codes = [frame[d].cast(pl.Enum(n)).to_physical().to_numpy() for d, n in zip(DIMENSIONS, names, strict=True)]
    places = np.stack(codes, axis=1).astype(np.int64)
    found, cell = np.unique(np.ravel_multi_index(places.T, [len(n) for n in names]), return_inverse=True)
    sides = frame["p"].to_numpy().astype(np.int64)
    values = frame.select(METRICS).to_numpy()
    has_days = "day" in frame.columns
    cells = Cells(
        dimensions=DIMENSIONS,
        names=names,
        codes=np.stack(np.unravel_index(found, [len(n) for n in names]), axis=1),
        cell=cell,
        sides=sides,
        clusters=frame["day"].to_numpy().astype(np.int64) if has_days else np.zeros_like(sides),
        metrics=METRICS,
        values=values,
        sizes=(30, 30) if has_days else None,
    )
    return search(cells, subject_of(bridge_of(sides, values), STEP))


def bridge_of(sides: np.ndarray, values: np.ndarray) -> Bridge:
    """The bridge of the whole: orders = visits x conversion."""
    totals = np.stack([values[sides == side].sum(axis=0) for side in (0, 1)])
    rows = np.bincount(sides, minlength=2).astype(float)
    spec = EquationSpec(steps=(StepSpec(formula="visits"), StepSpec(formula=STEP)))
    sums = Sums(METRICS, totals, np.tile(rows[:, None], 2), rows)
    return build_bridge(parse(spec, METRICS, summable=METRICS), sums)


def make_environment() -> None:
    """The peer's environment, installed once."""
    if PEER.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(PEER.parent.parent)], check=True)
    install = [str(PEER), "-m", "pip", "install", "-q", "-r", str(ROOT / "bench" / "peers_segments.txt")]
    subprocess.run(install, check=True, stdout=sys.stderr)


@contextmanager
def peer(file: Path, found: dict[str, list[str]]) -> Iterator[Callable[[], Took]]:
    """A child that searches once a call and says how long it took; what it found goes into `found`."""
    command = [str(PEER), str(ROOT / "bench" / "peers_segments.py"), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def call() -> Took:
            print("go", file=child.stdin, flush=True)
            line = child.stdout.readline()
            while line and not line.startswith("["):
                line = child.stdout.readline()
            wall, cpu, found["wise-pizza"] = json.loads(line)
            return Took(wall, cpu)

        try:
            yield call
        finally:
            child.stdin.close()


def main() -> int:
    """Measure; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    result: dict[str, object] = {"rows": asked.rows, "before": machine()}
    with tempfile.TemporaryDirectory(prefix="bridgecast-bench-") as folder:
        warehouse = Warehouse(Path(folder), threads=2, memory_limit="60%")
        version = warehouse.publish(dataset(facts_file(asked.rows)), now=datetime.now(UTC))
        found = {
            "search": whole(warehouse, version, asked.rounds),
            "peers": peers(version, Path(folder), asked.rounds),
        }
        warehouse.close()
    show({**result, **found, "after": machine()})
    return 0 if all(part["ok"] for part in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
