"""A strict Microsoft on loopback: Workflows addresses, sign-in by device code, and Graph's teams and channel messages.

A workflow answers 202 before it looks at the card, as the real one does: what does not show ends in `died`.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tests.connectors.teams_rules import CARD_TYPE, MOST_BYTES, card_complaints

SIGNATURE = "workflow-signature-Q2FyZHM"
FLOW = f"/workflows/0f1e/triggers/manual/paths/invoke?api-version=2016-06-01&sv=1.0&sig={SIGNATURE}"
CLIENT_ID, TENANT, USER = "11111111-2222-3333-4444-555555555555", "contoso.example", "anna@contoso.example"
ALL_SCOPES = "Team.ReadBasic.All Channel.ReadBasic.All ChannelMessage.Send"
MOST_REQUEST = 4_000_000
PAGE = 2


@dataclass(frozen=True)
class Fault:
    """What a post is answered instead. is_lost: the line is cut after the deed was done."""

    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    waits_s: float = 0.0
    is_lost: bool = False


@dataclass
class Microsoft:
    """What came in and how it is told to fail. faults: of the next posts of cards, in their order."""

    port: int = 0
    scheme: str = "http"
    scopes: str = ALL_SCOPES
    is_signed_in: bool = False
    is_revoked: bool = False
    teams: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            "t-sales": {"19:general@thread": "General", "19:kpi@thread": "KPI", "19:ops@thread": "Ops"},
            "t-finance": {"19:month@thread": "Month end"},
        }
    )
    faults: list[Fault] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    refresh: int = 1
    access: int = 1
    guard: threading.RLock = field(default_factory=threading.RLock)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def flow_url(self) -> str:
        return self.base + FLOW

    @property
    def refresh_token(self) -> str:
        return f"refresh-{self.refresh}"

    @property
    def access_token(self) -> str:
        return f"access-{self.access}"


Answer = tuple[int, Any]


@contextmanager
def microsoft(tls: ssl.SSLContext | None = None, **told: Any) -> Iterator[Microsoft]:
    """The servers, all on one port. tls: msal asks for https."""
    state = Microsoft(scheme="https" if tls else "http", **told)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(405, None)

        def do_GET(self) -> None:
            self._answer(*_get(state, self.path, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = self.headers.get("Content-Type", "")
            if "/oauth2/" in self.path:
                self._answer(*_oauth(state, self.path, body))
                return
            with state.guard:
                state.posts.append((self.path, body))
                fault = state.faults.pop(0) if state.faults else None
            if fault is not None and not fault.is_lost:
                state.is_over.wait(fault.waits_s)
                self._answer(fault.status, fault.body, fault.headers)
                return
            answer = _post(state, self.path, kind, self.headers.get("Authorization", ""), body)
            if fault is None:
                self._answer(*answer)

        def _answer(self, status: int, said: Any, headers: Mapping[str, str] | None = None) -> None:
            content = b"" if said is None else (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            """A client that gave up hangs up: expected."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def _post(state: Microsoft, path: str, kind: str, authorization: str, body: bytes) -> Answer:
    if path.startswith("/workflows/"):
        return _workflow(state, path, kind, body)
    return _message(state, path, authorization, body)


def _workflow(state: Microsoft, path: str, kind: str, body: bytes) -> Answer:
    if parse_qs(urlsplit(path).query).get("sig") != [SIGNATURE]:
        return 401, {"error": {"code": "DirectApiAuthorizationRequired", "message": f"wrong signature in {path}"}}
    try:
        message = json.loads(body)
        (attachment,) = message["attachments"]
        is_one = message["type"] == "message" and attachment["contentType"] == CARD_TYPE
        card = attachment["content"]
    except (ValueError, KeyError, TypeError):
        is_one = False
    if not is_one or attachment.get("contentUrl") is not None or not isinstance(card, dict):
        return 400, {"error": {"code": "TriggerInputSchemaMismatch", "message": "The input body does not match."}}
    with state.guard:
        complaints = list(card_complaints(card, r"https://\S+"))
        # Without its charset stated a message is counted twice as large.
        size = len(body) if "charset=utf-8" in kind.lower() else 2 * len(body)
        complaints += [f"{size} bytes are too many"] if size > MOST_BYTES else []
        state.died.extend(complaints)
        if not complaints:
            state.cards.append(card)
    return 202, None


def _get(state: Microsoft, path: str, authorization: str) -> Answer:
    if path.endswith("/.well-known/openid-configuration"):
        tenant = path.split("/")[1]
        if tenant not in {TENANT, "organizations"}:
            return 400, {"error": "invalid_tenant", "error_description": f"AADSTS90002: Tenant '{tenant}' not found."}
        base = f"{state.base}/{tenant}"
        return 200, {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }
    if refusal := _unauthorised(state, authorization):
        return refusal
    url = urlsplit(path)
    if url.path == "/v1.0/me/joinedTeams":
        if "Team.ReadBasic.All" not in state.scopes:
            return _error(403, "Forbidden", "Missing scope Team.ReadBasic.All")
        return 200, {"value": [{"id": key, "displayName": key[2:].title()} for key in state.teams]}
    if found := re.fullmatch(r"/v1\.0/teams/([^/]+)/channels", url.path):
        team = state.teams.get(unquote(found[1]))
        if team is None:
            return _error(404, "NotFound", "No team found")
        return 200, _page(state, path, list(team.items()), int(dict(parse_qsl(url.query)).get("$skip", 0)))
    return _error(404, "NotFound", "No such resource")


def _page(state: Microsoft, path: str, rows: list[tuple[str, str]], skip: int) -> dict[str, Any]:
    page: dict[str, Any] = {"value": [{"id": key, "displayName": name} for key, name in rows[skip : skip + PAGE]]}
    if len(rows) > skip + PAGE:
        page["@odata.nextLink"] = f"{state.base}{path.partition('?')[0]}?$skip={skip + PAGE}"
    return page


def _message(state: Microsoft, path: str, authorization: str, body: bytes) -> Answer:
    if refusal := _unauthorised(state, authorization):
        return refusal
    if "ChannelMessage.Send" not in state.scopes:
        return _error(403, "Forbidden", "Missing scope ChannelMessage.Send")
    found = re.fullmatch(r"/v1\.0/teams/([^/]+)/channels/([^/]+)/messages", path)
    if found is None or unquote(found[2]) not in state.teams.get(unquote(found[1]), {}):
        return _error(404, "NotFound", "No channel found")
    message = json.loads(body)
    hosted = message.pop("hostedContents", [])
    if len(body) > MOST_REQUEST or len(json.dumps(message, ensure_ascii=False).encode()) > MOST_BYTES:
        return _error(413, "RequestEntityTooLarge", "The message is too large")
    if complaint := next(_message_complaints(message, hosted), ""):
        return _error(400, "BadRequest", complaint)
    with state.guard:
        state.messages.append({**message, "hostedContents": hosted, "channel": unquote(found[2])})
        return 201, {"id": f"17640000000{len(state.messages):02}", "messageType": "message"}


def _message_complaints(message: dict[str, Any], hosted: list[dict[str, Any]]) -> Iterator[str]:
    named = re.findall(r'<attachment id="([^"]+)"></attachment>', message["body"]["content"])
    if message["body"]["contentType"] != "html" or sorted(named) != sorted(a["id"] for a in message["attachments"]):
        yield "attachments and body do not match"
    given = {f"../hostedContents/{one['@microsoft.graph.temporaryId']}/$value" for one in hosted}
    shown: set[str] = set()
    for attachment in message["attachments"]:
        if not isinstance(attachment["content"], str) or attachment["contentType"] != CARD_TYPE:
            yield "the card is not a text"
            return
        card = json.loads(attachment["content"])
        yield from card_complaints(card, r"https://\S+|\.\./hostedContents/\d+/\$value")
        shown |= set(re.findall(r"\.\./hostedContents/\d+/\$value", attachment["content"]))
    if shown != given:
        yield f"pictures {given} are there, {shown} are shown"
    for one in hosted:
        if one["contentType"] != "image/png" or not b64decode(one["contentBytes"]).startswith(b"\x89PNG"):
            yield "a picture is none"


def _oauth(state: Microsoft, path: str, body: bytes) -> Answer:
    given = dict(parse_qsl(body.decode()))
    if given.get("client_id") != CLIENT_ID:
        return 400, {"error": "unauthorized_client", "error_description": "AADSTS700016: Application not found."}
    if path.endswith("/devicecode"):
        if "offline_access" not in given["scope"] or "ChannelMessage.Send" not in given["scope"]:
            return 400, {"error": "invalid_scope", "error_description": "AADSTS70011: The scope is not valid."}
        waits = {"expires_in": 900, "interval": 1, "message": "Type the code."}
        return 200, {"user_code": "ABCD-EFGH", "device_code": "device", "verification_uri": state.base, **waits}
    if given["grant_type"] == "refresh_token":
        if state.is_revoked or given["refresh_token"] != state.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired."}
        state.refresh += 1
        state.access += 1
    elif not state.is_signed_in:
        return 400, {"error": "authorization_pending", "error_description": "AADSTS70016: Waiting."}
    claims = {"aud": CLIENT_ID, "iss": f"{state.base}/{TENANT}/v2.0", "sub": "s", "preferred_username": USER}
    claims |= {"exp": int(time.time()) + 3_600, "iat": int(time.time())}
    payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    tokens = {"access_token": state.access_token, "refresh_token": state.refresh_token, "id_token": f"e30.{payload}.s"}
    return 200, {**tokens, "token_type": "Bearer", "expires_in": 3_600, "scope": given.get("scope", "")}


def _unauthorised(state: Microsoft, authorization: str) -> Answer | None:
    if authorization == f"Bearer {state.access_token}":
        return None
    return _error(401, "InvalidAuthenticationToken", f"Access token is not valid: {authorization}")


def _error(status: int, code: str, message: str) -> Answer:
    return status, {"error": {"code": code, "message": message, "innerError": {"request-id": "r"}}}
