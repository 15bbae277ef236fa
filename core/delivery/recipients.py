"""Who is served by a delivery, and what its destination is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.delivery.work import PlannedDelivery
from core.model.delivery import ChannelDestination
from core.model.runs import Delivery

ALL_LEFT = "all recipients left"


def name_of(destination: ChannelDestination, connections: Mapping[str, str]) -> str:
    """What a destination is called in lists. connections: what they are called, by id."""
    if destination.kind == "inbox":
        named = [*destination.settings.get("roles", ()), *destination.settings.get("people", ())]
        return f"Inbox of {_first_of(named)}" if named else "Inbox"
    return _first_of(addresses(destination)) or connections.get(str(destination.connection), destination.kind)


def _first_of(names: Sequence[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else "".join(names)


def addresses(destination: ChannelDestination) -> tuple[str, ...]:
    """Whom a mail goes to; other channels do not tell recipients apart."""
    if destination.kind != "email":
        return ()
    given = [address for name in ("to", "cc", "bcc") for address in destination.settings.get(name) or ()]
    return tuple(dict.fromkeys(map(str, given)))


def nobody_left(asked: Sequence[str], staying: Sequence[str]) -> Mapping[str, Any]:
    """What a delivery says whose recipients want no more mails."""
    return {"state": "ignored", "reason": ALL_LEFT} if asked and not staying else {}


def served(recipients: Mapping[str, Mapping[str, str]], only: str) -> tuple[str, ...]:
    """Whom a replay serves: all, or those who have not got it."""
    return tuple(address for address, told in recipients.items() if only == "all" or told["state"] != "succeeded")


def narrowed(made: PlannedDelivery, before: Delivery) -> PlannedDelivery:
    """A delivery without the recipients who were served before."""
    left = tuple(who for who in made.recipients if who in served(before.recipients, "failed"))
    return replace(made, recipients=left, **nobody_left(made.recipients, left))
