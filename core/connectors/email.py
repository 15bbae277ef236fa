"""Mail by SMTP: signs in at a mail server and hands it messages."""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid, parseaddr
from socket import socket
from typing import IO, Any

from core.connectors.base import Account, Check, Field, Outside, masked
from core.errors import DeliveryError, HostRefused

PORTS = frozenset({25, 465, 587, 2525})
TIMEOUT_S = 20.0
# From the connection to the last word, however slowly bytes drip in.
WHOLE_S = 300.0
# A server may send its answer in many lines, or never stop.
MOST_ANSWER_BYTES = 65_536
UNSUBSCRIBE = "https://unsubscribe.invalid/"
"""Stands in a message for the address by which its recipient leaves."""
TLS_WORDS = {"none": "without encryption", "starttls": "by STARTTLS", "tls": "by TLS"}


@dataclass(frozen=True)
class Mailbox:
    """The settings of a mail connection, typed."""

    host: str
    port: int
    tls: str
    user: str
    sender: str
    reply_to: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, account: Account) -> Mailbox:
        """Read from an account whose settings were checked."""
        given = account.settings
        return cls(
            host=str(given["host"]),
            port=int(str(given["port"] or 587)),
            tls=str(given["tls"]),
            user=str(given["user"] or ""),
            sender=str(given["from"]),
            reply_to=str(given["reply_to"] or ""),
            password=account.secrets.get("password", ""),
        )

    @property
    def place(self) -> str:
        """Where it is, for sentences."""
        return f"{self.host}, port {self.port}"

    def said(self, answer: bytes | str) -> str:
        """What the server said, without the password it may have repeated."""
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        plain = f"\0{self.user}\0{self.password}".encode()
        login = [b64encode(plain).decode(), b64encode(self.password.encode()).decode()] if self.password else []
        return masked(text, [self.password, *login])


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

    def check(self, account: Account, outside: Outside) -> Check:
        """Connect, encrypt, sign in, and ask for an OK."""
        mailbox = Mailbox.of(account)
        try:
            with _open(mailbox, outside) as line:
                code, answer = line.noop()
        except DeliveryError as error:
            return Check(ok=False, text=str(error))
        signed_in = f", signed in as {mailbox.user}" if mailbox.user else ""
        came_back = f"{code} {mailbox.said(answer)}"
        if code != 250:
            return Check(ok=False, text=f"Connected to {mailbox.place}{signed_in}, but it answered {came_back}.")
        how = TLS_WORDS[mailbox.tls]
        return Check(ok=True, text=f"Connected to {mailbox.place} {how}{signed_in}. It answered {came_back}.")

    def send(self, account: Account, outside: Outside, message: EmailMessage) -> Mapping[str, str]:
        """Send one message, with the connection's sender where it names none.

        Returns the recipients that the server refused while it took others, with its words. Raises DeliveryError.
        """
        mailbox = Mailbox.of(account)
        _address(message, mailbox)
        with _open(mailbox, outside) as line:
            refused = line.send_message(message, from_addr=parseaddr(mailbox.sender)[1])
        return {address: f"{code} {mailbox.said(answer)}" for address, (code, answer) in refused.items()}

    def is_final(self, status: int) -> bool:
        """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
        return is_final(status)


def is_final(status: int) -> bool:
    """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
    return 500 <= status <= 599


def _address(message: EmailMessage, mailbox: Mailbox) -> None:
    """Add what every message needs. Raises DeliveryError when nobody is to get it."""
    if not any(address for _, address in getaddresses([str(message.get(to, "")) for to in ("To", "Cc", "Bcc")])):
        raise DeliveryError("The message has no recipient. Name one.", permanent=True)
    own = {
        "From": mailbox.sender,
        "Reply-To": mailbox.reply_to,
        "Date": formatdate(),
        "Message-ID": make_msgid(domain=_domain(mailbox)),
    }
    for name, value in own.items():
        if value and name not in message:
            message[name] = value


def _domain(mailbox: Mailbox) -> str:
    """The sender's, as it goes over the wire: letters beyond ASCII by IDNA."""
    domain = parseaddr(mailbox.sender)[1].rpartition("@")[2]
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise DeliveryError(
            f"'{domain}' is no domain. Correct the address in From, such as reports@example.org.", permanent=True
        ) from None


@contextmanager
def _open(mailbox: Mailbox, outside: Outside) -> Iterator[smtplib.SMTP]:
    """A server that knows us and waits for messages. Turns all that goes wrong into sentences."""
    if mailbox.tls == "none" and not outside.allows(mailbox.host):
        raise HostRefused(
            f"Mail is not sent to '{mailbox.host}' without encryption. Choose STARTTLS or TLS, or name the host in "
            "BRIDGECAST_EGRESS_ALLOW."
        )
    with _sentences(mailbox):
        line = _Line(mailbox, outside)
        try:
            if mailbox.tls == "starttls":
                line.starttls(context=outside.tls)
                line.ehlo_or_helo_if_needed()
            _sign_in(line, mailbox)
            yield line
            line.quit()
        finally:
            line.close()


def _sign_in(line: smtplib.SMTP, mailbox: Mailbox) -> None:
    if not mailbox.user:
        return
    if not mailbox.password:
        raise DeliveryError(f"There is a user for {mailbox.place}, but no password. Type it.", permanent=True)
    try:
        line.login(mailbox.user, mailbox.password)
    except UnicodeError:
        raise DeliveryError(
            f"{mailbox.place} takes no user or password with letters beyond ASCII. Choose others there.", permanent=True
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryError(
            f"{mailbox.place} does not let anybody sign in this way. Choose STARTTLS or TLS, or leave the user empty.",
            permanent=True,
        ) from None
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError(
            f"{mailbox.place} refused user '{mailbox.user}': {error.smtp_code} {mailbox.said(error.smtp_error)}. "
            "Correct user and password.",
            permanent=is_final(error.smtp_code),
        ) from None


@contextmanager
def _sentences(mailbox: Mailbox) -> Iterator[None]:
    """What the mail library raises, as DeliveryError."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise _nobody_taken(mailbox, error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(f"{mailbox.place}: {_not_offered(error)}", permanent=True) from None
    except smtplib.SMTPResponseException as error:
        code, said = error.smtp_code, mailbox.said(error.smtp_error)
        advice = "Look at the server's log." if is_final(code) else "Try again later."
        raise DeliveryError(f"{mailbox.place} answered {code} {said}. {advice}", permanent=is_final(code)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"{mailbox.place} {_broken(error, mailbox)}") from None


def _nobody_taken(mailbox: Mailbox, error: smtplib.SMTPRecipientsRefused) -> DeliveryError:
    refused = [f"{address} ({code} {mailbox.said(answer)})" for address, (code, answer) in error.recipients.items()]
    is_permanent = all(is_final(code) for code, _ in error.recipients.values())
    return DeliveryError(f"{mailbox.place} refused every recipient: {', '.join(refused)}.", permanent=is_permanent)


def _not_offered(error: smtplib.SMTPNotSupportedError) -> str:
    if "STARTTLS" in str(error):
        return "the server offers no STARTTLS. Choose TLS, mostly on port 465, or another server."
    return "the server takes no addresses with letters beyond ASCII. Write them in ASCII, or choose another server."


def _broken(error: Exception, mailbox: Mailbox) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"showed a certificate that is not trusted: {error.verify_message}. Correct the host, or its certificate."
        )
    if isinstance(error, ssl.SSLError) and mailbox.tls == "tls":
        return "does not begin with TLS. Choose STARTTLS, mostly on port 587."
    if isinstance(error, ssl.SSLError):
        return "could not agree on an encryption. Look at the server's log."
    # The door's own words for it; the mail library keeps nothing but words.
    if "as a whole" in str(error):
        return f"was not done within {WHOLE_S:g} s. Try again later; if it stays, look at the server's log."
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"did not answer within {TIMEOUT_S:g} s. Look at port and encryption: TLS is mostly on port 465."
    return "ended the connection. Look at port and encryption, and at the server's log."


class _Line(smtplib.SMTP):
    """The library's client on a socket of the door, reading so much of an answer and no more."""

    def __init__(self, mailbox: Mailbox, outside: Outside) -> None:
        self._mailbox, self._outside = mailbox, outside
        super().__init__(mailbox.host, mailbox.port, local_hostname=_domain(mailbox), timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        line = self._outside.connect(host, port, usual_ports=PORTS, timeout_s=timeout, whole_s=WHOLE_S)
        if self._mailbox.tls != "tls":
            return line
        try:
            return self._outside.tls.wrap_socket(line, server_hostname=host)
        except OSError:
            line.close()
            raise

    def auth(self, mechanism: str, authobject: Any, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        """Sign in by UTF-8 (RFC 4616), where the library would have ASCII alone."""

        def said(challenge: bytes | None = None, /) -> Any:
            answer = authobject(challenge)
            return None if answer is None else _Utf8(answer)

        return super().auth(mechanism, said, initial_response_ok=initial_response_ok)

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.left = MOST_ANSWER_BYTES
        return super().getreply()


class _Utf8(str):
    """A text that is UTF-8 whatever is asked for."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Its bytes."""
        return super().encode("utf-8", errors)


class _Bounded:
    """Lines of an answer, until too many bytes of them have come."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.left = file, MOST_ANSWER_BYTES

    def readline(self, most_bytes: int) -> bytes:
        """The next line; an end of file when the answer is too long."""
        line = self._file.readline(min(most_bytes, self.left))
        self.left -= len(line)
        return line

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
