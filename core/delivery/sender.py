"""The sending of a delivery: its message and files from the disk, its connection's account, its channel."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from core.connections import Connections
from core.connectors.base import File, Parcel, Receipt, RecipientState, SendError
from core.connectors.email import Email
from core.delivery.artefacts import ArtefactLost, Artefacts, belongs
from core.delivery.domains import OUTSIDE, RecipientDomains, without
from core.delivery.inbox import Inbox
from core.delivery.joining import joined
from core.delivery.ledger import Ledger
from core.delivery.pictures import Pictures
from core.delivery.subscribers import Subscribers
from core.delivery.work import Claim
from core.errors import DataError, NotFound
from core.model.runs import Artefact

LEFT = "left these mails"


@dataclass(frozen=True)
class Sender:
    """Sends what was claimed."""

    connections: Connections
    artefacts: Artefacts
    ledger: Ledger
    inbox: Inbox
    subscribers: Subscribers
    pictures: Pictures
    domains: RecipientDomains

    def send(self, claim: Claim) -> Receipt:
        """One try. Raises SendError; also for a file that is gone or altered and a connection that is not there.

        Recipients who left since the run was made are not served, nor are those whose domain mails may not go to; both
        are called so in the receipt or the error.
        """
        staying = claim.recipients
        for each in claim.each:
            staying = self.subscribers.staying(each.subject_id, staying)
        # Whoever has just left one of several reports gets the others by themselves.
        state: RecipientState = "retry" if claim.others else "ignored"
        left: dict[str, tuple[RecipientState, str]] = {
            recipient: (state, LEFT) for recipient in claim.recipients if recipient not in staying
        }
        if left and not staying:
            return Receipt(recipients=left)
        refused = self.domains.refused(staying) if claim.kind == Email.kind else {}
        passed: dict[str, tuple[RecipientState, str]] = left | {who: ("failed", why) for who, why in refused.items()}
        allowed = tuple(who for who in staying if who not in refused)
        if refused and not allowed:
            raise SendError(" ".join(refused.values()), permanent=True, error_class=OUTSIDE, recipients=passed)
        try:
            receipt = self._sent(_narrowed(claim, allowed, refused))
        except SendError as error:
            error.recipients |= passed
            raise
        return replace(receipt, recipients={**receipt.recipients, **passed})

    def _sent(self, claim: Claim) -> Receipt:
        try:
            parcel = self._whole(claim)
        except ArtefactLost as error:
            raise _lost(error) from None
        if claim.kind == "inbox":
            return self.inbox.deliver(parcel)
        try:
            channel, account = self.connections.channel(claim.kind, claim.connection_id)
        except (NotFound, DataError) as error:
            raise SendError(str(error), permanent=True, error_class="connection") from None
        return channel.send(account, self.connections.outside, parcel)

    def _whole(self, claim: Claim) -> Parcel:
        """All that leaves together. Of several, one whose files are gone fails alone. Raises ArtefactLost."""
        found: list[tuple[Claim, Parcel]] = []
        for each in claim.each:
            try:
                found.append((each, self._parcel(each)))
            except ArtefactLost as error:
                if len(claim.each) == 1:
                    raise
                self.ledger.send_failed(replace(each, others=()), _lost(error))
        if not found:
            raise ArtefactLost("The messages of the runs are no longer kept.")
        first, *others = (each for each, _ in found)
        whole = replace(first, others=tuple(others))
        return replace(
            joined([parcel for _, parcel in found], claim.late),
            recipients=claim.recipients,
            begin=lambda: self.ledger.begun(whole),
            keep=lambda cursor: self.ledger.keep(whole, cursor),
        )

    def _parcel(self, claim: Claim) -> Parcel:
        files = {artefact.name: artefact for artefact in claim.artefacts}
        if claim.message not in files:
            raise ArtefactLost(f"The message '{claim.message}' of the run is no longer kept.")
        message = json.loads(self.artefacts.read(files[claim.message]))
        prefix = claim.message.removesuffix(f"{claim.kind}.json")
        return Parcel(
            delivery_id=claim.delivery_id,
            run_id=claim.run_id,
            occurrence=claim.occurrence_key,
            at=claim.at,
            is_test=claim.is_test,
            settings=claim.destination.get("settings", {}),
            message=message,
            files=tuple(self._file(file, prefix, message) for file in files.values() if belongs(file, prefix)),
            recipients=claim.recipients,
            cursor=claim.cursor,
            keep=lambda cursor: self.ledger.keep(claim, cursor),
            begin=lambda: self.ledger.begun(claim),
            leave=lambda recipient: self.subscribers.link(claim.subject_id, recipient),
            picture=lambda name: self.pictures.address(claim.run_id, f"{prefix}{name}"),
            is_reached=self.pictures.can_be_seen,
        )

    def _file(self, artefact: Artefact, prefix: str, message: dict[str, object]) -> File:
        name = artefact.name.removeprefix(prefix)
        pictures = message.get("pictures")
        named = pictures if isinstance(pictures, list) else []
        own: dict[str, str] = next((picture for picture in named if picture["file"] == name), {})
        return File(
            name=name,
            media_type=artefact.media_type,
            path=self.artefacts.path(artefact),
            content_id=own.get("content_id", ""),
            alt=own.get("alt", ""),
        )


def _narrowed(claim: Claim, recipients: tuple[str, ...], refused: Collection[str]) -> Claim:
    """A claim for some of its recipients; one mail for all does not name those who are refused either."""
    settings = claim.destination.get("settings", {})
    if refused and settings.get("mode") == "all":
        return replace(
            claim, recipients=recipients, destination={**claim.destination, "settings": without(settings, refused)}
        )
    return replace(claim, recipients=recipients)


def _lost(error: ArtefactLost) -> SendError:
    return SendError(str(error), permanent=True, error_class="artefact")
