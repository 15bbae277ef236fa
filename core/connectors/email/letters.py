"""Mails as they travel: a report's message with its pictures and files, addressed to its recipients."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, formatdate, getaddresses, make_msgid, parseaddr
from hashlib import blake2b

from core.connectors.base import File, Parcel
from core.connectors.email.line import Mailbox
from core.errors import DeliveryError

UNSUBSCRIBE = "https://unsubscribe.invalid/"
"""Stands in a message for the address by which its recipient leaves."""


@dataclass(frozen=True)
class Letter:
    """A mail and those of its recipients who are still to get it, as the delivery names them."""

    mail: EmailMessage
    recipients: tuple[str, ...]

    @property
    def addresses(self) -> list[str]:
        """The recipients as the mail server takes them."""
        return [parseaddr(recipient)[1] for recipient in self.recipients]


def letters(parcel: Parcel, mailbox: Mailbox, done: Collection[str]) -> Iterator[Letter]:
    """The mails of a delivery: one for each recipient, or one for all. done: who got theirs at an earlier try."""
    left = [recipient for recipient in parcel.recipients if recipient not in done]
    if parcel.settings.get("mode") == "all":
        if left:
            yield Letter(_to_all(parcel, mailbox), tuple(left))
        return
    for recipient in left:
        yield Letter(_to_one(parcel, mailbox, recipient), (recipient,))


def address(message: EmailMessage, mailbox: Mailbox) -> None:
    """Add what every message needs. Raises DeliveryError when nobody is to get it."""
    if not any(address for _, address in getaddresses([str(message.get(to, "")) for to in ("To", "Cc", "Bcc")])):
        raise DeliveryError("The message has no recipient. Name one.", permanent=True)
    own = {
        "From": mailbox.sender,
        "Reply-To": mailbox.reply_to,
        "Date": formatdate(),
        "Message-ID": make_msgid(domain=mailbox.domain),
    }
    for name, value in own.items():
        if value and name not in message:
            message[name] = value


def _to_one(parcel: Parcel, mailbox: Mailbox, recipient: str) -> EmailMessage:
    """The mail of one recipient, who may leave by an address of their own."""
    is_alone = len(_everybody(parcel)) <= 1
    own = "" if is_alone else f".{blake2b(recipient.lower().encode(), digest_size=6).hexdigest()}"
    bare = parseaddr(recipient)[1]
    leave = parcel.leave(bare) if UNSUBSCRIBE in str(parcel.message["html"]) else ""
    mail = _mail(_left(parcel, bare), mailbox, own, leave)
    mail["To"] = recipient
    # One click can end one report: of several, each has its own link in the mail.
    if leave and not parcel.also:
        mail["List-Unsubscribe"] = f"<{leave}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail


def _left(parcel: Parcel, bare: str) -> Parcel:
    """The parcel with the recipient's own addresses by which its further reports are left."""
    message = dict(parcel.message)
    for stands_for, leave in parcel.also.items():
        for form in ("text", "html"):
            message[form] = str(message[form]).replace(stands_for, leave(bare))
    return replace(parcel, message=message)


def _to_all(parcel: Parcel, mailbox: Mailbox) -> EmailMessage:
    """The mail that all get, whoever is still to be served. Those in `bcc` are not named."""
    mail = _mail(parcel, mailbox, "", "")
    for name in ("to", "cc"):
        if named := _named(parcel, name):
            mail[name.capitalize()] = ", ".join(named)
    if "To" not in mail and "Cc" not in mail:
        mail["To"] = "undisclosed-recipients:;"
    return mail


def _everybody(parcel: Parcel) -> list[str]:
    return [address for name in ("to", "cc", "bcc") for address in _named(parcel, name)]


def _named(parcel: Parcel, name: str) -> Sequence[str]:
    return [str(address) for address in parcel.settings.get(name) or ()]


def _mail(parcel: Parcel, mailbox: Mailbox, own: str, leave: str) -> EmailMessage:
    """The message, not addressed yet: mixed(alternative(plain, related(html, pictures)), files).

    Its id is the delivery's, so that a repeat is known by it; own: what sets it apart from those to other recipients.
    """
    mail = EmailMessage()
    message_id = f"{parcel.delivery_id}{own}@{mailbox.domain}"
    mail["Subject"] = str(parcel.message["subject"])
    mail["From"] = mailbox.sender
    if mailbox.reply_to:
        mail["Reply-To"] = mailbox.reply_to
    mail["Date"] = format_datetime(parcel.at.astimezone(UTC))
    mail["Message-ID"] = f"<{message_id}>"
    # Machines that are away do not answer machines (RFC 3834; the second is Exchange's).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail.set_content(_text(parcel, "text", leave), cte="quoted-printable")
    _add_html(mail, parcel, message_id, leave)
    for file in parcel.files:
        if file.name in parcel.message.get("attachments", ()):
            main, _, sub = file.media_type.partition(";")[0].partition("/")
            mail.add_attachment(file.path.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return mail


def _add_html(mail: EmailMessage, parcel: Parcel, message_id: str, leave: str) -> None:
    """The HTML with the pictures that it names, whose ids are made this mail's own."""
    html, pictures = _text(parcel, "html", leave), [file for file in parcel.files if file.content_id]
    for picture in pictures:
        html = html.replace(f'cid:{picture.content_id}"', f'cid:{picture.content_id}.{message_id}"')
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    (_plain, part) = mail.iter_parts()
    for picture in pictures:
        _add_picture(part, picture, f"<{picture.content_id}.{message_id}>")


def _add_picture(part: MIMEPart, picture: File, content_id: str) -> None:
    main, _, sub = picture.media_type.partition("/")
    part.add_related(
        picture.path.read_bytes(),
        maintype=main,
        subtype=sub,
        cid=content_id,
        filename=picture.name,
        disposition="inline",
    )


def _text(parcel: Parcel, form: str, leave: str) -> str:
    """A part of the message with the recipient's own address to leave by, or without the line that offers it."""
    text = str(parcel.message[form])
    if leave:
        return text.replace(UNSUBSCRIBE, leave)
    return "\n".join(line for line in text.split("\n") if UNSUBSCRIBE not in line)
