"""A round through the house with planted secrets; then everything that was written is searched for them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from core.access.sessions import COOKIE
from core.backup import back_up
from core.settings import REPOSITORY, Settings
from tests.connectors.mailing import mail_server
from tests.ports import free_port
from tests.tls import Certificates, make_certificates

DEADLINE_S = 60
MAIL_PASSWORD, NEXT_PASSWORD = "planted-mail-Password 1&2", "planted-next-Password 3&4"
OWNER_PASSWORD, TYPED_PASSWORD = "planted-owner-password", "planted-typed-password"
TOKEN, KEY = "bc_planted-token-of-the-owner-0123456789", "planted-key-of-the-installation"
LINK_PASSWORD = "planted-link-password"
PLANTED = (MAIL_PASSWORD, NEXT_PASSWORD, OWNER_PASSWORD, TYPED_PASSWORD, LINK_PASSWORD, TOKEN, KEY)
ANALYSIS = {
    "slug": "a",
    "name": "A",
    "dataset": "s",
    "equation": {"total": "V", "steps": [{"formula": "v", "name": "V"}]},
    "comparison": {"by": "d", "base": ["2026-01-01", "2026-01-01"], "current": ["2026-01-01", "2026-01-01"]},
}


@dataclass
class House:
    """A running sidecar, its data folder, and everything it has said: answers, and lines of its log."""

    client: httpx.Client
    data_dir: Path
    log: Path
    said: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    """Secrets that were made here and told once, to those they are for."""

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        answer = self.client.request(method, path, **more)  # type: ignore[arg-type]
        self.said.append(f"{answer.headers}\n{answer.text}")
        return answer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    port = free_port()
    certificates = make_certificates(tmp_path, "localhost")
    environment = {
        **os.environ,
        "BRIDGECAST_DATA_DIR": str(tmp_path / "var"),
        "BRIDGECAST_API_PORT": str(port),
        "BRIDGECAST_HOST": "127.0.0.1",
        "BRIDGECAST_DEMO": "0",
        "BRIDGECAST_LOG": "debug",
        "BRIDGECAST_SECRET_KEY": KEY,
        "BRIDGECAST_OWNER_EMAIL": "owner@example.org",
        "BRIDGECAST_OWNER_PASSWORD": OWNER_PASSWORD,
        "BRIDGECAST_OWNER_TOKEN": TOKEN,
        "BRIDGECAST_EGRESS_ALLOW": "localhost",
        "SSL_CERT_FILE": str(certificates.authority),
    }
    log = tmp_path / "sidecar.log"
    with log.open("w") as output:
        sidecar = subprocess.Popen(
            [sys.executable, "-m", "core.scheduler"], cwd=REPOSITORY, env=environment, stdout=output, stderr=output
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                wait_for(client, sidecar, log)
                yield House(client, tmp_path / "var", log)
        finally:
            sidecar.terminate()
            sidecar.wait(DEADLINE_S)


def wait_for(client: httpx.Client, sidecar: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            assert sidecar.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


def spellings(secret: str) -> Iterator[bytes]:
    """The ways in which a secret may have been written."""
    for text in (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), secret.encode().hex()):
        yield text.encode()
    for lead in ("", "\0reports\0"):
        yield b64encode(f"{lead}{secret}".encode()).rstrip(b"=")[:-1]


def found_in(place: str, content: bytes, secrets: Iterable[str] = PLANTED) -> list[str]:
    return [f"{secret} in {place}" for secret in secrets if any(way in content for way in spellings(secret))]


def use_the_api(house: House, refusing_port: int) -> None:
    """Connections made, tried against a server that repeats passwords, changed, refused; wrong tokens, bodies, ways."""
    house.client.headers["Authorization"] = f"Bearer {TOKEN}"
    organisation = house.ask("GET", "/api/v1/me").json()["organization_id"]
    path = f"/api/v1/orgs/{organisation}/connections"
    settings = {"host": "localhost", "port": refusing_port, "user": "reports", "from": "reports@example.org"}
    body = {"kind": "email", "name": "Mail", "settings": settings, "secrets": {"password": MAIL_PASSWORD}}
    made = house.ask("POST", path, json=body)
    assert made.status_code == 201, made.text
    own = f"{path}/{made.json()['id']}"
    check = house.ask("POST", f"{own}/check").json()
    assert "535 I know you, ***" in check["text"]
    assert house.ask("PATCH", own, json={"secrets": {"password": NEXT_PASSWORD}}).status_code == 200
    house.ask("POST", f"{own}/check")
    house.ask("POST", path, json={**body, "name": "Other", "settings": {}})
    house.ask("POST", path, json={**body, "name": "Other", "secrets": {"password": [MAIL_PASSWORD]}})
    house.ask("POST", path, json={**body, "kind": "fax"})
    house.ask("POST", path, content=json.dumps(body)[:-5], headers={"Content-Type": "application/json"})
    house.ask("PATCH", own, json={"settings": {"host": "smtp.example.org"}})
    house.ask("GET", f"{path}?token={quote(TOKEN)}")
    house.ask("GET", own, headers={"Authorization": f"Bearer {TOKEN}x"})
    house.ask("GET", path)
    del house.client.headers["Authorization"]


def use_the_doors(house: House) -> None:
    """Wrong and right passwords, an invitation, a token, a report link with a password."""
    house.client.headers["Origin"] = str(house.client.base_url).rstrip("/")
    assert fill(house, "/login", email="owner@example.org", password=TYPED_PASSWORD).status_code == 401
    assert fill(house, "/login", email="owner@example.org", password=OWNER_PASSWORD).status_code == 303
    house.given.append(house.client.cookies[COOKIE])
    house.client.headers["Authorization"] = f"Bearer {TOKEN}"
    prefix = f"/api/v1/orgs/{house.ask('GET', '/api/v1/me').json()['organization_id']}"
    made = house.ask("POST", f"{prefix}/tokens", json={"name": "Nightly", "scopes": ["read"]}).json()
    guest = house.ask("POST", f"{prefix}/people", json={"email": "ann@example.org", "role": "viewer"}).json()
    invitation = house.ask("POST", f"{prefix}/people/{guest['id']}/link").json()["url"]
    house.given += [made["token"], *([invitation.rpartition("/")[2]] if invitation else [])]
    link = {"kind": "link", "settings": {"slug": "sealed", "public": True, "password": LINK_PASSWORD}}
    house.ask(
        "POST", f"{prefix}/datasets", data={"slug": "s", "name": "S"}, files={"file": ("s.csv", "d,v\n2026-01-01,1")}
    )
    house.ask("POST", f"{prefix}/analyses", json=ANALYSIS)
    export = {"name": "E", "content": {"kind": "report", "analysis": "a"}, "destinations": [link]}
    sealed = house.ask("POST", f"{prefix}/exports", json=export)
    assert sealed.status_code == 201, sealed.text
    del house.client.headers["Authorization"]
    address = urlsplit(sealed.json()["links"][0]["url"]).path
    house.given.append(address.rpartition("/")[2])
    assert house.ask("POST", address, data={"password": f"{LINK_PASSWORD}x"}).status_code == 401
    assert house.ask("POST", address, data={"password": LINK_PASSWORD}).status_code == 303
    house.ask("GET", f"{address}x?token={address}")


def fill(house: House, path: str, **fields: str) -> httpx.Response:
    """Open a page with a form and send it."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', house.ask("GET", path).text))
    return house.ask("POST", path, data=hidden | fields)


def use_the_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the Connections page shows."""
    for name, value in {"DATA_DIR": str(house.data_dir), "SECRET_KEY": KEY, "DEMO": "0"}.items():
        monkeypatch.setenv(f"BRIDGECAST_{name}", value)
    page = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=DEADLINE_S).run()
    page.switch_page("pages/6_Connections.py").run()
    return str(page.main)


@pytest.mark.timeout(300)
def test_no_planted_secret_is_found_anywhere(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    serving = Certificates(tmp_path / "authority.pem", tmp_path / "server.pem").serving
    with mail_server(starttls=serving, sign_in=True, AUTH="535 I know you, {password}") as post:
        use_the_api(house, post.port)
        use_the_doors(house)
    shown = use_the_pages(house, monkeypatch)
    settings = Settings(data_dir=house.data_dir, secret_key=KEY, demo=False)
    back_up(settings, tmp_path / "backup", with_key=False, now=datetime.now(UTC))
    captured = capfd.readouterr()
    places = {"an answer": "\n".join(house.said), "the page": shown, "the pages' log": captured.out + captured.err}
    found = [line for place, text in places.items() for line in found_in(place, text.encode())]
    files = [house.log, *house.data_dir.rglob("*"), *(tmp_path / "backup").rglob("*")]
    for path in files:
        if path.is_file():
            found += found_in(str(path.relative_to(tmp_path)), path.read_bytes(), (*PLANTED, *house.given))
    assert found == []
    assert len(house.given) == 4
    assert "path" in house.log.read_text(), "the log is empty: nothing was searched"
    assert any(path.suffix == ".sqlite" for path in files), "the store was not searched"
