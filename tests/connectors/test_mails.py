from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from core.connectors.base import File, Parcel, SendError, checked_settings
from core.connectors.email import UNSUBSCRIBE, Email
from core.errors import DataError
from tests.connectors.mailing import PASSWORD, USER, Post, mail_server
from tests.connectors.test_email import account, outside
from tests.tls import make_certificates

ANNA, BEN, CLEO = "anna@example.org", "Ben Überall <ben@example.org>", "cleo@example.org"
ID = "0d7d5b3e-8c6a-4f5e-9a52-3f4f6a1c0b7d"
MESSAGE = {
    "subject": "Umsätze −10 %",
    "text": f"Revenue fell.\nLeave: {UNSUBSCRIBE}\n",
    "html": f'<p>Revenue fell.</p><img src="cid:chart-1">\n<a href="{UNSUBSCRIBE}">Leave</a>\n',
    "pictures": [{"content_id": "chart-1", "file": "chart-1.png", "alt": "A chart"}],
    "attachments": ["Umsätze.csv"],
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[File, ...]:
    (tmp_path / "chart-1.png").write_bytes(b"\x89PNG picture")
    (tmp_path / "table.csv").write_bytes("a;ä\n".encode())
    return (
        File("chart-1.png", "image/png", tmp_path / "chart-1.png", content_id="chart-1", alt="A chart"),
        File("Umsätze.csv", "text/csv; charset=utf-8", tmp_path / "table.csv"),
        File("waterfall.png", "image/png", tmp_path / "chart-1.png"),
    )


def parcel(*recipients: str, files: tuple[File, ...] = (), mode: str = "each", **given: Any) -> Parcel:
    settings = {"to": list(recipients or [ANNA]), "mode": mode, **given.pop("settings", {})}
    return Parcel(
        delivery_id=ID,
        run_id="run",
        occurrence="o",
        at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        is_test=given.pop("is_test", False),
        settings=settings,
        message=MESSAGE,
        files=files,
        recipients=given.pop("recipients", recipients or (ANNA,)),
        **given,
    )


def failure(post: Post, sent: Parcel) -> SendError:
    with pytest.raises(SendError) as caught:
        Email().send(account(post.port), outside(), sent)
    return caught.value


def parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def test_a_mail_has_text_html_pictures_and_files_each_in_its_place(files: tuple[File, ...]) -> None:
    with mail_server() as post:
        Email().send(account(post.port), outside(), parcel(files=files))
    (mail,) = post.messages
    assert parts(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/csv",
    ]
    assert [part.get_filename() for part in mail.iter_attachments()] == ["Umsätze.csv"]


def test_a_picture_is_found_by_its_id(files: tuple[File, ...]) -> None:
    with mail_server() as post:
        Email().send(account(post.port), outside(), parcel(files=files))
    (mail,) = post.messages
    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    body = mail.get_body(("html",))
    assert body is not None
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in body.get_content()
    assert (picture.get_content_disposition(), picture.get_payload(decode=True)) == ("inline", b"\x89PNG picture")


def test_headers_name_the_delivery_and_say_that_a_machine_wrote() -> None:
    with mail_server() as post:
        Email().send(account(post.port, reply_to="team@example.org"), outside(), parcel())
    (mail,) = post.messages
    assert mail["Message-ID"] == f"<{ID}@example.org>"
    assert mail["Subject"] == "Umsätze −10 %"
    assert (mail["From"], mail["Reply-To"], mail["To"]) == ("Reports <reports@example.org>", "team@example.org", ANNA)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_no_line_is_longer_than_mail_allows(files: tuple[File, ...]) -> None:
    long = {**MESSAGE, "html": "<p>" + "ä" * 5_000 + "</p>"}
    with mail_server() as post:
        Email().send(account(post.port), outside(), replace(parcel(files=files), message=long))
    raw = post.envelopes[0].original_content
    assert isinstance(raw, bytes)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


def test_each_gets_a_mail_of_their_own() -> None:
    with mail_server() as post:
        receipt = Email().send(account(post.port), outside(), parcel(ANNA, BEN, settings={"cc": [CLEO]}))
    assert [mail["To"] for mail in post.messages] == [ANNA, BEN]
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [[ANNA], ["ben@example.org"]]
    assert len({mail["Message-ID"] for mail in post.messages}) == 2
    assert receipt.recipients == {ANNA: ("succeeded", "250 Taken"), BEN: ("succeeded", "250 Taken")}


def test_a_repeat_has_the_same_ids() -> None:
    with mail_server() as post:
        for _ in range(2):
            Email().send(account(post.port), outside(), parcel(ANNA, BEN))
    ids = [mail["Message-ID"] for mail in post.messages]
    assert ids[:2] == ids[2:]
    assert all(ID in each for each in ids)


def test_one_mail_for_all_names_all_but_the_hidden() -> None:
    sent = parcel(ANNA, mode="all", settings={"cc": [BEN], "bcc": [CLEO]}, recipients=(ANNA, BEN, CLEO))
    with mail_server() as post:
        Email().send(account(post.port), outside(), sent)
    ((mail,), (envelope,)) = post.messages, post.envelopes
    assert envelope.rcpt_tos == [ANNA, "ben@example.org", CLEO]
    assert (mail["To"], mail["Cc"], mail["Bcc"]) == (ANNA, BEN, None)
    assert "cleo" not in str(mail)


def test_a_retry_serves_only_who_is_left() -> None:
    sent = parcel(ANNA, mode="all", settings={"cc": [BEN]}, recipients=(BEN,))
    with mail_server() as post:
        Email().send(account(post.port), outside(), sent)
    assert post.envelopes[0].rcpt_tos == ["ben@example.org"]
    assert post.messages[0]["To"] == ANNA


def test_each_may_leave_by_an_address_of_their_own() -> None:
    leaving = parcel(ANNA, BEN, leave=lambda address: f"https://reports.example.org/u/{address}")
    with mail_server() as post:
        Email().send(account(post.port), outside(), leaving)
    second = post.messages[1]
    assert second["List-Unsubscribe"] == "<https://reports.example.org/u/ben@example.org>"
    assert second["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        body = second.get_body((kind,))
        assert body is not None
        assert "https://reports.example.org/u/ben@example.org" in body.get_content()


@pytest.mark.parametrize("given", [{}, {"mode": "all", "leave": lambda _: "https://x.example"}])
def test_nobody_is_offered_to_leave_where_there_is_no_way(given: dict[str, Any]) -> None:
    with mail_server() as post:
        Email().send(account(post.port), outside(), parcel(**given))
    (mail,) = post.messages
    assert "List-Unsubscribe" not in mail
    assert "Leave" not in mail.as_string()
    assert "Revenue fell." in mail.as_string()


def test_a_message_that_offers_no_way_out_has_none_in_its_head() -> None:
    plain = {**MESSAGE, "text": "Revenue fell.", "html": "<p>Revenue fell.</p>"}
    with mail_server() as post:
        Email().send(account(post.port), outside(), replace(parcel(leave=lambda _: "https://x.example"), message=plain))
    assert "List-Unsubscribe" not in post.messages[0]


@pytest.mark.parametrize("mode", ["each", "all"])
def test_a_partial_refusal_tells_what_became_of_each(mode: str) -> None:
    answers = {"ben@example.org": "550 5.1.1 No such user", CLEO: "451 4.7.1 Greylisted, come back"}
    with mail_server(**answers) as post:
        receipt = Email().send(account(post.port), outside(), parcel(ANNA, BEN, CLEO, mode=mode))
    assert receipt.recipients == {
        ANNA: ("succeeded", "250 Taken"),
        BEN: ("failed", "550 5.1.1 No such user"),
        CLEO: ("retry", "451 4.7.1 Greylisted, come back"),
    }


def test_greylisting_of_all_is_another_try() -> None:
    with mail_server(RCPT="451 4.7.1 Greylisted") as post:
        error = failure(post, parcel(ANNA, BEN))
    assert (error.permanent, error.is_unknown, error.error_class) == (False, False, "not yet")
    assert error.recipients[ANNA] == ("retry", "451 4.7.1 Greylisted")


def test_a_refusal_of_all_is_for_good() -> None:
    with mail_server(RCPT="550 No such user") as post:
        error = failure(post, parcel(ANNA, BEN, mode="all"))
    assert (error.permanent, error.error_class) == (True, "recipients")
    assert f"took nobody: {ANNA} (550 No such user)" in str(error)


@pytest.mark.parametrize(("answer", "state"), [("552 5.3.4 Too big", "failed"), ("451 Later", "retry")])
def test_a_message_that_is_not_taken_is_told_for_each(answer: str, state: str) -> None:
    with mail_server(DATA=answer) as post:
        error = failure(post, parcel(ANNA, BEN))
    assert error.recipients == {ANNA: (state, answer), BEN: (state, answer)}
    assert error.permanent == (state == "failed")


def test_a_wrong_password_pauses_the_connection(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "mail.test")
    with mail_server(starttls=certificates.serving, sign_in=True) as post:
        own = account(post.port, tls="starttls", user=USER, password=f"{PASSWORD}!")
        with pytest.raises(SendError, match="535") as caught:
            Email().send(own, outside(tls=certificates.trusting), parcel())
    assert (caught.value.pauses_connection, caught.value.error_class) == (True, "auth")


def test_it_begins_right_before_the_first_message_and_once() -> None:
    begun: list[int] = []
    with mail_server() as post:
        sent = parcel(ANNA, BEN, begin=lambda: begun.append(len(post.envelopes)))
        Email().send(account(post.port), outside(), sent)
    assert begun == [0]


def test_nothing_begins_when_nobody_is_taken() -> None:
    begun: list[bool] = []
    with mail_server(RCPT="451 Later") as post:
        failure(post, parcel(begin=lambda: begun.append(True)))
    assert begun == []


def test_who_got_a_mail_is_written_down_and_not_written_to_again() -> None:
    kept: list[dict[str, Any]] = []
    with mail_server(**{"ben@example.org": "451 Later"}) as post:
        Email().send(account(post.port), outside(), parcel(ANNA, BEN, keep=lambda cursor: kept.append(dict(cursor))))
        assert kept[0] == {"sent": {ANNA: "250 Taken"}}
        post.answers.clear()
        receipt = Email().send(account(post.port), outside(), parcel(ANNA, BEN, cursor=kept[-1]))
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [[ANNA], ["ben@example.org"]]
    assert {state for state, _ in receipt.recipients.values()} == {"succeeded"}


def test_a_slow_server_leaves_the_rest_to_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.connectors.email.connector.BEGINS_S", -1.0)
    with mail_server() as post:
        error = failure(post, parcel(ANNA, BEN))
    assert {state for state, _ in error.recipients.values()} == {"retry"}
    assert not error.permanent


@contextmanager
def talking_server(*talk: tuple[bytes, bytes | None]) -> Iterator[int]:
    """Answers each beginning of a line as it is told, the first not used yet; None hangs up; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line, line.makefile("rb") as lines:
                line.sendall(b"220 here\r\n")
                left = list(talk)
                for said in lines:
                    match = next((each for each in left if said.upper().startswith(each[0])), None)
                    if match is None:
                        continue
                    left.remove(match)
                    if match[1] is None:
                        return
                    line.sendall(match[1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(10)


GREETED = ((b"EHLO", b"250 here\r\n"), (b"MAIL", b"250 OK\r\n"), (b"RCPT", b"250 OK\r\n"))


@pytest.mark.parametrize(
    ("talk", "is_unknown"),
    [
        (((b"EHLO", b"250 here\r\n"), (b"MAIL", None)), False),
        ((*GREETED[:2], (b"RCPT", None)), False),
        ((*GREETED, (b"DATA", None)), False),
        ((*GREETED, (b"DATA", b"354 go\r\n"), (b".\r\n", None)), True),
        ((*GREETED, (b"DATA", b"354 go\r\n"), (b"SUBJECT", None)), True),
    ],
    ids=["mail", "recipient", "data", "end of the message", "within the message"],
)
def test_only_a_line_cut_off_behind_the_message_leaves_nobody_knowing(
    talk: tuple[tuple[bytes, bytes | None], ...], is_unknown: bool
) -> None:
    with talking_server(*talk) as port, pytest.raises(SendError) as caught:
        Email().send(account(port), outside(), parcel())
    assert (caught.value.is_unknown, caught.value.permanent) == (is_unknown, False)


def test_a_server_that_hangs_up_instead_of_taking_leave_changes_nothing() -> None:
    talk = (*GREETED, (b"DATA", b"354 go\r\n"), (b".\r\n", b"250 Taken\r\n"), (b"QUIT", None))
    with talking_server(*talk) as port:
        receipt = Email().send(account(port), outside(), parcel())
    assert receipt.recipients == {ANNA: ("succeeded", "250 Taken")}


def test_a_server_that_closes_in_the_middle_of_the_list_keeps_what_it_took() -> None:
    second = ((b"MAIL", b"421 Going down\r\n"),)
    talk = (*GREETED, (b"DATA", b"354 go\r\n"), (b".\r\n", b"250 Taken\r\n"), *second)
    with talking_server(*talk) as port, pytest.raises(SendError) as caught:
        Email().send(account(port), outside(), parcel(ANNA, BEN))
    assert caught.value.recipients == {ANNA: ("succeeded", "250 Taken")}
    assert (caught.value.permanent, caught.value.is_unknown) == (False, False)


def test_a_server_that_hangs_up_among_the_recipients_has_served_nobody() -> None:
    talk = (*GREETED, (b"RCPT", b"421 Going down\r\n"))
    with talking_server(*talk) as port, pytest.raises(SendError) as caught:
        Email().send(account(port), outside(), parcel(ANNA, BEN, CLEO, mode="all"))
    assert caught.value.recipients == {BEN: ("retry", "421 Going down")}
    assert (caught.value.permanent, caught.value.is_unknown) == (False, False)


def test_an_address_beyond_ascii_fails_alone_where_the_server_cannot_write_it() -> None:
    with mail_server(utf8=False) as post:
        receipt = Email().send(account(post.port), outside(), parcel("jürgen@example.org", ANNA))
    assert receipt.recipients["jürgen@example.org"][0] == "failed"
    assert receipt.recipients[ANNA][0] == "succeeded"


def test_a_destination_names_somebody() -> None:
    with pytest.raises(DataError, match="'To' is needed"):
        checked_settings(Email.destination_fields, {"cc": [ANNA]})
    assert checked_settings(Email.destination_fields, {"to": [ANNA, ANNA]})["to"] == (ANNA,)
