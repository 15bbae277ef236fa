"""The report URL of a real sidecar: requests a second against a static route, freshness under load, memory.

Run: .venv/bin/python -m bench.report [--rounds 5] [--seconds 4] [--publishes 200] [--renders 1000]
Needs wrk for the load (Debian package wrk). Prints JSON; ends with status 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from bench.rounds import machine, show
from bench.sidecar import HOST, Sidecar, get, running
from core.model.analysis import AnalysisSpec
from core.model.data import ColumnSpec, DatasetSpec, UploadSource
from core.model.delivery import ExportSpec
from core.report.assets import asset_name

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 16
SHARE_BOUND, P95_BOUND_MS = 0.55, 25.0
GROWTH_BOUND_MB, MEMORY_BOUND_MB = 20.0, 500.0
SLUG = "bench-fresh"
# Between two publishes, so that readers see most of the versions.
PAUSE_S = 0.1
WRK_SCRIPT = """
done = function(summary, latency, requests)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.stderr:write(string.format('{"requests": %d, "us": %d, "p95_us": %d, "errors": %d, "refused": %d}',
    summary.requests, summary.duration, latency:percentile(95), errors, summary.errors.status))
end
"""


def load(sidecar: Sidecar, folder: Path, rounds: int, seconds: int) -> dict[str, object]:
    """The shop sample's report, whole and as 304, against static routes, by turns."""
    report = sidecar.path_of("shop-revenue")
    status, headers, body = get(sidecar.port, report)
    if status != 200 or get(sidecar.port, report, {"If-None-Match": headers["etag"]})[0] != 304:
        raise SystemExit(f"The report answered {status}, or not 304 to its own ETag.")
    style = f"/static/{asset_name('report.css')}"
    routes = {
        "style sheet": (style, ()),
        "report 200": (report, ()),
        "report 304": (report, (f"If-None-Match: {headers['etag']}",)),
        "healthz": ("/healthz", ()),
    }
    script = folder / "wrk.lua"
    script.write_text(WRK_SCRIPT)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in routes}
    for number in range(rounds + 1):
        for name, (path, sent) in routes.items():
            figures = _wrk(sidecar.port, path, sent, script, seconds if number else 1)
            if number:
                found[name].append(figures)
    rates = {name: statistics.median(f["per_s"] for f in each) for name, each in found.items()}
    p95 = {name: statistics.median(f["p95_ms"] for f in each) for name, each in found.items()}
    shares = {
        f"{name} of {static}": round(rates[name] / rates[static], 3)
        for name in ("report 200", "report 304")
        for static in ("style sheet", "healthz")
    }
    return {
        "requests_per_s": {name: round(rate) for name, rate in rates.items()},
        "p95_ms": {name: round(value, 1) for name, value in p95.items()},
        "bytes": {"report": len(body), "style sheet": len(get(sidecar.port, style)[2])},
        "share": shares,
        "must_be_at_least": SHARE_BOUND,
        "p95_must_be_at_most_ms": P95_BOUND_MS,
        "ok": min(shares.values()) >= SHARE_BOUND and max(p95["report 200"], p95["report 304"]) <= P95_BOUND_MS,
    }


def _wrk(port: int, path: str, headers: tuple[str, ...], script: Path, seconds: int) -> dict[str, float]:
    sent = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), *sent]
    done = subprocess.run([*command, f"http://{HOST}:{port}{path}"], check=True, capture_output=True, text=True)
    said = json.loads(done.stderr)
    if said["errors"] or said["refused"]:
        raise SystemExit(f"{path}: {said}")
    return {"per_s": said["requests"] / (said["us"] / 1e6), "p95_ms": said["p95_us"] / 1000}


def prepare(sidecar: Sidecar, folder: Path) -> str:
    """A small uploaded dataset with an analysis and a public report; the path of the report."""
    app = sidecar.app
    columns = [
        ColumnSpec(name="day", type="date", role="date"),
        ColumnSpec(name="country", type="text", role="dimension"),
        ColumnSpec(name="device", type="text", role="dimension"),
        ColumnSpec(name="visits", type="integer", role="metric"),
        ColumnSpec(name="revenue", type="integer", role="metric"),
    ]
    source = UploadSource(file_name="fresh.csv")
    spec = DatasetSpec(slug=SLUG, name="Fresh", source=source, columns=tuple(columns))
    app.catalogue.create(spec, path=write(folder, 1), by=app.owner.id)
    analysis = {
        "slug": SLUG,
        "name": "Fresh",
        "dataset": SLUG,
        "equation": {"total": "Revenue", "steps": [{"formula": "visits"}, {"formula": "revenue / visits"}]},
        "comparison": {
            "by": "day",
            "base": ["2026-01-01", "2026-01-31"],
            "current": ["2026-02-01", "2026-02-28"],
        },
    }
    app.analyses.create(AnalysisSpec.model_validate(analysis), by=app.owner.id)
    export = {
        "name": "Fresh",
        "content": {"kind": "report", "analysis": SLUG},
        "destinations": [{"kind": "link", "settings": {"slug": SLUG, "public": True}}],
    }
    app.exports.create(ExportSpec.model_validate(export), by=app.owner.id)
    return sidecar.path_of(SLUG)


def write(folder: Path, number: int) -> Path:
    """The file whose current total ends in `number` (modulo 100,000), and whose segments differ from the one before."""
    rows = ["day,country,device,visits,revenue"]
    current = 0
    for offset in range(59):
        day = date(2026, 1, 1) + timedelta(days=offset)
        for country in range(5):
            for device in range(3):
                revenue = 1000 + (offset * 7 + country * 13 + device * 29 + number * 31) % 400
                rows.append(f"{day},c{country},d{device},{100 + country},{revenue}")
                current += revenue if day.month == 2 else 0
    rows.append(f"2026-02-28,c0,d0,1,{number + 100_000 - current % 100_000}")
    file = folder / "fresh.csv"
    file.write_text("\n".join(rows))
    return file


def fresh(sidecar: Sidecar, folder: Path, publishes: int) -> dict[str, object]:
    """Publishes from another process than the one that serves, while 16 connections read."""
    path = prepare(sidecar, folder)
    command = [sys.executable, str(ROOT / "bench" / "readers.py"), str(sidecar.port), path, str(CONNECTIONS)]
    published: list[tuple[int, int]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as readers:
        assert readers.stdout is not None
        if readers.stdout.readline() != "reading\n":
            raise SystemExit("The readers could not read.")
        for number in range(2, publishes + 2):
            version = sidecar.app.catalogue.replace(SLUG, write(folder, number), "fresh.csv")
            published.append((time.monotonic_ns(), version.number))
            time.sleep(PAUSE_S)
        said, _ = readers.communicate()
    seen: list[tuple[int, int]] = sorted(map(tuple, json.loads(said)))
    stale, newest, coming = 0, 1, iter(published)
    following = next(coming, None)
    for began, version in seen:
        while following is not None and following[0] <= began:
            newest, following = following[1], next(coming, None)
        stale += version < newest
    return {
        "publishes": publishes,
        "requests": len(seen),
        "versions_seen": len({version for _, version in seen}),
        "older_than_published": stale,
        "must_be": 0,
        "ok": stale == 0 and len(seen) > publishes,
    }


def memory(sidecar: Sidecar, folder: Path, renders: int) -> dict[str, object]:
    """Renders that all differ, every fifth of a new data version, the others of a revised analysis; what is held."""
    path, app, version = prepare(sidecar, folder), sidecar.app, 1
    analysis = app.analyses.get(SLUG).spec
    held: dict[int, float] = {}
    for number in range(1, renders + 1):
        if number % 5:
            app.analyses.revise(_shifted(analysis, number), by=app.owner.id)
        else:
            version = app.catalogue.replace(SLUG, write(folder, number), "fresh.csv").number
        status, _, body = get(sidecar.port, path)
        if status != 200 or f"version {version}".encode() not in body:
            raise SystemExit(f"Render {number} answered {status}, or another version than {version}.")
        if number % (renders // 20) == 0:
            held[number] = sidecar.rss_mb()
    growth = round(held[renders] - held[renders // 2], 1)
    return {
        "renders": renders,
        "rss_mb": held,
        "growth_in_second_half_mb": growth,
        "growth_must_be_at_most_mb": GROWTH_BOUND_MB,
        "must_be_at_most_mb": MEMORY_BOUND_MB,
        "ok": growth <= GROWTH_BOUND_MB and max(held.values()) <= MEMORY_BOUND_MB,
    }


def _shifted(analysis: AnalysisSpec, number: int) -> AnalysisSpec:
    """The analysis with another base period and another number of bars."""
    base = (date(2026, 1, 1 + number % 28), date(2026, 1, 31))
    comparison = analysis.comparison.model_copy(update={"base": base})
    return analysis.model_copy(update={"comparison": comparison, "max_segments": 1 + number % 4})


def main() -> int:
    """Measure what was asked for; the exit status."""
    parts = ("load", "fresh", "memory")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each round and route")
    parser.add_argument("--publishes", type=int, default=200)
    parser.add_argument("--renders", type=int, default=1000)
    parser.add_argument("--only", default=",".join(parts), help="some of: " + ",".join(parts))
    asked = parser.parse_args()
    runs: dict[str, Callable[[Sidecar, Path], dict[str, object]]] = {
        "load": lambda sidecar, folder: load(sidecar, folder, asked.rounds, asked.seconds),
        "fresh": lambda sidecar, folder: fresh(sidecar, folder, asked.publishes),
        "memory": lambda sidecar, folder: memory(sidecar, folder, asked.renders),
    }
    before, found = machine(), {}
    for part in parts:
        if part in asked.only.split(","):
            found[part] = _in_own_sidecar(runs[part], demo=part == "load")
    show({"before": before, **found, "after": machine()})
    return 0 if all(part["ok"] for part in found.values()) else 1


def _in_own_sidecar(run: Callable[[Sidecar, Path], dict[str, object]], *, demo: bool) -> dict[str, object]:
    with (
        tempfile.TemporaryDirectory(prefix="bridgecast-bench-") as name,
        running(Path(name) / "var", demo=demo) as sidecar,
    ):
        return run(sidecar, Path(name))


if __name__ == "__main__":
    sys.exit(main())
