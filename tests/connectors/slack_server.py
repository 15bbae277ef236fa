"""A strict Slack on loopback: Web API, uploads, incoming webhooks and response addresses.

It checks what comes against every limit that Slack states, keeps it, and can be told to fail: by a status, by being
slow, or by losing its answer after the deed is done. Slack itself answers almost every fault with 200 and `ok: false`.
"""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.connectors.slack_rules import MOST_LETTERS, complaints, letters

TOKEN, CLIENT_ID, CLIENT_SECRET = "xoxb-1-2-secretsecret", "1.2", "client-secret"
APP_TOKEN = "xapp-1-A0-secret"
HOOK = "/services/T0/B0/hooksecret"
ALL_SCOPES = (
    "channels:read,chat:write,chat:write.customize,chat:write.public,files:read,files:write,groups:read,im:write,"
    "users:read,users:read.email"
)
NEEDS: Mapping[str, str] = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "files.info": "files:read",
    "conversations.list": "channels:read",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
}


@dataclass(frozen=True)
class Call:
    """One request. method: of the API ("chat.postMessage"), else "upload", "webhook" or "response".

    given: its arguments; wrong: why there are none.
    """

    method: str
    path: str
    headers: Message
    body: bytes
    given: Mapping[str, Any]
    wrong: str = ""


@dataclass(frozen=True)
class Fault:
    """How a call goes wrong. is_done: only after the deed was done. is_lost: the line is cut instead of an answer."""

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = "<html>Service unavailable</html>"
    is_done: bool = False
    is_lost: bool = False


@dataclass
class Uploaded:
    """A file: asked for, then uploaded, then completed; it can be shown some calls later."""

    name: str
    length: int
    alt: str
    content: bytes | None = None
    is_complete: bool = False
    looks_until_ready: int = 1


@dataclass
class Workspace:
    """The workspace, what came to it, and how it is told to fail. fault: asked at each call, None for none."""

    port: int = 0
    line_url: str = ""
    most_of_a_page: int = 2
    scopes: str = ALL_SCOPES
    team: str = "T0"
    token_error: str = ""
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    hooked: list[dict[str, Any]] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, Uploaded] = field(default_factory=dict)
    fault: Callable[[Call], Fault | None] = lambda call: None
    guard: threading.RLock = field(default_factory=threading.RLock)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        for number, name in enumerate(("general", "random", "revenue", "secret-plans"), 1):
            is_private = name == "secret-plans"
            one = {"id": f"C000{number}", "name": name, "is_archived": False, "is_private": is_private}
            self.channels[f"C000{number}"] = {**one, "is_member": name != "random"}
        self.channels["C0009"] = {"id": "C0009", "name": "old", "is_archived": True, "is_member": True}
        for number, (name, email) in enumerate((("Anna Berg", "anna@example.org"), ("Ola", "ola@example.org")), 1):
            profile = {"email": email, "real_name": name}
            self.people[f"U000{number}"] = {"id": f"U000{number}", "name": name.lower(), "profile": profile}

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def hook_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{HOOK}"

    def response_url(self, name: str = "r1") -> str:
        return f"http://127.0.0.1:{self.port}/actions/{name}"

    @property
    def ready(self) -> set[str]:
        """Files that blocks may name."""
        return {key for key, file in self.files.items() if file.is_complete and file.looks_until_ready <= 0}

    @property
    def shown(self) -> list[str]:
        """The files that messages show, in their order."""
        blocks = [block for message in self.messages for block in message["blocks"]]
        return [block["slack_file"]["id"] for block in blocks if "slack_file" in block]

    def counts(self, method: str) -> int:
        with self.guard:
            return sum(call.method == method for call in self.calls)

    def answer(self, call: Call) -> tuple[int, Mapping[str, str], str] | None:
        """Status, headers and body; None for a line that is cut."""
        with self.guard:
            self.calls.append(call)
        fault = self.fault(call)
        if fault is not None and not fault.is_done:
            return None if fault.is_lost else (fault.status, fault.headers, fault.body)
        with self.guard:
            done = self._done(call)
        if fault is not None:
            return None if fault.is_lost else (fault.status, fault.headers, fault.body)
        return done

    def _done(self, call: Call) -> tuple[int, Mapping[str, str], str]:
        if call.method == "upload":
            return self._upload(call)
        if call.method == "webhook":
            return self._hook(call)
        if call.method == "response":
            return self._respond(call)
        said = self._api(call)
        body = {"ok": "error" not in said, **said}
        return 200, {"Content-Type": "application/json; charset=utf-8", "X-OAuth-Scopes": self.scopes}, json.dumps(body)

    def _api(self, call: Call) -> dict[str, Any]:
        kind = call.headers.get("Content-Type", "").partition(";")[0]
        if kind not in {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}:
            return {"error": "invalid_post_type"}
        if call.wrong:
            return {"error": call.wrong}
        act = getattr(self, f"_{call.method.replace('.', '_')}", None)
        if act is None:
            return {"error": "unknown_method"}
        if call.method != "oauth.v2.access" and (error := self._not_let_in(call)):
            return error
        given = dict(call.given)
        for name in ("blocks", "files", "metadata"):
            if isinstance(given.get(name), str):
                given[name] = json.loads(given[name])
        if call.method == "oauth.v2.access":
            scheme, _, login = call.headers.get("Authorization", "").partition(" ")
            user, _, password = b64decode(login).decode().partition(":") if scheme == "Basic" else ("", "", "")
            given |= {"client_id": user, "client_secret": password} if user else {}
        return dict(act(given))

    def _not_let_in(self, call: Call) -> dict[str, Any] | None:
        token = call.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return {"error": "not_authed"}
        if call.method == "apps.connections.open":
            return None if token == APP_TOKEN else {"error": "not_allowed_token_type"}
        if token != TOKEN:
            return {"error": "invalid_auth"}
        if self.token_error:
            return {"error": self.token_error}
        needed = NEEDS.get(call.method)
        if needed and needed not in self.scopes.split(","):
            return {"error": "missing_scope", "needed": needed, "provided": self.scopes}
        return None

    def _auth_test(self, _given: Mapping[str, Any]) -> dict[str, Any]:
        team = {"url": "https://example.slack.com/", "team": "Example", "team_id": "T0"}
        return {**team, "user": "bridgecast", "user_id": "U0BOT", "bot_id": "B0BOT"}

    def _oauth_v2_access(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "bad_client_secret"}
        if given.get("code") != "good-code":
            return {"error": "invalid_code"}
        token = {"access_token": TOKEN, "token_type": "bot", "scope": self.scopes, "bot_user_id": "U0BOT"}
        return {**token, "app_id": "A0", "team": {"id": self.team, "name": "Example"}}

    def _apps_connections_open(self, _given: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": self.line_url}

    def _conversations_list(self, given: Mapping[str, Any]) -> dict[str, Any]:
        types = str(given.get("types", "public_channel")).split(",")
        if "private_channel" in types and "groups:read" not in self.scopes.split(","):
            return {"error": "missing_scope", "needed": "groups:read", "provided": self.scopes}
        hides_old = str(given.get("exclude_archived", "false")).lower() in {"true", "1"}
        rows = [
            row
            for row in self.channels.values()
            if ("private_channel" if row.get("is_private") else "public_channel") in types
            and not (hides_old and row["is_archived"])
        ]
        return self._paged("channels", rows, given)

    def _users_list(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return self._paged("members", list(self.people.values()), given)

    def _paged(self, name: str, rows: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
        limit, cursor = int(given.get("limit", 100)), str(given.get("cursor", ""))
        if not 1 <= limit <= 1_000:
            return {"error": "invalid_limit"}
        if cursor and not cursor.startswith("after:"):
            return {"error": "invalid_cursor"}
        # Slack gives fewer than asked for when it likes; few a page show whether pages are followed.
        first = int(cursor.removeprefix("after:") or 0)
        last = first + min(limit, self.most_of_a_page)
        following = f"after:{last}" if last < len(rows) else ""
        return {name: rows[first:last], "response_metadata": {"next_cursor": following}}

    def _users_lookupByEmail(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found = [one for one in self.people.values() if one["profile"]["email"] == given.get("email")]
        return {"user": found[0]} if found else {"error": "users_not_found"}

    def _files_getUploadURLExternal(self, given: Mapping[str, Any]) -> dict[str, Any]:
        name, length = given.get("filename"), int(given.get("length", 0))
        if not name or length < 1:
            return {"error": "invalid_arguments"}
        key = f"F{next(self.numbers):04}"
        self.files[key] = Uploaded(str(name), length, str(given.get("alt_txt", "")))
        return {"upload_url": f"http://127.0.0.1:{self.port}/upload/v1/{key}", "file_id": key}

    def _upload(self, call: Call) -> tuple[int, Mapping[str, str], str]:
        file = self.files.get(call.path.rpartition("/")[2])
        if file is None or file.is_complete:
            return 404, {}, "no such upload"
        if call.headers.get("Authorization") is not None:
            return 400, {}, "no token here"
        if len(call.body) != file.length:
            return 400, {}, f"got {len(call.body)} bytes, not {file.length}"
        file.content = call.body
        return 200, {}, f"OK - {len(call.body)}"

    def _files_completeUploadExternal(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found = given.get("files") or []
        for one in found:
            file = self.files.get(one["id"])
            if file is None or file.content is None:
                return {"error": "file_not_found"}
            if file.is_complete:
                return {"error": "invalid_arguments"}
            file.is_complete = True
        return {"files": [{"id": one["id"], "title": one.get("title"), "mimetype": ""} for one in found]}

    def _files_info(self, given: Mapping[str, Any]) -> dict[str, Any]:
        file = self.files.get(str(given.get("file")))
        if file is None:
            return {"error": "file_not_found"}
        file.looks_until_ready -= 1
        is_ready = file.is_complete and file.looks_until_ready <= 0
        kinds = ("png", "image/png") if is_ready else ("", "")
        return {"file": {"id": given["file"], "filetype": kinds[0], "mimetype": kinds[1]}}

    def _chat_postMessage(self, given: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._channel(str(given.get("channel", "")))
        if isinstance(channel, str):
            return {"error": channel}
        if (error := self._wrong_message(given)) is not None:
            return error
        thread = given.get("thread_ts")
        if thread is not None and thread not in {message["ts"] for message in self.messages}:
            return {"error": "thread_not_found"}
        is_own_name = bool(given.get("username") or given.get("icon_url"))
        if is_own_name and "chat:write.customize" not in self.scopes.split(","):
            return {"error": "missing_scope", "needed": "chat:write.customize", "provided": self.scopes}
        metadata = given.get("metadata") or {}
        if metadata and not ({"event_type", "event_payload"} <= metadata.keys()):
            return {"error": "invalid_metadata_format"}
        ts = f"1700000000.{next(self.numbers):06}"
        self.messages.append({**given, "channel": channel["id"], "ts": ts, "blocks": given.get("blocks") or []})
        return {"channel": channel["id"], "ts": ts, "message": {"text": given.get("text", ""), "ts": ts}}

    def _conversations_history(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("channel") not in self.channels:
            return {"error": "channel_not_found"}
        found = [one for one in self.messages if one["channel"] == given["channel"] and not one.get("thread_ts")]
        return {"messages": found[::-1][: int(given["limit"])]}

    def _conversations_replies(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found = [one for one in self.messages if given["ts"] in {one["ts"], one.get("thread_ts")}]
        return {"messages": found[: int(given["limit"])]} if found else {"error": "thread_not_found"}

    def _chat_update(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("ts") not in {message["ts"] for message in self.messages}:
            return {"error": "message_not_found"}
        if (error := self._wrong_message(given)) is not None:
            return error
        self.updates.append(dict(given))
        return {"channel": given["channel"], "ts": given["ts"], "text": given.get("text", "")}

    def _channel(self, asked: str) -> dict[str, Any] | str:
        """The channel, a person's direct messages, or an error's name."""
        if asked in self.people:
            return {"id": f"D{asked[1:]}"}
        named = {f"#{row['name']}": row for row in self.channels.values()}
        row = self.channels.get(asked) or named.get(asked)
        if row is None:
            return "channel_not_found"
        if row["is_archived"]:
            return "is_archived"
        may_come = row["is_member"] or "chat:write.public" in self.scopes.split(",")
        return row if may_come else "not_in_channel"

    def _wrong_message(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        blocks = given.get("blocks")
        if not given.get("text") and not blocks:
            return {"error": "no_text"}
        if len(str(given.get("text", ""))) > 4_000:
            return {"error": "msg_too_long"}
        if blocks and letters(blocks) > MOST_LETTERS:
            return {"error": "msg_blocks_too_long"}
        if blocks and (found := complaints(blocks, self.ready)):
            return {"error": "invalid_blocks", "errors": found, "response_metadata": {"messages": found}}
        return None

    def _hook(self, call: Call) -> tuple[int, Mapping[str, str], str]:
        if call.path != HOOK:
            return 404, {}, "no_service"
        if call.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            return 400, {}, "invalid_payload"
        if call.given.keys() - {"text", "blocks", "attachments", "unfurl_links", "unfurl_media", "metadata"}:
            return 400, {}, "invalid_payload"
        error = self._wrong_message(call.given)
        if error is None and letters(call.given.get("blocks") or []) == 0:
            error = {"error": "no_text"}
        if error is not None:
            return 400, {}, str(error["error"])
        self.hooked.append(dict(call.given))
        return 200, {}, "ok"

    def _respond(self, call: Call) -> tuple[int, Mapping[str, str], str]:
        error = self._wrong_message(call.given)
        if error is not None:
            return 400, {}, str(error["error"])
        self.responses.append(dict(call.given))
        return 200, {}, "ok"


def _given(kind: str, body: bytes) -> Mapping[str, Any] | str:
    """The arguments, or what Slack calls their fault."""
    if kind.startswith("application/json"):
        try:
            found = json.loads(body or b"{}")
        except ValueError:
            return "invalid_json"
        return found if isinstance(found, dict) else "json_not_object"
    return dict(parse_qsl(body.decode(), keep_blank_values=True)) if "urlencoded" in kind else {}


def _method(path: str) -> str:
    if path.startswith("/api/"):
        return path.removeprefix("/api/")
    first = path.split("/")[1]
    return {"upload": "upload", "services": "webhook", "actions": "response"}.get(first, first)


@contextmanager
def slack_server() -> Iterator[Workspace]:
    """A running workspace."""
    own = Workspace()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            given = _given(self.headers.get("Content-Type", ""), body)
            wrong, arguments = (given, {}) if isinstance(given, str) else ("", given)
            answer = own.answer(Call(_method(path), path, self.headers, body, arguments, wrong))
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, headers, text = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: it would fill the tests' output."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A caller that was killed cuts its line, and so does a lost answer."""

    server = Server(("127.0.0.1", 0), Handler)
    own.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield own
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
