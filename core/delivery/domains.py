"""Which domains mails may go to: set by an organisation's administrators, asked at each save and at each sending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from sqlmodel import Session

from core.access.addresses import LONGEST_NAME, literal, plain_host
from core.access.audit import NOBODY, note
from core.connectors.email import Email
from core.errors import DataError, HostRefused
from core.model.delivery import ChannelDestination, ExportSpec
from core.store import Store
from core.store.connections import list_connections
from core.store.people import get_organisation

MOST_DOMAINS = 200
MOST_NAMED = 5
"""So many are named in a message."""
SUBDOMAINS = "*."
OUTSIDE = "domain"
"""Class of errors of a delivery none of whose recipients is in a domain that mails may go to."""


@dataclass(frozen=True)
class RecipientDomains:
    """The domains that one organisation's mails may go to; none set: any."""

    store: Store
    organisation_id: str
    clock: Callable[[], datetime]

    def all(self) -> tuple[str, ...]:
        """The domains, in the order in which they were given."""
        with self.store.read() as session:
            return allowed_domains(session, self.organisation_id)

    def keep(self, domains: Iterable[str]) -> tuple[str, ...]:
        """Let mails go to these domains alone; to any when there are none. Raises DataError."""
        kept = tuple(dict.fromkeys(map(plain_domain, domains)))
        if len(kept) > MOST_DOMAINS:
            raise DataError(f"These are {len(kept)} domains. Name at most {MOST_DOMAINS}.", field="domains")
        with self.store.write() as session:
            row = get_organisation(session, self.organisation_id)
            if tuple(row.recipient_domains) != kept:
                detail = {"from": list(row.recipient_domains), "to": list(kept)}
                note(session, "recipients.domains_changed", NOBODY, at=self.clock(), detail=detail)
                row.recipient_domains = list(kept)
                session.add(row)
        return kept

    def require(self, address: str) -> None:
        """Raises DataError for an address that mails may not go to."""
        if refused := self.refused([address]):
            raise DataError(refused[address])

    def refused(self, addresses: Iterable[str]) -> dict[str, str]:
        """The addresses that mails may not go to, each with the reason."""
        allowed = self.all()
        return {address: refusal(address, allowed) for address in addresses if not is_allowed(address, allowed)}


def allowed_domains(session: Session, organisation_id: str) -> tuple[str, ...]:
    """The domains that mails may go to; none: any."""
    return tuple(get_organisation(session, organisation_id).recipient_domains)


def check_domains(session: Session, organisation_id: str, spec: ExportSpec) -> None:
    """Raises DataError at the place of an address that mails may not go to."""
    allowed = allowed_domains(session, organisation_id)
    if not allowed:
        return
    mails = {row.id for row in list_connections(session, organisation_id) if row.kind == Email.kind}
    for place, address in _written_to(spec, mails):
        if not is_allowed(address, allowed):
            raise DataError(refusal(address, allowed), field=place)


def is_allowed(address: str, allowed: Sequence[str]) -> bool:
    """Whether a mail may go to an address; what cannot be read as one belongs to no domain."""
    if not allowed:
        return True
    domain = _domain_of(address)
    return any(domain.endswith(one[1:]) if one.startswith(SUBDOMAINS) else domain == one for one in allowed)


def refusal(address: str, allowed: Sequence[str]) -> str:
    """Why a mail may not go to an address, and what to do."""
    more = f" and {len(allowed) - MOST_NAMED} more" if len(allowed) > MOST_NAMED else ""
    return (
        f"{_bare(address)[:100]} is outside the domains that mails may go to. Take it out, or let an administrator "
        f"allow its domain in the settings. Allowed: {', '.join(allowed[:MOST_NAMED])}{more}."
    )


def plain_domain(text: str) -> str:
    """A domain as it is kept: lower case and as IDNA writes it, after `*.` where its subdomains are meant.

    Raises DataError.
    """
    given = text.strip()
    prefix = SUBDOMAINS if given.startswith(SUBDOMAINS) else ""
    try:
        domain = plain_host(given.removeprefix(prefix)) if len(given) <= LONGEST_NAME else ""
    except HostRefused:
        domain = ""
    if not domain or literal(domain):
        raise DataError(
            f"'{given[:100]}' is no domain. Write it like example.org, or *.example.org for its subdomains.",
            field="domains",
        )
    return f"{prefix}{domain}"


def without(settings: Mapping[str, Any], refused: Iterable[str]) -> dict[str, Any]:
    """The settings of a mail that go to nobody of these."""
    gone = set(refused)
    kept = {name: [one for one in settings.get(name) or () if one not in gone] for name in ("to", "cc", "bcc")}
    return {**settings, **kept}


def _written_to(spec: ExportSpec, mails: set[str]) -> Iterator[tuple[str, str]]:
    """Each address that an export names, with its place. mails: ids of mail connections."""
    for place, destination in enumerate(spec.destinations):
        if isinstance(destination, ChannelDestination) and destination.kind == Email.kind:
            yield from _of_settings(destination.settings, f"destinations.{place}")
    for place, address in enumerate(spec.failure_recipients):
        yield f"failure_recipients.{place}", address
    for number, alert in enumerate(spec.alerts):
        for place, target in enumerate(alert.to):
            if target.email is not None:
                yield f"alerts.{number}.to.{place}.email", target.email
            elif target.connection in mails:
                yield from _of_settings(target.settings, f"alerts.{number}.to.{place}")


def _of_settings(settings: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for name in ("to", "cc", "bcc"):
        yield from ((f"{place}.settings.{name}", str(address)) for address in settings.get(name) or ())


def _domain_of(address: str) -> str:
    try:
        return plain_host(_bare(address).rpartition("@")[2])
    except HostRefused:
        return ""


def _bare(address: str) -> str:
    """The address alone, as the mail server gets it."""
    return parseaddr(address)[1]
