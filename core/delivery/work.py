"""What ledger, maker, sender and executor hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.errors import BridgecastError
from core.model.runs import Artefact


@dataclass(frozen=True)
class Asked:
    """A run that was asked for; one that was there already is not new."""

    run_id: str
    is_new: bool


@dataclass(frozen=True)
class Build:
    """A run claimed for making. The fields are those of `Run`; `fence` tells this claim from a later one."""

    run_id: str
    fence: int
    builds: int
    subject_kind: str
    subject_id: str
    name: str
    trigger_id: str | None
    trigger_kind: str
    occurrence_key: str
    planned_at: datetime
    definition: Mapping[str, Any]
    where: Mapping[str, Any]
    is_test: bool
    requested_by: str | None
    parent_id: str | None
    replays: str


@dataclass(frozen=True)
class PlannedDelivery:
    """A delivery as the maker hands it over.

    destination: its specification as it is now. message: name of the artefact that the channel is handed. recipients:
    addresses, where the channel tells them apart. state: "succeeded" where nothing is left to do (links, the inbox),
    "ignored" where nobody is to be served, for `reason`.
    """

    destination_id: str
    kind: str
    name: str
    destination: Mapping[str, Any]
    connection_id: str | None = None
    message: str = ""
    recipients: tuple[str, ...] = ()
    state: Literal["planned", "succeeded", "ignored"] = "planned"
    reason: str = ""


@dataclass(frozen=True)
class Made:
    """What the making of a run gave.

    versions: data version of each dataset. steps: what was done, with times and sizes. artefacts: the files, which
    stand on the disk already.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()
    deliveries: tuple[PlannedDelivery, ...] = ()
    artefacts: tuple[Artefact, ...] = ()


class NotMet(BridgecastError):
    """The run is not to be sent: its condition does not hold, or there is nothing to send.

    reason: one of the words of `ignored`, such as "condition not met" or "no data".
    """

    def __init__(self, reason: str, text: str, *, made: Made | None = None) -> None:
        super().__init__(text)
        self.reason, self.made = reason, made or Made()


@dataclass(frozen=True)
class Claim:
    """A delivery claimed for one try, which is written down already. recipients: who is still to be served.

    tries: failed ones before this. at: when its run was due. others: what leaves in one mail with it; each has a fence,
    a try and an end of its own. late: names of the reports that should be in that mail and are not ready.
    """

    delivery_id: str
    fence: int
    run_id: str
    subject_id: str
    occurrence_key: str
    at: datetime
    is_test: bool
    destination_id: str
    kind: str
    name: str
    connection_id: str | None
    destination: Mapping[str, Any]
    message: str
    recipients: tuple[str, ...]
    cursor: Mapping[str, Any]
    artefacts: tuple[Artefact, ...]
    tries: int
    lease_until: datetime
    others: tuple[Claim, ...] = ()
    late: tuple[str, ...] = ()

    @property
    def each(self) -> tuple[Claim, ...]:
        """All that leave together."""
        return (self, *self.others)
