"""The connector of kind "email": hands messages to a mail server and tells what became of each recipient."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr

from core.connectors.base import (
    Account,
    Check,
    Field,
    Outside,
    Parcel,
    Receipt,
    RecipientState,
    RetryRule,
    SendError,
    error_class_of,
)
from core.connectors.email.letters import Letter, address, letters
from core.connectors.email.line import Line, Mailbox, is_final, not_offered, open_line
from core.errors import DeliveryError

TLS_WORDS = {"none": "without encryption", "starttls": "by STARTTLS", "tls": "by TLS"}
MODES = {"each": "One mail for each", "all": "One mail for all"}
BEGINS_S = 40.0
"""So long after the first mail of a try another one is begun; the rest follows with the next try."""
MINUTE, HOUR = 60.0, 3_600.0


class Email:
    """The connector of kind "email"."""

    kind = "email"
    label = "E-mail (SMTP)"
    fields = (
        Field("host", "Mail server", "host", is_needed=True, placeholder="smtp.example.org", binds_secrets=True),
        Field("port", "Port", "port", default=587, help="587 for STARTTLS, 465 for TLS"),
        Field(
            "tls",
            "Encryption",
            "choice",
            default="starttls",
            choices={"starttls": "STARTTLS", "tls": "TLS", "none": "None"},
            help="None only for hosts that the operator named in BRIDGECAST_EGRESS_ALLOW",
        ),
        Field("user", "User", placeholder="reports@example.org", help="Empty when the server asks for none"),
        Field("password", "Password", "secret"),
        Field(
            "from",
            "From",
            "address",
            is_needed=True,
            placeholder="Reports <reports@example.org>",
            help="The sender that recipients see",
        ),
        Field("reply_to", "Reply to", "address", placeholder="team@example.org", help="Where answers go"),
        Field("is_default", "Send invitations and password resets with it", "switch", default=False),
    )
    destination_fields = (
        Field("to", "To", "addresses", is_needed=True, placeholder="anna@example.org"),
        Field("cc", "Cc", "addresses"),
        Field("bcc", "Bcc", "addresses"),
        Field(
            "mode",
            "Mails",
            "choice",
            default="each",
            choices=MODES,
            help="One for each: nobody sees who else gets it, and each may leave by a link of their own",
        ),
        Field(
            "bundle",
            "Join reports that are due in the same ten minutes into one mail",
            "switch",
            default=False,
            help="For the same recipients; not where one mail goes to all",
        ),
    )
    # Greylisting wants more than five minutes in all.
    retry = RetryRule(
        delays_s=(MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR),
        deadline_s=6 * HOUR,
        total_s=60.0,
    )

    def check(self, account: Account, outside: Outside) -> Check:
        """Connect, encrypt, sign in, and ask for an OK."""
        mailbox = Mailbox.of(account)
        try:
            with open_line(mailbox, outside) as line:
                code, answer = line.noop()
        except DeliveryError as error:
            return Check(ok=False, text=str(error))
        signed_in = f", signed in as {mailbox.user}" if mailbox.user else ""
        came_back = f"{code} {mailbox.said(answer)}"
        if code != 250:
            return Check(ok=False, text=f"Connected to {mailbox.place}{signed_in}, but it answered {came_back}.")
        how = TLS_WORDS[mailbox.tls]
        return Check(ok=True, text=f"Connected to {mailbox.place} {how}{signed_in}. It answered {came_back}.")

    def post(self, account: Account, outside: Outside, message: EmailMessage) -> Mapping[str, str]:
        """Send one message, with the connection's sender where it names none.

        Returns the recipients that the server refused while it took others, with its words. Raises DeliveryError.
        """
        mailbox = Mailbox.of(account)
        address(message, mailbox)
        with open_line(mailbox, outside) as line:
            refused = line.send_message(message, from_addr=parseaddr(mailbox.sender)[1])
        return {address: f"{code} {mailbox.said(answer)}" for address, (code, answer) in refused.items()}

    def send(self, account: Account, outside: Outside, parcel: Parcel) -> Receipt:
        """Send a delivery to whom it has not reached yet. Raises SendError with what became of each recipient."""
        mailbox = Mailbox.of(account)
        round_ = _Round(mailbox, parcel)
        try:
            with open_line(mailbox, outside) as line:
                round_.carry(line)
        except DeliveryError as error:
            raise round_.broken(error) from None
        return round_.receipt()

    def is_final(self, status: int) -> bool:
        """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
        return is_final(status)


@dataclass
class _Round:
    """One try: what became of each recipient so far. line: the one in use."""

    mailbox: Mailbox
    parcel: Parcel
    line: Line | None = None
    told: dict[str, tuple[RecipientState, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        done = self.parcel.cursor.get("sent", {})
        self.told = {one: ("succeeded", done[one]) for one in self.parcel.recipients if one in done}

    def carry(self, line: Line) -> None:
        """Hand over one mail after the other. Those for which this try has no time left stay for the next one."""
        self.line, line.begin, began = line, self.parcel.begin, time.monotonic()
        for letter in letters(self.parcel, self.mailbox, self.told):
            if time.monotonic() - began > BEGINS_S:
                self._tell(letter.recipients, "retry", "not begun yet: the mail server is slow")
                continue
            self._hand_over(line, letter)
            self._keep()

    def _hand_over(self, line: Line, letter: Letter) -> None:
        sender = parseaddr(self.mailbox.sender)[1]
        try:
            refused = line.send_message(letter.mail, from_addr=sender, to_addrs=letter.addresses)
        except smtplib.SMTPRecipientsRefused as error:
            # Nobody got it. Whom the server did not judge, because it hung up (421), stays for the next try.
            self._judge(letter, error.recipients, is_sent=False)
            if line.sock is None:
                raise
        except smtplib.SMTPDataError as error:
            answer = (error.smtp_code, error.smtp_error)
            self._judge(letter, dict.fromkeys(letter.addresses, answer), is_sent=False)
            if line.sock is None:
                raise
        except smtplib.SMTPNotSupportedError as error:
            self._tell(letter.recipients, "failed", not_offered(error))
        else:
            self._judge(letter, refused, is_sent=True)

    def _judge(self, letter: Letter, refused: Mapping[str, tuple[int, bytes | str]], *, is_sent: bool) -> None:
        for recipient, own in zip(letter.recipients, letter.addresses, strict=True):
            if own in refused:
                code, words = refused[own]
                state: RecipientState = "failed" if is_final(code) else "retry"
                self._tell((recipient,), state, f"{code} {self.mailbox.said(words)}")
            elif is_sent and self.line is not None:
                self._tell((recipient,), "succeeded", f"250 {self.mailbox.said(self.line.said)}")

    def _tell(self, recipients: tuple[str, ...], state: RecipientState, answer: str) -> None:
        self.told.update(dict.fromkeys(recipients, (state, answer)))

    def _keep(self) -> None:
        """Write down who got theirs, so that a try after a crash does not write to them again."""
        sent = {one: answer for one, (state, answer) in self.told.items() if state == "succeeded"}
        if sent and len(self.parcel.recipients) > 1:
            self.parcel.keep({"sent": sent})

    def receipt(self) -> Receipt:
        """The end of a try that came to its end. Raises SendError when nobody was served."""
        states = {state for state, _ in self.told.values()}
        if "succeeded" in states or not states:
            return Receipt(request=self._request(), response=self._response(), recipients=self.told)
        named = ", ".join(f"{one} ({answer})" for one, (_, answer) in self.told.items())
        raise SendError(
            f"{self.mailbox.place} took nobody: {named}.",
            permanent=states == {"failed"},
            error_class="recipients" if states == {"failed"} else "not yet",
            request=self._request(),
            response=self._response(),
            recipients=self.told,
        )

    def broken(self, error: DeliveryError) -> SendError:
        """A try that ended early. What was under way may have arrived."""
        if isinstance(error, SendError):
            return error
        is_unknown = self.line is not None and self.line.is_underway
        kind = error_class_of(error, is_lost=is_unknown)
        served = any(state == "succeeded" for state, _ in self.told.values())
        return SendError(
            str(error),
            permanent=error.permanent and not is_unknown and not served,
            is_unknown=is_unknown,
            error_class=kind,
            request=self._request(),
            response=self._response(),
            recipients=self.told,
        )

    def _request(self) -> str:
        subject, who = str(self.parcel.message["subject"]), ", ".join(self.parcel.recipients)
        return f"mail {self.parcel.delivery_id} to {who}: {subject}"[:1_000]

    def _response(self) -> str:
        return "; ".join(f"{one}: {answer}" for one, (_, answer) in self.told.items())[:1_000]
