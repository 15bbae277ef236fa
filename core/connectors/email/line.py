"""The line to a mail server: opened, encrypted, signed in, and all that goes wrong on it in sentences."""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from socket import socket
from typing import IO, Any

from core.connectors.base import Account, Outside, SendError, masked
from core.errors import DeliveryError, HostRefused

PORTS = frozenset({25, 465, 587, 2525})
TIMEOUT_S = 20.0
# From the connection to the last word, however slowly bytes drip in.
WHOLE_S = 60.0
# A server may send its answer in many lines, or never stop.
MOST_ANSWER_BYTES = 65_536
GO_AHEAD = 354
"""The server waits for the message (RFC 5321, 4.2.3)."""


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
    def domain(self) -> str:
        """The sender's, as it goes over the wire: letters beyond ASCII by IDNA. Raises DeliveryError."""
        domain = parseaddr(self.sender)[1].rpartition("@")[2]
        try:
            return domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise DeliveryError(
                f"'{domain}' is no domain. Correct the address in From, such as reports@example.org.", permanent=True
            ) from None

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


def is_final(status: int) -> bool:
    """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
    return 500 <= status <= 599


@contextmanager
def open_line(mailbox: Mailbox, outside: Outside) -> Iterator[Line]:
    """A server that knows us and waits for messages. Turns all that goes wrong into sentences."""
    if mailbox.tls == "none" and not outside.allows(mailbox.host):
        raise HostRefused(
            f"Mail is not sent to '{mailbox.host}' without encryption. Choose STARTTLS or TLS, or name the host in "
            "BRIDGECAST_EGRESS_ALLOW."
        )
    with _sentences(mailbox):
        line = Line(mailbox, outside)
        try:
            if mailbox.tls == "starttls":
                line.starttls(context=outside.tls)
                line.ehlo_or_helo_if_needed()
            _sign_in(line, mailbox)
            yield line
            # All is said: whether the server takes leave too changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                line.quit()
        finally:
            line.close()


def _sign_in(line: smtplib.SMTP, mailbox: Mailbox) -> None:
    if not mailbox.user:
        return
    if not mailbox.password:
        said = f"There is a user for {mailbox.place}, but no password. Type it."
        raise SendError(said, permanent=True, pauses_connection=True, error_class="auth")
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
        final = is_final(error.smtp_code)
        raise SendError(
            f"{mailbox.place} refused user '{mailbox.user}': {error.smtp_code} {mailbox.said(error.smtp_error)}. "
            "Correct user and password.",
            permanent=final,
            pauses_connection=final,
            error_class="auth",
            status=error.smtp_code,
        ) from None


@contextmanager
def _sentences(mailbox: Mailbox) -> Iterator[None]:
    """What the mail library raises, as DeliveryError."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise _nobody_taken(mailbox, error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(f"{mailbox.place}: {not_offered(error)}", permanent=True) from None
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


def not_offered(error: smtplib.SMTPNotSupportedError) -> str:
    """What the server cannot do, and what to do about it."""
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


class Line(smtplib.SMTP):
    """The library's client on a socket of the door, reading so much of an answer and no more.

    said: the server's last words. is_underway: a message was begun and not answered yet, so nobody knows its fate.
    begin: is called once, right before the first message.
    """

    def __init__(self, mailbox: Mailbox, outside: Outside) -> None:
        self._mailbox, self._outside = mailbox, outside
        self.said, self.is_underway = b"", False
        self.begin: Callable[[], None] | None = None
        super().__init__(mailbox.host, mailbox.port, local_hostname=mailbox.domain, timeout=TIMEOUT_S)

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

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand over a message."""
        if self.begin is not None:
            self.begin()
            self.begin = None
        return super().data(msg)

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.left = MOST_ANSWER_BYTES
        code, self.said = super().getreply()
        self.is_underway = code == GO_AHEAD
        return code, self.said


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
