from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from core.access.tokens import hash_token
from core.app import App, open_app
from core.logs import configure_logs
from core.settings import Settings
from core.store.people import keep_token
from core.web import create_web
from core.web.strangers import Buckets
from core.web.views import Views

TOKEN = "the-owner-s-token"
SALES = """day,country,device,visits,orders,revenue
2026-01-10,FR,mobile,100,10,500
2026-01-11,FR,desktop,50,10,700
2026-01-12,DE,mobile,80,4,160
2026-02-10,FR,mobile,140,12,600
2026-02-11,FR,desktop,40,6,420
2026-02-12,DE,mobile,120,9,400
"""
REVENUE: dict[str, Any] = {
    "slug": "revenue",
    "name": "Revenue",
    "dataset": "sales",
    "equation": {
        "total": "Revenue",
        "unit": "€",
        "steps": [
            {"formula": "visits", "name": "Visits"},
            {"formula": "orders / visits", "name": "Conversion", "unit": "%"},
            {"formula": "revenue / orders", "name": "Basket", "unit": "€"},
        ],
    },
    "comparison": {
        "by": "day",
        "base": ["2026-01-01", "2026-01-31"],
        "current": ["2026-02-01", "2026-02-28"],
    },
}
MORNING: dict[str, Any] = {
    "name": "Morning",
    "content": {"kind": "report", "analysis": "revenue"},
    "destinations": [{"kind": "link", "settings": {"slug": "morning", "public": True}}],
}


@dataclass
class Site:
    """A running web app, and a client that shows the owner's token."""

    app: App
    base: str
    client: httpx.Client
    prefix: str
    views: Views

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(self.prefix + path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.client.post(self.prefix + path, **more)

    def patch(self, path: str, **more: Any) -> httpx.Response:
        return self.client.patch(self.prefix + path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.client.delete(self.prefix + path, **more)

    def upload(self, slug: str, text: str = SALES, **more: str) -> httpx.Response:
        fields = {"slug": slug, "name": slug.title(), **more}
        return self.post("/datasets", data=fields, files={"file": (f"{slug}.csv", text.encode())})

    def report(self, slug: str, analysis: str | None = "revenue", *, public: bool = True, **content: Any) -> str:
        """Make an export with a link; its path."""
        body = {
            "name": slug,
            "content": {"kind": "report", "analysis": analysis, **content},
            "destinations": [{"kind": "link", "settings": {"slug": slug, "public": public}}],
        }
        answer = self.post("/exports", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["links"][0]["url"]).removeprefix(self.app.settings.report_base_url)

    def anonymous(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(base_url=self.base, timeout=60) as client:
            return client.request(method, path, headers=named)

    def token_with(self, *scopes: str) -> dict[str, str]:
        """Headers with a token of the owner that carries only these scopes."""
        token = "only-" + "-".join(scopes)
        with self.app.store.write() as session:
            keep_token(session, self.app.owner.id, token, hash_token(token), scopes, now=self.app.clock())
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    configure_logs("error")


@pytest.fixture(scope="session")
def new_house(tmp_path_factory: pytest.TempPathFactory, newest_store: Path, quiet_logs: None) -> Callable[[], Path]:
    """Makes data folders with dataset `sales` and analysis `revenue`, each a copy of one that the API has filled."""
    first = tmp_path_factory.mktemp("house")
    shutil.copy(newest_store, first)
    for site in serve(first):
        assert site.upload("sales").status_code == 201
        assert site.post("/analyses", json=REVENUE).status_code == 201

    def copied() -> Path:
        return shutil.copytree(first, tmp_path_factory.mktemp("copied"), dirs_exist_ok=True)

    return copied


@pytest.fixture(scope="module")
def site(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site with dataset `sales`, analysis `revenue`. Tests make what they change under names of their own."""
    yield from serve(new_house())


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the calls of a test take, they are counted as if all came at once."""
    now_s, take = time.monotonic(), Buckets.take

    def take_now(buckets: Buckets, key: str) -> int:
        monkeypatch.setattr(buckets, "_monotonic", lambda: now_s)
        return take(buckets, key)

    monkeypatch.setattr(Buckets, "take", take_now)


def serve(data_dir: Path, wait_s: float = 10.0, **settings: Any) -> Iterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        given = {"data_dir": data_dir, "demo": False, "owner_token": TOKEN, "api_port": port, "threads": 2}
        app = open_app(Settings(**given, **settings))
        web = create_web(app, wait_s=wait_s)
        base = f"http://127.0.0.1:{port}"
        with (
            answering(app, web, listener),
            httpx.Client(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client,
        ):
            yield Site(app, base, client, f"/api/v1/orgs/{app.organisation.id}", web.state.views)


@contextmanager
def answering(app: App, web: FastAPI, listener: socket.socket) -> Iterator[None]:
    """A running server, which is closed at the end together with its app."""
    server = uvicorn.Server(uvicorn.Config(web, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        _wait(server)
        yield
    finally:
        server.should_exit = True
        thread.join(60)
        app.close()


def _wait(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
