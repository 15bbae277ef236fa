"""What a connector is: a kind, declared fields from which forms are drawn, a check that says what came back."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from pathlib import Path
from socket import socket
from typing import Any, Literal, Protocol, runtime_checkable

from requests import Session

from core.errors import DataError, DeliveryError, HostRefused, NoAnswer, NoSuchHost, UntrustedHost
from core.model.base import is_one_line

FieldKind = Literal["text", "host", "port", "address", "addresses", "url", "choice", "lookup", "switch", "secret"]
Value = str | int | bool | tuple[str, ...] | None
ADDRESS = re.compile(r"(?:[^<>@,;:]*<[^\s<>@,;:]+@[^\s<>@,;:]+>|[^\s<>@,;:]+@[^\s<>@,;:]+)")
# JSON can name them, no text can hold them.
HALF_LETTER = re.compile("[\ud800-\udfff]")
MOST_LETTERS, MOST_SECRET_LETTERS, MOST_ADDRESSES = 500, 20_000, 200
MOST_SHOWN = 300
MASK = "***"


@dataclass(frozen=True)
class Field:
    """One input. choices: value to label. binds_secrets: whoever changes it types the secrets again, so that they are
    never shown to another host than the one they were given for. complaint: what a text lacks by the connector's own
    rule ("is no …"), "" for nothing. is_typed: False for what no form asks for, since signing in sets it.
    """

    name: str
    label: str
    kind: FieldKind = "text"
    is_needed: bool = False
    default: Value = None
    choices: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    placeholder: str = ""
    binds_secrets: bool = False
    complaint: Callable[[str], str] = lambda text: ""
    is_typed: bool = True


@dataclass(frozen=True)
class Account:
    """A connection with its secrets open, for as long as a call takes.

    renew: keeps secrets that the service exchanged for those that are here, if nobody changed them meanwhile.
    """

    settings: Mapping[str, Value]
    secrets: Mapping[str, str] = field(repr=False)
    renew: Callable[[Mapping[str, str]], None] = field(default=lambda secrets: None, repr=False)


@dataclass(frozen=True)
class Check:
    """What a test of a connection found: what was tried, what came back, what to do."""

    ok: bool
    text: str


class Outside(Protocol):
    """The door to the outside. All of it raises HostRefused and DeliveryError with a sentence."""

    tls: ssl.SSLContext

    def allows(self, host: str) -> bool:
        """Whether the operator named this host, so that it may be called without encryption."""
        ...

    def connect(
        self, host: str, port: int, *, usual_ports: Collection[int], timeout_s: float = ..., whole_s: float = ...
    ) -> socket:
        """A connected socket; hosts that nobody named are called on the usual ports alone.

        timeout_s: for one wait; whole_s: for all of them, from the connection on.
        """
        ...

    def session(self, *, most_bytes: int = ..., whole_s: float | None = ...) -> Session:
        """HTTP without redirects; of each answer at most `most_bytes` are read, each call ends within `whole_s`.

        Raises HostRefused, NoAnswer once a call may have gone out, DeliveryError.
        """
        ...


@dataclass(frozen=True)
class File:
    """A file that a run made. content_id: by which a mail's HTML names a picture, "" for an attachment."""

    name: str
    media_type: str
    path: Path
    content_id: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Parcel:
    """One delivery as it is handed to a connector: the same bytes at every try.

    settings: of the destination, checked. message: what was drawn for this channel. recipients: who is still to be
    served, where the channel tells them apart. occurrence: key of what started the run, for receivers that ask.
    cursor: what an earlier try kept. keep: writes down how far a sending of several steps has come.
    begin: is called right before the first byte that may have an effect leaves: a try that dies before is no possible
    double. leave: the address by which a recipient ends what comes to them, "" where there is none. picture: the https
    address at which everybody who has it sees one of the files, "" where nobody outside could open it. is_reached:
    whether services reach this installation by https. also: of a message of several reports, what stands for the
    address by which a further one is left, and who makes that.
    """

    delivery_id: str
    run_id: str
    occurrence: str
    at: datetime
    is_test: bool
    settings: Mapping[str, Any]
    message: Mapping[str, Any]
    files: tuple[File, ...] = ()
    recipients: tuple[str, ...] = ()
    cursor: Mapping[str, Any] = field(default_factory=dict)
    keep: Callable[[Mapping[str, Any]], None] = lambda cursor: None
    begin: Callable[[], None] = lambda: None
    leave: Callable[[str], str] = lambda recipient: ""
    picture: Callable[[str], str] = lambda name: ""
    is_reached: bool = False
    also: Mapping[str, Callable[[str], str]] = field(default_factory=dict)


RecipientState = Literal["succeeded", "retry", "failed", "ignored"]


@dataclass(frozen=True)
class Receipt:
    """What a channel answered. "accepted": taken over, whether it is shown nobody tells us.

    request, response: what people may see of them, masked and short. recipients: of channels that tell them apart,
    address to state and answer; one in "retry" lets the delivery be tried again for it alone.
    """

    outcome: Literal["succeeded", "accepted"] = "succeeded"
    status: int | None = None
    request: str = ""
    response: str = ""
    recipients: Mapping[str, tuple[RecipientState, str]] = field(default_factory=dict)


class SendError(DeliveryError):
    """A try that failed.

    permanent: another try cannot help. is_unknown: nobody knows whether it arrived. retry_after_s: what the receiver
    asked for, and it holds for the whole destination. disables: nothing more may be sent there (410, a changed host
    key); pauses_connection: the account itself was refused. error_class: groups failures of one cause, one word.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        is_unknown: bool = False,
        retry_after_s: float | None = None,
        disables: bool = False,
        pauses_connection: bool = False,
        error_class: str = "error",
        status: int | None = None,
        request: str = "",
        response: str = "",
        recipients: Mapping[str, tuple[RecipientState, str]] | None = None,
    ) -> None:
        super().__init__(message, permanent=permanent)
        self.is_unknown, self.retry_after_s = is_unknown, retry_after_s
        self.disables, self.pauses_connection, self.error_class = disables, pauses_connection, error_class
        self.status, self.request, self.response = status, request, response
        self.recipients = dict(recipients or {})


NO_HOST = "no host"
"""Class of errors that say: nobody has this name."""


def error_class_of(error: DeliveryError, *, is_lost: bool = False) -> str:
    """The class of a call that never came to an answer. is_lost: it broke where it may have had an effect."""
    if isinstance(error, HostRefused):
        return "refused"
    if isinstance(error, UntrustedHost):
        return "tls"
    if isinstance(error, NoSuchHost):
        return NO_HOST
    return "no answer" if is_lost or isinstance(error, NoAnswer) else "unreachable"


@dataclass(frozen=True)
class RetryRule:
    """How a channel is tried again. delays_s: before the 2nd, 3rd, … try; deadline_s: from the first try's start.

    total_s: how long one try may take in all; the lease is longer than twice that.
    """

    delays_s: tuple[float, ...]
    deadline_s: float
    total_s: float

    @property
    def most_tries(self) -> int:
        """The first one and one after each delay."""
        return len(self.delays_s) + 1


class Connector(Protocol):
    """One service."""

    @property
    def kind(self) -> str:
        """Its name in the API and the store."""
        ...

    @property
    def label(self) -> str:
        """Its name for people."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """What a connection of this kind needs; those of kind "secret" are sealed and never shown again."""
        ...

    def check(self, account: Account, outside: Outside) -> Check:
        """Try it without sending anything."""
        ...

    def is_final(self, status: int) -> bool:
        """Whether the service's answer means that another try cannot help."""
        ...


class Channel(Connector, Protocol):
    """A service that messages are sent to."""

    @property
    def destination_fields(self) -> tuple[Field, ...]:
        """What a destination of this kind needs besides the connection."""
        ...

    @property
    def retry(self) -> RetryRule:
        """How it is tried again."""
        ...

    def send(self, account: Account, outside: Outside, parcel: Parcel) -> Receipt:
        """Send one delivery. Raises SendError, HostRefused."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A channel whose destinations are chosen among what the service has: fields of kind "lookup"."""

    def lookup(self, account: Account, outside: Outside, name: str, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """What a field may hold, value to label, by what the other fields hold. Raises DeliveryError."""
        ...


def checked_settings(fields: Iterable[Field], given: Mapping[str, object]) -> dict[str, Value]:
    """The settings as they are kept, with defaults for what is left out. Raises DataError at `settings.<name>`."""
    known = {one.name: one for one in fields if one.kind != "secret"}
    _require_known("settings", known, given)
    return {name: _checked(one, given.get(name)) for name, one in known.items()}


def checked_secrets(fields: Iterable[Field], given: Mapping[str, object]) -> dict[str, str | None]:
    """The secrets that were given; None takes one away. Raises DataError at `secrets.<name>`, never with its value."""
    known = {one.name: one for one in fields if one.kind == "secret"}
    _require_known("secrets", known, given)
    return {name: _checked_secret(known[name], value) for name, value in given.items() if value != MASK}


def masked(text: str, hidden: Iterable[str], *, most: int = MOST_SHOWN) -> str:
    """What a service said, as one line of at most so many characters, without the secrets it may have repeated."""
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(secret, MASK)
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else f"{line[:most]}…"


def asked_pause_s(header: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date (RFC 9110, 10.2.3); None when it asks nothing.

    Some services write fractions.
    """
    if not header:
        return None
    try:
        return max(0.0, float(header)) if header.strip()[:1].isdigit() else _seconds_until(header, now)
    except (ValueError, OverflowError):
        return None


def _seconds_until(http_date: str, now: datetime) -> float:
    """Raises ValueError for what is no date."""
    until = parsedate_to_datetime(http_date)
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def _require_known(place: str, known: Mapping[str, Field], given: Mapping[str, object]) -> None:
    for name in given:
        if name not in known:
            guess = get_close_matches(name, known, n=1)
            meant = f" Did you mean '{guess[0]}'?" if guess else ""
            listed = f" There are: {', '.join(known)}." if known else " There are none."
            raise DataError(f"There is no field '{name[:80]}' among the {place}.{meant}{listed}", field=place)


def _checked(one: Field, value: object) -> Value:
    """One setting. Empty texts are left out."""
    if value is None or (isinstance(value, str) and not value.strip()):
        if one.is_needed and one.default is None:
            raise _wrong(one, "is needed")
        return one.default
    match one.kind:
        case "switch":
            return _switch(one, value)
        case "port":
            return _port(one, value)
        case "choice":
            return _choice(one, value)
        case "addresses":
            return _addresses(one, value)
        case _:
            return _text(one, value)


def _switch(one: Field, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(one, "is either true or false")
    return value


def _port(one: Field, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65_535:
        raise _wrong(one, "is a number from 1 to 65535")
    return value


def _choice(one: Field, value: object) -> str:
    if not isinstance(value, str) or value not in one.choices:
        raise _wrong(one, f"is one of {', '.join(one.choices)}")
    return value


def _addresses(one: Field, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_ADDRESSES:
        raise _wrong(one, f"is a list of at most {MOST_ADDRESSES} addresses")
    found = []
    for each in value:
        text = each.strip() if isinstance(each, str) else ""
        if not ADDRESS.fullmatch(text) or len(text) > MOST_LETTERS or not is_one_line(text):
            raise _wrong(one, f"holds '{str(each)[:100]}', which is no address")
        found.append(text)
    if one.is_needed and not found:
        raise _wrong(one, "is needed")
    return tuple(dict.fromkeys(found))


def _text(one: Field, value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS or not is_one_line(value):
        raise _wrong(one, f"is one line of at most {MOST_LETTERS} characters")
    text = value.strip()
    if one.kind == "host" and not set(text).isdisjoint("/@? "):
        raise _wrong(one, "is a host name alone, such as smtp.example.org")
    if one.kind == "address" and not ADDRESS.fullmatch(text):
        raise _wrong(one, "is one address, such as reports@example.org or Reports <reports@example.org>")
    if complaint := one.complaint(text):
        raise _wrong(one, complaint)
    return text


def _checked_secret(one: Field, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MOST_SECRET_LETTERS or HALF_LETTER.search(value):
        raise _wrong(one, f"is a text of at most {MOST_SECRET_LETTERS} characters", place="secrets")
    if complaint := one.complaint(value):
        raise _wrong(one, complaint, place="secrets")
    return value


def _wrong(one: Field, rule: str, place: str = "settings") -> DataError:
    return DataError(f"'{one.label}' {rule}.", field=f"{place}.{one.name}")
