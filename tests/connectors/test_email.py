from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from core.access.egress import Egress
from core.connectors.base import Account, Check, Value, checked_settings
from core.connectors.email import Email
from core.errors import DeliveryError
from core.settings import Settings
from tests.access.servers import dripping_server
from tests.connectors.mailing import PASSWORD, USER, mail_server
from tests.tls import Certificates, make_certificates

HOST = "mail.test"
Try = Callable[..., Check]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), HOST)


def outside(allow: str = HOST, tls: ssl.SSLContext | None = None) -> Egress:
    """A door that finds every name on loopback."""

    def resolve(_name: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    return Egress(Settings(egress_allow=allow, demo=False), resolve=resolve, tls=tls)


def account(port: int, *, password: str = "", **changes: Value) -> Account:
    given = {"host": HOST, "port": port, "tls": "none", "from": "Reports <reports@example.org>", **changes}
    return Account(checked_settings(Email.fields, given), {"password": password} if password else {})


def letter(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"To": "anna@example.org", "Subject": "Umsätze"} | headers).items():
        message[name] = value
    message.set_content("Revenue fell.")
    return message


def test_a_check_says_what_was_tried_and_what_came_back(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.serving, sign_in=True) as post:
        own = account(post.port, tls="starttls", user=USER, password=PASSWORD)
        check = Email().check(own, outside(tls=certificates.trusting))
    assert check == Check(
        ok=True, text=f"Connected to {HOST}, port {post.port} by STARTTLS, signed in as {USER}. It answered 250 OK."
    )


def test_tls_from_the_beginning_works_too(certificates: Certificates) -> None:
    with mail_server(tls=certificates.serving, sign_in=True) as post:
        own = account(post.port, tls="tls", user=USER, password=PASSWORD)
        check = Email().check(own, outside(tls=certificates.trusting))
    assert "by TLS, signed in" in check.text
    assert check.ok


def test_a_host_that_the_operator_named_may_be_spoken_to_without_encryption() -> None:
    with mail_server() as post:
        assert Email().check(account(post.port), outside()).ok


def test_without_encryption_nobody_else_is_spoken_to() -> None:
    check = Email().check(account(25), outside(allow="127.0.0.1"))
    assert not check.ok
    assert "is not sent to 'mail.test' without encryption. Choose STARTTLS" in check.text


def test_a_server_on_a_private_address_is_refused() -> None:
    check = Email().check(account(587, tls="starttls"), outside(allow=""))
    assert "'mail.test' (127.0.0.1) is not called: it is this computer" in check.text


def test_another_port_than_those_of_mail_is_refused() -> None:
    assert "Port 6379" in Email().check(account(6379, tls="starttls"), outside(allow="")).text


def test_a_server_without_starttls_is_refused_before_the_password_is_sent() -> None:
    with mail_server(sign_in=True) as post:
        check = Email().check(account(post.port, tls="starttls", user=USER, password=PASSWORD), outside())
    assert "offers no STARTTLS. Choose TLS" in check.text


def test_a_certificate_that_nobody_trusts_is_told(certificates: Certificates) -> None:
    for tls in ("starttls", "tls"):
        with mail_server(**{tls: certificates.serving}) as post:
            check = Email().check(account(post.port, tls=tls), outside())
        assert "showed a certificate that is not trusted: unable to get local issuer" in check.text


def test_a_certificate_of_another_host_is_told(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.serving) as post:
        own = account(post.port, host="other.test", tls="starttls")
        check = Email().check(own, outside(allow="other.test", tls=certificates.trusting))
    assert "Hostname mismatch" in check.text


def test_tls_at_a_port_that_begins_without_it_is_told() -> None:
    with mail_server() as post:
        check = Email().check(account(post.port, tls="tls"), outside())
    assert "does not begin with TLS. Choose STARTTLS" in check.text


def test_a_wrong_password_is_told_with_the_server_s_words(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.serving, sign_in=True) as post:
        own = account(post.port, tls="starttls", user=USER, password="wrong")
        check = Email().check(own, outside(tls=certificates.trusting))
    assert "refused user 'reports': 535 5.7.8 Authentication credentials invalid. Correct user and" in check.text


def test_a_server_that_repeats_the_password_is_not_quoted_with_it(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.serving, sign_in=True, AUTH="535 no such password: hunter2hunter2") as post:
        own = account(post.port, tls="starttls", user=USER, password="hunter2hunter2")
        check = Email().check(own, outside(tls=certificates.trusting))
    assert "535 no such password: ***." in check.text


def test_a_user_without_a_password_is_told(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.serving) as post:
        check = Email().check(account(post.port, tls="starttls", user=USER), outside(tls=certificates.trusting))
    assert "but no password. Type it." in check.text


def test_a_server_that_lets_nobody_sign_in_is_told() -> None:
    with mail_server() as post:
        check = Email().check(account(post.port, user=USER, password=PASSWORD), outside())
    assert "does not let anybody sign in this way" in check.text


def test_an_answer_other_than_ok_is_told() -> None:
    with mail_server(NOOP="421 Going down") as post:
        check = Email().check(account(post.port), outside())
    assert (check.ok, "but it answered 421 Going down." in check.text) == (False, True)


@contextmanager
def speaking(words: bytes) -> Iterator[int]:
    """A server that says these words to whoever connects and then nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept: list[socket.socket] = []

        def serve() -> None:
            line, _ = listener.accept()
            kept.append(line)
            try:
                line.sendall(words)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        for line in kept:
            line.close()
        thread.join(10)


def test_a_server_that_says_nothing_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.connectors.email.line.TIMEOUT_S", 0.2)
    with speaking(b"") as port:
        check = Email().check(account(port), outside())
    assert "did not answer within 0.2 s. Look at port and encryption" in check.text


@pytest.mark.parametrize("tls", ["none", "starttls"])
def test_a_server_that_drips_bytes_is_cut_off_at_the_deadline_of_the_whole(
    tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.connectors.email.line.WHOLE_S", 0.5)
    with dripping_server(b"220 ") as port:
        check = Email().check(account(port, tls=tls), outside())
    assert "was not done within 0.5 s. Try again later" in check.text


def test_a_server_that_drips_bytes_behind_tls_is_cut_off_too(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.connectors.email.line.WHOLE_S", 0.5)
    with dripping_server(b"220 ", tls=certificates.serving) as port:
        check = Email().check(account(port, tls="tls"), outside(tls=certificates.trusting))
    assert "was not done within 0.5 s. Try again later" in check.text


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    with speaking(b"220-and on and on\r\n" * 100_000) as port:
        assert "ended the connection" in Email().check(account(port), outside()).text


def test_a_server_that_turns_us_away_is_quoted() -> None:
    with speaking(b"554 No service here\r\n") as port:
        assert "answered 554 No service here. Look at the server's log." in Email().check(account(port), outside()).text


def test_something_else_than_a_mail_server_is_told() -> None:
    with speaking(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        assert not Email().check(account(port), outside()).ok


def test_a_message_arrives_with_the_connection_s_sender() -> None:
    with mail_server() as post:
        assert Email().post(account(post.port, reply_to="team@example.org"), outside(), letter()) == {}
    (message,) = post.messages
    assert (message["From"], message["Reply-To"]) == ("Reports <reports@example.org>", "team@example.org")
    assert (message["Subject"], post.envelopes[0].mail_from) == ("Umsätze", "reports@example.org")
    assert message["Date"]
    assert message["Message-ID"].endswith("@example.org>")


def test_those_in_bcc_get_it_and_are_not_named() -> None:
    with mail_server() as post:
        Email().post(account(post.port), outside(), letter(Bcc="hidden@example.org"))
    assert post.envelopes[0].rcpt_tos == ["anna@example.org", "hidden@example.org"]
    assert "hidden" not in post.messages[0].as_string()


def test_a_recipient_who_is_refused_beside_others_is_named() -> None:
    with mail_server(**{"gone@example.org": "550 No such user"}) as post:
        refused = Email().post(account(post.port), outside(), letter(To="anna@example.org, gone@example.org"))
    assert refused == {"gone@example.org": "550 No such user"}
    assert post.envelopes[0].rcpt_tos == ["anna@example.org"]


@pytest.mark.parametrize(
    ("command", "answer", "is_permanent"),
    [
        ("MAIL", "550 You may not", True),
        ("MAIL", "451 Try later", False),
        ("RCPT", "550 No such user", True),
        ("RCPT", "450 Greylisted", False),
        ("DATA", "552 Too large", True),
        ("DATA", "451 Disk full", False),
    ],
)
def test_a_refusal_is_final_or_not_as_the_server_says(command: str, answer: str, is_permanent: bool) -> None:
    with mail_server(**{command: answer}) as post, pytest.raises(DeliveryError, match=answer) as caught:
        Email().post(account(post.port), outside(), letter())
    assert caught.value.permanent is is_permanent


def test_a_message_to_nobody_is_refused() -> None:
    message = EmailMessage()
    with pytest.raises(DeliveryError, match="has no recipient"):
        Email().post(account(587), outside(), message)


def test_an_address_that_the_server_cannot_take_is_told() -> None:
    with mail_server(utf8=False) as post, pytest.raises(DeliveryError, match="beyond ASCII"):
        Email().post(account(post.port), outside(), letter(To="jürgen@example.org"))


def test_an_address_beyond_ascii_arrives_where_it_is_taken() -> None:
    with mail_server() as post:
        Email().post(account(post.port), outside(), letter(To="jürgen@example.org"))
    assert post.envelopes[0].rcpt_tos == ["jürgen@example.org"]


def test_a_password_is_never_printed() -> None:
    assert "hunter2" not in repr(account(587, password="hunter2"))


def test_user_and_password_may_have_letters_beyond_ascii(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.serving, sign_in=True, login=("büro", "grüne Wiese")) as post:
        right = account(post.port, tls="starttls", user="büro", password="grüne Wiese")
        wrong = account(post.port, tls="starttls", user="büro", password="grüne Wiesen")
        found = [Email().check(own, outside(tls=certificates.trusting)) for own in (right, wrong)]
    assert [check.ok for check in found] == [True, False]
    assert "refused user 'büro'" in found[1].text


def test_the_sender_s_domain_may_have_letters_beyond_ascii() -> None:
    with mail_server() as post:
        Email().post(account(post.port, **{"from": "reports@bücher.example"}), outside(), letter())
    assert post.messages[0]["Message-ID"].endswith("@xn--bcher-kva.example>")


def test_a_sender_s_domain_that_is_none_is_said() -> None:
    check = Email().check(account(2525, **{"from": f"a@{'x' * 64}.example"}), outside())
    assert not check.ok
    assert "is no domain. Correct the address in From" in check.text
