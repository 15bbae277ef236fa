"""A house of its own for browser tests: the real sidecar, the real app, Chromium. Pictures go to test-artefacts/."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from core.settings import REPOSITORY
from tests.ports import free_port

DEADLINE_S = 90
OWNER_TOKEN = "browser-test-owner-token"
DEADLINE_MS = 120_000
expect.set_options(timeout=DEADLINE_MS)
# What Streamlit draws anew it dims meanwhile, as it does to what comes round by itself, at any time.
UNDIMMED = """() => document.querySelectorAll("[data-stale]").forEach(element => {
    element.style.setProperty("transition", "none", "important");
    element.style.setProperty("opacity", "1", "important");
})"""
# Only the rules that can find what counts, and without frames: nothing answers in them, and axe-core would wait for it.
# Of what holds one example each is enough: to name thousands of elements takes longer than to look at them.
LOOK = """() => axe.run({
    resultTypes: ["violations"],
    runOnly: axe._audit.rules
        .filter(rule => rule.enabled && !["minor", "moderate"].includes(rule.impact))
        .map(rule => rule.id),
    iframes: false,
    preload: false,
})"""
ARTEFACTS = REPOSITORY / "test-artefacts"
# The shell has no window to draw: it takes half of the time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
WIDE, PHONE = {"width": 1420, "height": 1040}, {"width": 390, "height": 844}
# Who likes things to stand still: to draw what moves while the app thinks takes more time than to draw the app.
STILL: dict[str, Any] = {"reduced_motion": "reduce"}
VISITOR: dict[str, Any] = {**STILL, "locale": "en-GB", "timezone_id": "UTC"}
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537.36"
HABITS: dict[str, dict[str, Any]] = {
    "light": {**STILL, "viewport": WIDE, "color_scheme": "light"},
    "dark": {**STILL, "viewport": WIDE, "color_scheme": "dark"},
    "phone": {**STILL, "viewport": PHONE, "color_scheme": "light", "user_agent": PHONE_AGENT},
}
Tab = Callable[[str], Page]
CALLS = count(1)
# Listens beside the app to what it asks of its script and what comes back. The state that the app shows says "not
# running" until the script has begun, so after a click it says nothing yet. The numbers are those of the fields in
# Streamlit's ForwardMsg (new_session 4, script_finished 6), BackMsg (rerun_script 11) and ClientState (fragment_id 5,
# is_auto_rerun 6). The answer to a fragment that comes round by itself is not taken for a click's. A click in a
# fragment lets a run of the whole page go on, and is answered after it.
LISTEN = """(() => {
    const PART = 1, WHOLE = 2, SUCCESS = 0, BROKEN = 1, PART_DONE = 3;
    const tab = window.bridgecastTab = {owed: 0, begun: false, runs: 0};
    let byItself = false, itsAnswerFirst = false, partAfter = false;
    const fields = bytes => {
        const found = new Map();
        let at = 0;
        const number = () => {
            let value = 0, scale = 1, byte;
            do { byte = bytes[at++]; value += (byte & 127) * scale; scale *= 128; } while (byte & 128);
            return value;
        };
        while (at < bytes.length) {
            const tag = number(), kind = tag & 7;
            if (kind === 0) found.set(tag >> 3, number());
            else if (kind === 2) { const size = number(); found.set(tag >> 3, bytes.subarray(at, at += size)); }
            else at += kind === 1 ? 8 : 4;
        }
        return found;
    };
    const asked = sent => {
        const rerun = fields(new Uint8Array(sent.buffer ?? sent, sent.byteOffset ?? 0, sent.byteLength)).get(11);
        if (rerun === undefined) return;
        const state = fields(rerun);
        if (state.get(6)) { byItself = true; return; }
        const isPart = state.get(5)?.length > 0;
        partAfter = isPart && tab.owed === WHOLE && (tab.begun || partAfter);
        tab.owed = Math.max(tab.owed, isPart ? PART : WHOLE);
        tab.begun = false;
        itsAnswerFirst = byItself;
    };
    const told = event => {
        if (!(event.data instanceof ArrayBuffer)) return;
        const found = fields(new Uint8Array(event.data)), end = found.get(6);
        if (found.has(4)) { tab.begun = true; partAfter = false; }
        if (end === undefined) return;
        const isItsAnswer = end === PART_DONE && itsAnswerFirst;
        if (end === PART_DONE) byItself = itsAnswerFirst = false;
        if (!tab.begun) {
            if (end === SUCCESS && partAfter) { tab.owed = PART; partAfter = false; }
            return;
        }
        if (end === SUCCESS || end === BROKEN || (end === PART_DONE && tab.owed === PART && !isItsAnswer)) {
            tab.owed = 0;
            tab.runs += 1;
            byItself = itsAnswerFirst = false;
        }
    };
    window.WebSocket = class extends WebSocket {
        constructor(...given) { super(...given); this.addEventListener("message", told); }
        send(message) { asked(message); super.send(message); }
    };
})()"""
# For as long as the app takes to draw twice: it sends then what a click asks for, and takes in what came back.
SETTLED = """call => {
    const tab = window.bridgecastTab, app = document.querySelector("[data-testid=stApp]");
    const atRest = tab.runs > 0 && tab.owed === 0 && app?.dataset.testScriptState === "notRunning"
        && document.querySelector("[data-testid=stSkeleton]") === null;
    if (!atRest || tab.call !== call) {
        tab.call = atRest ? call : null;
        const since = tab.since = {drawn: 0};
        const drawn = () => { if (++since.drawn < 3) requestAnimationFrame(() => setTimeout(drawn)); };
        if (atRest) setTimeout(drawn);
    }
    return tab.since.drawn > 2;
}"""


@dataclass(frozen=True)
class House:
    """Where the running house answers, and its data folder."""

    ui: str
    api: str
    data_dir: Path


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@contextmanager
def open_house(folder: Path, **settings: str) -> Iterator[House]:
    """Sidecar and app on a data folder of their own, with the samples."""
    ui_port, api_port = free_port(), free_port()
    environment = {
        **os.environ,
        "BRIDGECAST_DATA_DIR": str(folder / "var"),
        "BRIDGECAST_UI_PORT": str(ui_port),
        "BRIDGECAST_API_PORT": str(api_port),
        "BRIDGECAST_OWNER_TOKEN": OWNER_TOKEN,
        "BRIDGECAST_DEMO": "1",
        **settings,
    }
    ui = ["-m", "streamlit", "run", "Home.py", "--server.address", "localhost", "--server.port", str(ui_port)]
    with (folder / "output.txt").open("w") as output:
        children = [start(["-m", "core.scheduler"], environment, output), start(ui, environment, output)]
        try:
            wait_for(f"http://localhost:{api_port}/healthz", "bridgecast", children, folder / "output.txt")
            wait_for(f"http://localhost:{ui_port}/_stcore/health", "ok", children, folder / "output.txt")
            yield House(f"http://localhost:{ui_port}", f"http://localhost:{api_port}", folder / "var")
        finally:
            for child in children:
                os.killpg(child.pid, signal.SIGTERM)
            for child in children:
                child.wait(60)


def start(arguments: list[str], environment: dict[str, str], output: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def wait_for(url: str, well: str, children: list[subprocess.Popen[bytes]], output: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if well in answer.read().decode():
                    return
        except (URLError, OSError):
            pass
        assert all(child.poll() is None for child in children), output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ended with its module: while it lives, its event loop counts as running in this thread."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed: .ci/run installs it. A browser test is never skipped in CI.")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Tab]:
    """The tab of somebody of that habit. A module keeps it: a new one has all of the app's code to read first."""
    kept: dict[str, Page] = {}

    def tab(habit: str) -> Page:
        if habit not in kept:
            kept[habit] = come(browser, **HABITS[habit]).new_page()
        return kept[habit]

    yield tab
    for page in kept.values():
        page.context.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a new visitor; what it looked like at the end is kept. It may ask nobody but this machine."""
    context = come(browser, **VISITOR, viewport=WIDE)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    yield page
    picture(page, request.node.name)
    context.close()
    assert strangers(asked) == []


def come(browser: Browser, **habits: Any) -> BrowserContext:
    """A visitor whose pages `settled` can wait for."""
    context = browser.new_context(**habits)
    context.add_init_script(LISTEN)
    context.set_default_timeout(DEADLINE_MS)
    return context


def strangers(asked: list[str]) -> list[str]:
    """Which of these URLs lead to another machine."""
    return [url for url in asked if not url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:"))]


def picture(page: Page, name: str, *, whole: bool = False) -> Path:
    """Keep a picture of the page as it is."""
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=path, full_page=whole)
    return path


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page: its rule, what it is about, and where."""
    page.evaluate(UNDIMMED)
    page.evaluate(Axe().axe_script)
    found = page.evaluate(LOOK)["violations"]
    return [
        f"{rule['id']}: {rule['help']} at {node['target']} {node['html'][:200]}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


def settled(page: Page) -> None:
    """Wait until the app has what it asked for, by all clicks so far, and what it takes to draw all of it."""
    page.wait_for_function(SETTLED, arg=next(CALLS))
