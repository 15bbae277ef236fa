"""What a connector is: a kind, declared fields from which forms are drawn, a check that says what came back."""

from __future__ import annotations

import re
import ssl
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from socket import socket
from typing import Literal, Protocol

from core.errors import DataError
from core.model.base import is_one_line

FieldKind = Literal["text", "host", "port", "address", "choice", "switch", "secret"]
Value = str | int | bool | None
ADDRESS = re.compile(r"(?:[^<>@,;:]*<[^\s<>@,;:]+@[^\s<>@,;:]+>|[^\s<>@,;:]+@[^\s<>@,;:]+)")
MOST_LETTERS, MOST_SECRET_LETTERS = 500, 20_000
MOST_SHOWN = 300
MASK = "***"


@dataclass(frozen=True)
class Field:
    """One input. choices: value to label. binds_secrets: whoever changes it types the secrets again, so that they are
    never shown to another host than the one they were given for.
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


@dataclass(frozen=True)
class Account:
    """A connection with its secrets open, for as long as a call takes."""

    settings: Mapping[str, Value]
    secrets: Mapping[str, str] = field(repr=False)


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

    def connect(self, host: str, port: int, *, usual_ports: Collection[int], timeout_s: float = ...) -> socket:
        """A connected socket; hosts that nobody named are called on the usual ports alone."""
        ...


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


def masked(text: str, hidden: Iterable[str]) -> str:
    """What a service said, as one short line, without the secrets it may have repeated."""
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(secret, MASK)
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN]}…"


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


def _text(one: Field, value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS or not is_one_line(value):
        raise _wrong(one, f"is one line of at most {MOST_LETTERS} characters")
    text = value.strip()
    if one.kind == "host" and not set(text).isdisjoint("/@? "):
        raise _wrong(one, "is a host name alone, such as smtp.example.org")
    if one.kind == "address" and not ADDRESS.fullmatch(text):
        raise _wrong(one, "is one address, such as reports@example.org or Reports <reports@example.org>")
    return text


def _checked_secret(one: Field, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MOST_SECRET_LETTERS:
        raise _wrong(one, f"is a text of at most {MOST_SECRET_LETTERS} characters", place="secrets")
    return value


def _wrong(one: Field, rule: str, place: str = "settings") -> DataError:
    return DataError(f"'{one.label}' {rule}.", field=f"{place}.{one.name}")
