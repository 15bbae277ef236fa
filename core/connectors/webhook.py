"""Webhooks: a signed message to an address of the receiver's own (Standard Webhooks 1.0)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from requests import PreparedRequest, RequestException, Response
from standardwebhooks import Webhook as Signer

from core.connectors.base import (
    MASK,
    Account,
    Check,
    Field,
    Outside,
    Parcel,
    Receipt,
    RetryRule,
    SendError,
    asked_pause_s,
    error_class_of,
    masked,
)
from core.errors import DeliveryError, NoAnswer

CONNECT_S, WHOLE_S = 5.0, 15.0
MOST_READ, MOST_SHOWN = 65_536, 1_000
SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes of a signing key, as Standard Webhooks asks."""
PREFIX = "whsec_"
GONE = 410
SHORTEST_TOKEN = 8
"""Characters of what in the query of an address may be a secret, wherever it is repeated."""
MINUTE, HOUR = 60.0, 3_600.0
AGENT = "Bridgecast"
TOKEN_SIGNS = frozenset("!#$%&'*+-.^_`|~")
RESERVED = ("webhook-", "x-bridgecast-", "content-", "host", "connection", "transfer-encoding", "accept", "user-agent")


def _key_complaint(secret: str) -> str:
    """What a signing secret lacks: the library would take almost anything, and drop what is not base64."""
    try:
        size = len(b64decode(secret.strip().removeprefix(PREFIX), validate=True))
    except ValueError:
        size = 0
    if SHORTEST_KEY <= size <= LONGEST_KEY:
        return ""
    return f"is {PREFIX} followed by {SHORTEST_KEY} to {LONGEST_KEY} random bytes in base64"


def _url_complaint(url: str) -> str:
    try:
        PreparedRequest().prepare_url(url, None)
    except (RequestException, UnicodeError):
        return "is no address. Write it like https://hooks.example.org/bridgecast"
    if not url.lower().startswith(("https://", "http://")):
        return "begins with https://"
    if _login_of(url):
        return "holds no user or password. Choose the sign-in by user and password, and type them into its fields"
    return ""


def _login_of(url: str) -> str:
    """What an address names before its host."""
    return urlsplit(url).netloc.rpartition("@")[0]


def _line_complaint(secret: str) -> str:
    return "" if secret.isascii() and secret.isprintable() else "is one line of ASCII characters"


def _header_complaint(name: str) -> str:
    if not all((sign.isalnum() and sign.isascii()) or sign in TOKEN_SIGNS for sign in name):
        return "is the name of an HTTP header, such as X-Api-Key"
    return "is a header that is sent anyway. Choose another" if name.lower().startswith(RESERVED) else ""


@dataclass(frozen=True)
class Hook:
    """The settings of a webhook connection, typed. keys: of signing, the one in force first."""

    url: str
    auth: str
    user: str
    header: str
    token: str = field(repr=False)
    password: str = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, account: Account) -> Hook:
        """Read from an account whose settings were checked."""
        given, secrets = account.settings, account.secrets
        keys = (secrets.get("signing_secret", ""), secrets.get("old_signing_secret", ""))
        return cls(
            url=str(given["url"]),
            auth=str(given["auth"]),
            user=str(given["user"] or ""),
            header=str(given["header"] or ""),
            token=secrets.get("token", ""),
            password=secrets.get("password", ""),
            keys=tuple(key.strip() for key in keys if key),
        )

    @property
    def host(self) -> str:
        """Where it is, for sentences."""
        return str(urlsplit(self.url).hostname)

    @property
    def shown_url(self) -> str:
        """The address without a login and without what its query says: receivers put tokens there."""
        bare, mark, query = self.url.partition("?")
        if login := _login_of(self.url):
            bare = bare.replace(f"{login}@", f"{MASK}@", 1)
        names = [pair.partition("=")[0] for pair in query.split("&")]
        return f"{bare}?{'&'.join(f'{name}={MASK}' for name in names)}" if mark else bare

    def credentials(self) -> dict[str, str]:
        """The header by which the receiver knows us. Raises SendError when its secret is not there."""
        if self.auth == "none":
            return {}
        self._require_secret()
        match self.auth:
            case "basic":
                login = b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
                return {"Authorization": f"Basic {login}"}
            case "bearer":
                return {"Authorization": f"Bearer {self.token}"}
            case _:
                return {self.header or "X-Api-Key": self.token}

    def signature(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The headers of Standard Webhooks; while a secret is replaced, both sign. at: in UTC."""
        own = {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp()))}
        signed = [Signer(key).sign(message_id, at, body.decode("utf-8")) for key in self.keys]
        return own | ({"webhook-signature": " ".join(signed)} if signed else {})

    def said(self, text: str) -> str:
        """What the receiver said, without the secrets it may have repeated."""
        login = b64encode(f"{self.user}:{self.password}".encode()).decode("ascii") if self.password else ""
        asked = [value for _, value in parse_qsl(urlsplit(self.url).query) if len(value) >= SHORTEST_TOKEN]
        hidden = [
            self.token,
            self.password,
            login,
            *self.keys,
            *asked,
            *(quote(one, safe="") for one in asked),
            *map(quote_plus, asked),
        ]
        return masked(text, hidden, most=MOST_SHOWN)

    def _require_secret(self) -> None:
        name = "password" if self.auth == "basic" else "token"
        if not (self.password if self.auth == "basic" else self.token):
            raise SendError(
                f"{self.host} is to be called with a {name}, but none is set. Type it.",
                permanent=True,
                pauses_connection=True,
                error_class="auth",
            )


class Webhook:
    """The connector of kind "webhook"."""

    kind = "webhook"
    label = "Webhook"
    fields = (
        Field(
            "url",
            "URL",
            "url",
            is_needed=True,
            placeholder="https://hooks.example.org/bridgecast",
            help="https; http only for hosts that the operator named in BRIDGECAST_EGRESS_ALLOW",
            binds_secrets=True,
            complaint=_url_complaint,
        ),
        Field(
            "auth",
            "Sign-in",
            "choice",
            default="none",
            choices={"none": "None", "bearer": "Bearer token", "basic": "User and password", "header": "Own header"},
            help="Besides the signature, for receivers behind a gateway",
        ),
        Field("user", "User", help="Of sign-in by user and password"),
        Field("header", "Header", placeholder="X-Api-Key", help="Of sign-in by a header", complaint=_header_complaint),
        Field("token", "Token", "secret", help="Bearer token, or value of the header", complaint=_line_complaint),
        Field("password", "Password", "secret", complaint=_line_complaint),
        Field(
            "signing_secret",
            "Signing secret",
            "secret",
            placeholder="whsec_…",
            help="Messages are signed with it as Standard Webhooks says; without one they are not signed",
            complaint=_key_complaint,
        ),
        Field(
            "old_signing_secret",
            "Signing secret before",
            "secret",
            placeholder="whsec_…",
            help="Signs too, until the receiver has taken the new one over",
            complaint=_key_complaint,
        ),
    )
    destination_fields: tuple[Field, ...] = ()
    retry = RetryRule(
        delays_s=(5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR),
        deadline_s=34 * HOUR,
        total_s=WHOLE_S,
    )

    def check(self, account: Account, outside: Outside) -> Check:
        """Ask for the head of the address, by HEAD: nothing is sent, and what changes something asks for POST."""
        hook = Hook.of(account)
        try:
            with outside.session(whole_s=WHOLE_S) as session:
                answer = session.head(hook.url, headers=_agent() | hook.credentials(), timeout=(CONNECT_S, WHOLE_S))
        except DeliveryError as error:
            return Check(ok=False, text=str(error))
        asked = f"{hook.host} was asked by HEAD, without a message, and answered {answer.status_code}"
        if advice := _advice(answer.status_code):
            return Check(ok=False, text=f"{asked}. {advice}")
        return Check(ok=True, text=f"{asked}. Whether it takes a message shows the test of an export. {_signs(hook)}")

    def send(self, account: Account, outside: Outside, parcel: Parcel) -> Receipt:
        """Post the message. Raises SendError."""
        hook, now = Hook.of(account), datetime.now(UTC)
        body = _body(parcel)
        request = f"POST {hook.shown_url} webhook-id: {parcel.delivery_id}, {len(body)} bytes: {body.decode('utf-8')}"
        shown = hook.said(request)
        headers = _headers(parcel) | hook.credentials() | hook.signature(parcel.delivery_id, now, body)
        try:
            with outside.session(most_bytes=MOST_READ, whole_s=WHOLE_S) as session:
                parcel.begin()
                answer = session.post(hook.url, data=body, headers=headers, timeout=(CONNECT_S, WHOLE_S))
        except DeliveryError as error:
            raise _unanswered(error, shown) from None
        said = hook.said(answer.content.decode("utf-8", "replace"))
        if not 200 <= answer.status_code <= 299:
            raise self._refused(hook, answer, shown, said, now)
        return Receipt(status=answer.status_code, request=shown, response=said)

    def is_final(self, status: int) -> bool:
        """A receiver that is gone, or that leads elsewhere; all else may be well at the next try."""
        return status == GONE or 300 <= status <= 399

    def _refused(self, hook: Hook, answer: Response, request: str, said: str, now: datetime) -> SendError:
        status = answer.status_code
        words = f": {said}" if said else ""
        return SendError(
            f"{hook.host} answered {status}{words[:200]}. {_advice(status) or 'Look at its log.'}",
            permanent=self.is_final(status),
            retry_after_s=asked_pause_s(answer.headers.get("Retry-After"), now),
            disables=status == GONE,
            error_class="gone" if status == GONE else f"http {status}",
            status=status,
            request=request,
            response=said,
        )


def _agent() -> dict[str, str]:
    return {"User-Agent": AGENT}


def _headers(parcel: Parcel) -> dict[str, str]:
    return _agent() | {"Content-Type": "application/json; charset=utf-8", "X-Bridgecast-Occurrence": parcel.occurrence}


def _body(parcel: Parcel) -> bytes:
    """The same bytes at every try: type, time and data as Standard Webhooks lays them out."""
    content: dict[str, object] = {
        "type": parcel.message["type"],
        "timestamp": parcel.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": parcel.message["data"],
    }
    marked = content | ({"test": True} if parcel.is_test else {})
    return json.dumps(marked, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def _unanswered(error: DeliveryError, request: str) -> SendError:
    """A call that never came to an answer."""
    is_unknown = isinstance(error, NoAnswer)
    kind = error_class_of(error)
    return SendError(str(error), permanent=error.permanent, is_unknown=is_unknown, error_class=kind, request=request)


def _advice(status: int) -> str:
    """What to do about a status that says something about the address; "" for others."""
    if 300 <= status <= 399:
        return "Redirects are not followed: put in the address that it leads to."
    if status in {401, 403}:
        return "Correct the sign-in."
    return "The receiver is gone; ask for its new address." if status == GONE else ""


def _signs(hook: Hook) -> str:
    return "Messages are signed." if hook.keys else "Messages are not signed: there is no signing secret."


def told_event(news: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The event by which a webhook hears what became of exports: what happened, one after the other."""
    kinds = {str(each["what"]) for each in news}
    succeeded = kinds <= {"succeeded", "recovered", "made_again"}
    return {"type": f"export.{'succeeded' if succeeded else 'failed'}", "data": {"news": [dict(each) for each in news]}}


def refreshed(
    export: Mapping[str, str], run_id: str, figures: Mapping[str, object], links: Mapping[str, str]
) -> dict[str, object]:
    """The event that a report's webhook is told.

    export: its id and name; figures: of the bridge as the API gives them; links: what to open, by kind.
    """
    data = {"export": dict(export), "run_id": run_id, **figures, "links": dict(links)}
    return {"type": "report.refreshed", "data": data}
