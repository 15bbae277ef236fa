"""Mails through a real mail server, read back from the box by IMAP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.connectors.base import Account, File, SendError
from core.connectors.email import Email
from core.report.images import png
from core.report.mail import MailOptions, mail_message, mail_pictures
from core.warehouse import Version
from tests.connectors.debian_mail import FULL, GREYLISTED, HOST, PASSWORD, USER, DebianMail, debian_mail
from tests.connectors.test_email import account, outside
from tests.connectors.test_mails import ID, MESSAGE, parcel
from tests.report.conftest import version as version_fixture
from tests.report.test_mail import shop_report

ANNA, BEN = "anna@example.org", "ben@example.org"
version = version_fixture


@pytest.fixture(scope="module")
def server() -> Iterator[DebianMail]:
    with debian_mail() as running:
        yield running


def own(server: DebianMail, password: str = PASSWORD) -> Account:
    return account(
        server.port, host=HOST, tls="starttls", user=USER, password=password, **{"from": f"Reports <{USER}>"}
    )


def test_a_report_arrives_whole(server: DebianMail, version: Version, tmp_path: Path) -> None:
    report = shop_report(version)
    pictures = mail_pictures(report)
    message = mail_message(report, pictures, MailOptions(export="Monday", attachments=(("Umsätze.csv", 10),)))
    files = []
    for picture in pictures:
        (tmp_path / picture.file).write_bytes(png(dict(picture.spec)))
        files.append(File(picture.file, "image/png", tmp_path / picture.file, content_id=picture.content_id))
    (tmp_path / "a.csv").write_text("a;b\n")
    files.append(File("Umsätze.csv", "text/csv; charset=utf-8", tmp_path / "a.csv"))
    sent = replace(parcel(ANNA, files=tuple(files)), message=message)
    Email().send(own(server), outside(HOST, tls=server.certificates.trusting), sent)
    (mail,) = server.box(ANNA)
    assert mail["Subject"] == message["subject"]
    assert mail["Message-ID"] == f"<{ID}@example.org>"
    assert "with ESMTPSA" in str(mail["Received"])
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert "driven by conversion" in html.get_content()
    assert plain.get_content().replace("\r\n", "\n") == message["text"]
    drawn = [part.get_content() for part in mail.walk() if part.get_content_type() == "image/png"]
    assert drawn == [(tmp_path / picture.file).read_bytes() for picture in pictures]
    assert [part.get_filename() for part in mail.iter_attachments()] == ["Umsätze.csv"]


def test_a_second_parser_sees_the_same_parts(server: DebianMail) -> None:
    Email().send(own(server), outside(HOST, tls=server.certificates.trusting), parcel(BEN))
    server.box(BEN)
    assert '("text" "plain" ("charset" "utf-8")' in server.structure(BEN)
    assert '"alternative"' in server.structure(BEN)


def test_a_partial_refusal_serves_the_others(server: DebianMail) -> None:
    people = ("reports@example.org", GREYLISTED, FULL, "nobody@example.org")
    receipt = Email().send(own(server), outside(HOST, tls=server.certificates.trusting), parcel(*people, mode="all"))
    assert {who: state for who, (state, _) in receipt.recipients.items()} == {
        "reports@example.org": "succeeded",
        GREYLISTED: "retry",
        FULL: "failed",
        "nobody@example.org": "failed",
    }
    assert "Come back later" in receipt.recipients[GREYLISTED][1]
    assert len(server.box("reports@example.org")) == 1


def test_a_mail_that_is_too_large_for_the_server_is_refused_for_good(server: DebianMail) -> None:
    large = {**MESSAGE, "text": "x\n" * 1_100_000}
    with pytest.raises(SendError) as caught:
        Email().send(own(server), outside(HOST, tls=server.certificates.trusting), replace(parcel(), message=large))
    assert caught.value.permanent
    assert "size" in str(caught.value).lower()


def test_relaying_to_others_is_refused_for_good_and_told_in_its_words(server: DebianMail) -> None:
    nameless = replace(own(server), settings={**own(server).settings, "user": None})
    with pytest.raises(SendError, match="554") as caught:
        Email().send(nameless, outside(HOST, tls=server.certificates.trusting), parcel("anna@elsewhere.example"))
    assert caught.value.permanent


def test_a_wrong_password_pauses_the_connection(server: DebianMail) -> None:
    with pytest.raises(SendError, match="535") as caught:
        Email().send(own(server, "wrong"), outside(HOST, tls=server.certificates.trusting), parcel())
    assert caught.value.pauses_connection


def test_the_check_says_that_it_signed_in(server: DebianMail) -> None:
    check = Email().check(own(server), outside(HOST, tls=server.certificates.trusting))
    assert check.ok
    assert "by STARTTLS, signed in as reports@example.org. It answered 250" in check.text
