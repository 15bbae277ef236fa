"""One-time links to people: by mail where a mail connection is kept, else to be handed on by whoever made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

from core.access.people import WORKS_FOR, LinkKind, People
from core.connections import Connections
from core.errors import BridgecastError
from core.model.access import Person

SUBJECTS: dict[LinkKind, str] = {"invite": "You are invited to Bridgecast", "reset": "Your new Bridgecast password"}
TEXTS: dict[LinkKind, str] = {
    "invite": "Hello {name},\n\nyou were invited to Bridgecast as {role}. Choose a password to come in:\n\n{url}\n\n",
    "reset": "Hello {name},\n\nhere you set a new password for Bridgecast:\n\n{url}\n\n",
}
END = "The link works once, for {time}. If you did not expect this mail, leave it alone: nothing happens without you.\n"


@dataclass(frozen=True)
class Invitation:
    """A link that was made. is_mailed: the person has it; else `problem` says why not, if there is a reason."""

    url: str
    works_for: timedelta
    is_mailed: bool = False
    problem: str = ""

    @property
    def time(self) -> str:
        """How long it works: "7 days", "2 hours"."""
        hours = round(self.works_for.total_seconds() / 3600)
        return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


@dataclass(frozen=True)
class Invitations:
    """Makes links and sends them."""

    people: People
    connections: Connections
    base_url: str

    def make(self, person: Person, kind: LinkKind) -> Invitation:
        """A new link for a person; older ones no longer work."""
        return Invitation(f"{self.base_url}/welcome/{self.people.make_link(person.id, kind)}", WORKS_FOR[kind])

    def send(self, person: Person, kind: LinkKind) -> Invitation:
        """`make` a link and mail it. A mail that cannot be sent leaves the link good."""
        made = self.make(person, kind)
        if self.connections.mailer() is None:
            return made
        try:
            refused = self.connections.send_mail(_message(person, kind, made))
        except BridgecastError as error:
            return Invitation(made.url, made.works_for, problem=str(error))
        return Invitation(made.url, made.works_for, is_mailed=not refused, problem=" ".join(refused.values()))

    def reset(self, email: str) -> None:
        """Mail a link to whoever has that address; nothing happens when nobody has, or no mail can be sent."""
        person = self.people.find(email)
        if person is not None and self.connections.mailer() is not None:
            self.send(person, "reset" if person.password_hash else "invite")


def _message(person: Person, kind: LinkKind, made: Invitation) -> EmailMessage:
    message = EmailMessage()
    message["To"] = person.email
    message["Subject"] = SUBJECTS[kind]
    text = TEXTS[kind].format(name=person.name, role=person.role, url=made.url)
    message.set_content(text + END.format(time=made.time))
    return message
