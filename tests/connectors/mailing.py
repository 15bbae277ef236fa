"""A mail server in this process, which keeps what it is given and refuses what it is told to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import create_connection
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROPPED = "the line, after the message was taken"
USER, PASSWORD = "reports", "correct horse battery"


@dataclass
class Post:
    """What came in, and what is answered. answers: by command ("MAIL", "RCPT", "DATA", "NOOP") or recipient."""

    answers: dict[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    port: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(e.original_content, policy=policy.default) for e in self.envelopes]  # type: ignore[arg-type,misc]

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.answers.get(address, self.answers.get("RCPT", "250 OK"))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        answer = self.answers.get("DATA", "250 Taken")
        if answer.startswith("250") or answer == DROPPED:
            self.envelopes.append(envelope)
        if answer == DROPPED:
            server.transport.abort()
        return answer

    async def handle_NOOP(self, _server: SMTP, _session: Session, _envelope: Envelope, _argument: str) -> str:
        return self.answers.get("NOOP", "250 OK")


@contextmanager
def mail_server(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    sign_in: bool = False,
    login: tuple[str, str] = (USER, PASSWORD),
    utf8: bool = True,
    **answers: str,
) -> Iterator[Post]:
    """Speaks TLS from the beginning (`tls`), or when asked to (`starttls`). sign_in: only for `login`.

    An answer to AUTH may hold {password}: what was given.
    """
    post = Post(answers=answers)

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        is_right = (given.login, given.password) == (login[0].encode(), login[1].encode())
        refusal = answers.get("AUTH", "535 5.7.8 Authentication credentials invalid")
        return AuthResult(
            success=is_right,
            handled=False,
            message=None if is_right else refusal.format(password=given.password.decode()),
        )

    class Server(Controller):
        def _trigger_server(self) -> None:
            assert self.server is not None
            self.port = self.server.sockets[0].getsockname()[1]
            with create_connection((self.hostname, self.port), 60) as line:
                if tls is None:
                    line.recv(1)

    server = Server(
        post,
        hostname="127.0.0.1",
        port=0,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=authenticate if sign_in else None,
        auth_required=sign_in and starttls is not None,
        auth_require_tls=tls is None,
        enable_SMTPUTF8=utf8,
        ready_timeout=60.0,
    )
    server.start()
    post.port = server.port
    try:
        yield post
    finally:
        server.stop()
