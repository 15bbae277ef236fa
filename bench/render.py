"""What the making of a report of ten slides costs, and what a headless browser asks for a screenshot of the same one.

Run: .venv/bin/python -m bench.render [--rounds 10]
A run is made as the sidecar makes it, warm: bridges, texts, the mail with its pictures, all files on the disk. The
browser opens the page of the same report that the sidecar serves. Needs Chromium (Debian package chromium). Prints
JSON; ends with status 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.rounds import Took, machine, show, summary, timed
from bench.sidecar import HOST, Sidecar, get, running
from core.app import App, open_app
from core.delivery.work import Made
from core.model.delivery import ALL_VIEWS, ExportSpec
from core.settings import read_settings

BOUND_MS = 1500.0
SLIDES = 10
SLUG = "ten-slides"
BROWSER_WAITS_S = 60
BROWSER = (
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--window-size=1200,6000",
)


def prepare(app: App) -> str:
    """An export of ten slides, by mail and as a public link; its id. Nothing is sent."""
    owner = app.owner.id
    settings = {"host": HOST, "port": 25, "tls": "none", "from": "reports@example.org"}
    connection = app.connections.create("email", "Mail", settings, {}, by=owner)
    parts = [
        {"analysis": "shop-revenue", "views": ALL_VIEWS},
        {"analysis": "avocado-revenue", "views": ("waterfall", "step_detail")},
    ]
    export = {
        "name": "Ten slides",
        "content": {"kind": "report", "parts": parts, "layout": "slides"},
        "triggers": [{"kind": "url"}],
        "refresh": "none",
        "destinations": [
            {"kind": "email", "connection": connection.id, "settings": {"to": ["anna@example.org"]}},
            {"kind": "link", "settings": {"slug": SLUG, "public": True}},
        ],
    }
    return app.exports.create(ExportSpec.model_validate(export), by=owner).id


def make(app: App, export_id: str) -> tuple[Took, Made]:
    """A run, made as the sidecar makes it."""
    app.triggers.start(export_id, by=app.owner.id, how="hand")
    build = app.ledger.claim_build()
    if build is None:
        raise SystemExit("There was no run to make.")
    kept: list[Made] = []
    took = timed(lambda: kept.append(app.maker.make(build)))
    app.ledger.built(build, kept[0])
    return took, kept[0]


def screenshot(sidecar: Sidecar, folder: Path) -> Took:
    """A picture of the report's page by a browser that is started for it, as such renderers do."""
    target = folder / "page.png"
    url = f"http://{HOST}:{sidecar.port}{sidecar.path_of(SLUG)}"
    command = [*BROWSER, f"--user-data-dir={folder / 'profile'}", f"--screenshot={target}", url]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=BROWSER_WAITS_S)
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not target.exists():
        raise SystemExit("The browser made no picture.")
    target.unlink()
    return Took(took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def by_us(rounds: int) -> dict[str, object]:
    """The cost of making it; the first time only warms up."""
    app = open_app(read_settings())
    try:
        export_id = prepare(app)
        found = [make(app, export_id) for _ in range(rounds + 1)][1:]
        made = found[0][1]
        bridges = {artefact.name for artefact in made.artefacts}
    finally:
        app.close()
    figures = summary([took for took, _ in found])
    return {
        "slides": SLIDES,
        "pictures": sum(name.endswith(".png") for name in bridges),
        "bytes": sum(artefact.bytes for artefact in made.artefacts),
        **figures,
        "must_be_at_most_ms": BOUND_MS,
        "ok": figures["median_ms"] <= BOUND_MS,
    }


def by_browser(sidecar: Sidecar, folder: Path, rounds: int) -> dict[str, object]:
    """The cost of a screenshot of the page, which is warm in the sidecar."""
    status, _, page = get(sidecar.port, sidecar.path_of(SLUG))
    if status != 200:
        raise SystemExit(f"The page answered {status}.")
    return {"page_bytes": len(page), **summary([screenshot(sidecar, folder) for _ in range(rounds + 1)][1:])}


def main() -> int:
    """All of it; 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix="bridgecast-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ |= {"BRIDGECAST_DATA_DIR": str(folder / "var"), "BRIDGECAST_DEMO": "1"}
        os.environ |= {"BRIDGECAST_EGRESS_ALLOW": HOST, "BRIDGECAST_SENDING": "0"}
        ours = by_us(asked.rounds)
        with running(folder / "var", demo=True) as sidecar:
            browser = by_browser(sidecar, folder, asked.rounds)
    show({"before": before, "after": machine(), "made": ours, "browser_screenshot": browser})
    return 0 if ours["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
