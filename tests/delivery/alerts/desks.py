"""An installation with an export to a webhook, and what people are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import select

from core.app import App
from core.connectors.base import Receipt, SendError
from core.delivery.work import Claim
from core.model.delivery import ExportSpec
from core.model.runs import InboxCard, Run
from tests.delivery.ledgers import Clock


@dataclass
class Desk:
    """The app under a clock that is moved, its export, and its only mail connection where there is one."""

    app: App
    clock: Clock
    hook: str
    export_id: str = ""
    post: str = ""

    def export(self, name: str = "Morning", **changes: Any) -> str:
        """A new export to the webhook; its id, kept as the one that `ask` starts."""
        spec = {
            "name": name,
            "content": {"kind": "report", "analysis": "revenue"},
            "destinations": [{"kind": "webhook", "connection": self.hook}],
            "triggers": [{"kind": "url"}],
            **changes,
        }
        self.export_id = self.app.exports.create(ExportSpec.model_validate(spec), by=self.app.owner.id).id
        return self.export_id

    def mailer(self, name: str = "Post") -> str:
        settings = {"host": "mail.example.org", "from": "reports@example.org"}
        self.post = self.app.connections.create("email", name, settings, by=self.app.owner.id).id
        return self.post

    def ask(self) -> str:
        """A run of the export, made and not sent; its id."""
        run_id = self.app.triggers.start(self.export_id, by=self.app.owner.id, how="hand").run_id
        while (build := self.app.ledger.claim_build()) is not None:
            self.app.ledger.built(build, self.app.maker.make(build))
        return run_id

    def claim(self, run_id: str) -> Claim:
        """The delivery of a run that is sent, also while its destination is left alone."""
        (row,) = (row for row in self.app.ledger.run(run_id).deliveries if row.kind != "link")
        if row.destination_id in {circuit.id for circuit in self.app.ledger.circuits()}:
            self.app.ledger.switch_on(row.destination_id)
        claim = self.app.ledger.claim_delivery(row.id)
        assert claim is not None
        return claim

    def fail(self, text: str = "hooks.example.org answered 400.", error_class: str = "http 400", **said: Any) -> str:
        """A run that fails for good; its id."""
        run_id = self.ask()
        error = SendError(text, permanent=True, error_class=error_class, **said)
        self.app.ledger.send_failed(self.claim(run_id), error)
        return run_id

    def succeed(self) -> str:
        run_id = self.ask()
        self.app.ledger.sent(self.claim(run_id), Receipt(status=200))
        return run_id

    def beat(self) -> int:
        """One look, a second after the last one."""
        self.clock.forward(seconds=1)
        return self.app.alerts.beat()

    def cards(self, person_id: str = "") -> list[str]:
        """Titles of somebody's cards, the oldest first."""
        return [card.title for card in reversed(self.inbox(person_id))]

    def inbox(self, person_id: str = "") -> list[InboxCard]:
        return self.app.inbox.of(person_id or self.app.owner.id)

    def messages(self) -> list[Run]:
        """The runs by which something is told, the oldest first."""
        with self.app.store.read() as session:
            query = select(Run).where(Run.subject_kind == "alert").order_by(Run.created_at)  # type: ignore[arg-type]
            return list(session.exec(query))

    def mails(self) -> list[tuple[str, str]]:
        """Recipient and subject of each mail, the oldest first."""
        return [
            (delivery.name, run.name)
            for run in self.messages()
            for delivery in self.app.ledger.run(run.id).deliveries
            if delivery.kind == "email"
        ]
