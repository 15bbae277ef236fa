"""The composition root: `open_app` makes everything the product is made of and hands it to one frozen `App`.

Called by the pages' loaders, the web app, the sidecar and the notebook, and by nobody else. Nothing registers itself
on import.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlmodel import Session

from core.access.api_tokens import OF_ENVIRONMENT, ApiTokens
from core.access.egress import Egress
from core.access.folders import make_private
from core.access.keys import Keys, open_keys
from core.access.passwords import hash_password
from core.access.people import People
from core.access.secrets import Secrets
from core.access.sessions import Sessions
from core.access.tokens import ALL_SCOPES, Caller, hash_token
from core.analyses import Analyses
from core.audit_log import AuditLog
from core.catalogue import Catalogue
from core.connections import Connections
from core.connectors import CHANNELS
from core.delivery.alerts.desk import Alerts
from core.delivery.artefacts import Artefacts
from core.delivery.checks import ExportCheck
from core.delivery.domains import RecipientDomains
from core.delivery.exports import Exports
from core.delivery.inbox import Inbox
from core.delivery.ledger import Ledger
from core.delivery.maker import Maker
from core.delivery.pictures import Pictures
from core.delivery.refreshes import Refreshes
from core.delivery.samples import load_samples
from core.delivery.sender import Sender
from core.delivery.sending import Sending
from core.delivery.subscribers import Subscribers
from core.delivery.subscriptions import Subscriptions
from core.delivery.triggers import Triggers
from core.invitations import Invitations
from core.model.access import Organisation, Person
from core.settings import Settings
from core.store import Store
from core.store.people import email_of, keep_token, open_organisation
from core.warehouse import Warehouse
from core.wording import Templates


@dataclass(frozen=True)
class App:
    """Everything, made for one installation. Thread-safe; close it when the process ends."""

    settings: Settings
    store: Store
    warehouse: Warehouse
    keys: Keys
    egress: Egress
    organisation: Organisation
    owner: Person
    connections: Connections
    audit: AuditLog
    tokens: ApiTokens
    catalogue: Catalogue
    analyses: Analyses
    exports: Exports
    refreshes: Refreshes
    templates: Templates
    people: People
    sessions: Sessions
    invitations: Invitations
    ledger: Ledger
    artefacts: Artefacts
    pictures: Pictures
    triggers: Triggers
    maker: Maker
    sender: Sender
    inbox: Inbox
    subscribers: Subscribers
    subscriptions: Subscriptions
    sending: Sending
    domains: RecipientDomains
    alerts: Alerts
    clock: Callable[[], datetime]

    def seen_by(self, caller: Caller) -> App:
        """The same app for somebody who acts: datasets that they may not read, and what is built on them, are unknown.

        Rights are looked up at every question, so that what is taken away is gone at once. Do not close it.
        """
        catalogue = self.catalogue.seen_by(caller)
        analyses = self.analyses.on(catalogue)
        exports = self.exports.seen_by(
            caller, ExportCheck(analyses, catalogue, self.warehouse, self.connections, self.clock)
        )
        refreshes = self.refreshes.on(catalogue)
        return replace(self, catalogue=catalogue, analyses=analyses, exports=exports, refreshes=refreshes)

    def close(self) -> None:
        """Give connections and threads back."""
        self.catalogue.close()
        self.warehouse.close()
        self.store.close()


def system_clock() -> datetime:
    """What the computer takes for now."""
    return datetime.now(UTC)


def open_app(settings: Settings, clock: Callable[[], datetime] = system_clock) -> App:
    """Open the installation in `settings.data_dir`, making it when it is not there yet.

    Several processes may call this at once. Raises SettingsError and StoreError with a sentence.
    """
    make_private(settings.data_dir)
    keys, egress = open_keys(settings), Egress(settings)
    with ExitStack() as opened:
        store = Store(settings.store_url)
        opened.callback(store.close)
        store.migrate()
        organisation, owner = _people(store, settings, clock())
        connections = Connections(store, Secrets(keys), egress, organisation.id, clock)
        audit = AuditLog(store, organisation.id, clock)
        tokens = ApiTokens(store, organisation.id, clock)
        warehouse = Warehouse(settings.warehouse_dir, threads=settings.threads, memory_limit=settings.memory_limit)
        opened.callback(warehouse.close)
        catalogue = Catalogue(store, warehouse, organisation.id, clock, private=settings.private_paths)
        opened.callback(catalogue.close)
        analyses = Analyses(store, warehouse, catalogue, organisation.id, clock)
        check = ExportCheck(analyses, catalogue, warehouse, connections, clock)
        exports = Exports(store, keys, check, organisation.id, settings.report_base_url, clock)
        refreshes = Refreshes(store, catalogue, organisation.id, clock)
        templates = Templates(store, organisation.id, clock)
        people = People(store, organisation.id, clock)
        sessions = Sessions(store, organisation.id, clock)
        invitations = Invitations(people, connections, settings.report_base_url)
        ledger = Ledger(store, organisation.id, clock, {kind: channel.retry for kind, channel in CHANNELS.items()})
        artefacts = Artefacts(settings.data_dir / "artefacts", clock)
        triggers = Triggers(store, ledger, keys, organisation.id, settings.report_base_url, clock)
        inbox = Inbox(store, organisation.id, clock)
        subscribers = Subscribers(store, keys, organisation.id, settings.report_base_url, clock)
        domains = RecipientDomains(store, organisation.id, clock)
        subscriptions = Subscriptions(store, exports, domains, organisation.id, clock)
        maker = Maker(
            store,
            catalogue,
            analyses,
            warehouse,
            templates,
            artefacts,
            ledger,
            subscribers,
            subscriptions,
            organisation.id,
            exports.address,
            connections.names,
            clock,
            is_public=not settings.is_only_local,
        )
        shown_at = settings.report_base_url if settings.has_public_https else ""
        pictures = Pictures(store, artefacts, keys, organisation.id, shown_at)
        sender = Sender(connections, artefacts, ledger, inbox, subscribers, pictures, domains)
        home = settings.data_dir / "home.id"
        sending = Sending(store, organisation.id, home, settings.sending, clock)
        alerts = Alerts(store, artefacts, organisation.id, settings.ui_base_url, clock)
        if settings.demo:
            load_samples(store, catalogue, analyses, exports, organisation.id, by=owner.id, lock_dir=settings.data_dir)
        # All is well: what was opened is closed by the App.
        opened.pop_all()
    return App(
        settings,
        store,
        warehouse,
        keys,
        egress,
        organisation,
        owner,
        connections,
        audit,
        tokens,
        catalogue,
        analyses,
        exports,
        refreshes,
        templates,
        people,
        sessions,
        invitations,
        ledger,
        artefacts,
        pictures,
        triggers,
        maker,
        sender,
        inbox,
        subscribers,
        subscriptions,
        sending,
        domains,
        alerts,
        clock,
    )


def _people(store: Store, settings: Settings, now: datetime) -> tuple[Organisation, Person]:
    with store.write() as session:
        organisation, owner = open_organisation(session, owner_email=settings.owner_email, now=now)
        if settings.owner_password is not None and owner.password_hash is None:
            _give_password(session, owner, settings.owner_email or owner.email, settings.owner_password)
        if settings.owner_token is not None:
            digest = hash_token(settings.owner_token.get_secret_value())
            keep_token(session, owner.id, OF_ENVIRONMENT, digest, ALL_SCOPES, now=now)
        return organisation, owner


def _give_password(session: Session, owner: Person, email: str, password: SecretStr) -> None:
    """The first password, from the environment. Later ones are set in the app, and stay."""
    owner.email, owner.password_hash = email_of(email), hash_password(password.get_secret_value())
    session.add(owner)
    session.flush()
