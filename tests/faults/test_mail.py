"""Mail servers that put off, refuse some, vanish or turn the account away, each with a real sidecar."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.model.delivery import ExportSpec
from core.model.runs import Attempt, Delivery
from tests.connectors.mailing import DROPPED, PASSWORD, USER, Post, mail_server
from tests.faults.conftest import Works
from tests.polling import wait_for
from tests.tls import make_certificates

pytestmark = pytest.mark.timeout(600)

ANNA, BEN, CLEO = "anna@example.org", "ben@example.org", "cleo@example.org"


def export(
    works: Works,
    post: Post,
    *to: str,
    secrets: dict[str, object] | None = None,
    connection: str | None = None,
    bundle: bool = False,
    **settings: Any,
) -> str:
    """An export mailed to these addresses, each in a mail of their own; its id. connection: a new one if none."""
    owner = works.app.owner.id
    given = {"host": "127.0.0.1", "port": post.port, "tls": "none", "from": "reports@example.org", **settings}
    connection = connection or works.app.connections.create("email", "Mail", given, secrets or {}, by=owner).id
    destination = {"kind": "email", "connection": connection, "settings": {"to": list(to), "bundle": bundle}}
    spec = {"name": "Revenue", "content": {"kind": "report", "analysis": "revenue"}, "destinations": [destination]}
    return works.app.exports.create(ExportSpec.model_validate(spec | {"triggers": [{"kind": "url"}]}), by=owner).id


def mailed(works: Works, run_id: str) -> tuple[Delivery | None, list[Attempt]]:
    """The delivery by mail with its tries, once the run was made."""
    detail = works.app.ledger.run(run_id)
    delivery = next((row for row in detail.deliveries if row.kind == "email"), None)
    return delivery, detail.attempts[delivery.id] if delivery else []


def waits(works: Works, run_id: str, tries: int) -> tuple[Delivery, Attempt]:
    """The delivery after so many tries, while it waits for the next one, and the last of them."""

    def found() -> tuple[Delivery, Attempt] | None:
        delivery, made = mailed(works, run_id)
        return (delivery, made[-1]) if delivery and delivery.state == "retry" and len(made) == tries else None

    waiting = wait_for(found, what=f"delivery that waits after {tries} tries")
    assert waiting is not None
    return waiting


def wait_after(delivery: Delivery, attempt: Attempt) -> timedelta:
    assert delivery.next_at is not None
    assert attempt.finished_at is not None
    return delivery.next_at - attempt.finished_at


def test_a_server_that_puts_off_is_tried_again_after_one_and_five_minutes_and_one_mail_comes(works: Works) -> None:
    with mail_server(MAIL="451 4.7.1 Greylisted, come back later") as post:
        run_id = works.ask(export(works, post, ANNA))
        works.start()
        for tries, minutes in ((1, 1), (2, 5)):
            wait = wait_after(*waits(works, run_id, tries))
            assert minutes * timedelta(seconds=45) < wait < minutes * timedelta(seconds=75)
            if tries == 2:
                post.answers.clear()
            works.app.ledger.start_now(run_id, by=None)
        works.reached(run_id, "succeeded")
        assert len(post.messages) == 1


def test_of_three_recipients_one_gets_it_one_is_refused_and_one_is_tried_again_alone(works: Works) -> None:
    refusals = {BEN: "550 5.1.1 No such user", CLEO: "451 4.7.1 Come back later"}
    with mail_server(**refusals) as post:
        run_id = works.ask(export(works, post, ANNA, BEN, CLEO))
        works.start()
        waits(works, run_id, 1)
        assert [envelope.rcpt_tos for envelope in post.envelopes] == [[ANNA]]
        del post.answers[CLEO]
        works.app.ledger.start_now(run_id, by=None)
        works.reached(run_id, "failed")
        delivery, _ = mailed(works, run_id)
        assert [envelope.rcpt_tos for envelope in post.envelopes] == [[ANNA], [CLEO]]
    assert delivery is not None
    states = {address: told["state"] for address, told in delivery.recipients.items()}
    assert states == {ANNA: "succeeded", BEN: "failed", CLEO: "succeeded"}
    assert BEN in delivery.reason


def test_a_line_that_drops_after_the_message_is_unknown_and_the_mail_comes_again_with_the_same_id(works: Works) -> None:
    with mail_server(DATA=DROPPED) as post:
        run_id = works.ask(export(works, post, ANNA))
        works.start()
        _, attempt = waits(works, run_id, 1)
        assert attempt.outcome == "unknown"
        post.answers.clear()
        works.app.ledger.start_now(run_id, by=None)
        works.reached(run_id, "succeeded")
        first, second = post.messages
        assert first["Message-ID"] == second["Message-ID"] != ""


def test_a_refused_account_pauses_the_connection_and_no_try_is_counted(works: Works, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")
    works.environment["SSL_CERT_FILE"] = str(certificates.authority)
    with mail_server(tls=certificates.serving, sign_in=True) as post:
        signs_in = {"tls": "tls", "user": USER}
        run_id = works.ask(export(works, post, ANNA, secrets={"password": "an old one"}, **signs_in))
        works.start()
        delivery, attempt = waits(works, run_id, 1)
        assert (delivery.tries, attempt.outcome) == (0, "failed")
        (circuit,) = works.app.ledger.circuits()
        assert circuit.id == delivery.connection_id
        assert "535" in circuit.disabled_reason
        assert works.app.ledger.claim_delivery() is None
        works.app.connections.change(str(delivery.connection_id), secrets={"password": PASSWORD})
        works.reached(run_id, "succeeded")
        assert len(post.messages) == 1


def test_who_left_while_the_mail_waited_for_another_try_gets_none(works: Works) -> None:
    with mail_server(MAIL="451 4.7.1 Greylisted, come back later") as post:
        export_id = export(works, post, ANNA, BEN)
        run_id = works.ask(export_id)
        works.start()
        waits(works, run_id, 1)
        works.app.subscribers.leave(works.app.subscribers.link(export_id, BEN).rpartition("/")[2])
        post.answers.clear()
        works.app.ledger.start_now(run_id, by=None)
        works.reached(run_id, "succeeded")
        assert [envelope.rcpt_tos for envelope in post.envelopes] == [[ANNA]]
        delivery, _ = mailed(works, run_id)
        assert delivery is not None
        assert {who: told["state"] for who, told in delivery.recipients.items()} == {ANNA: "succeeded", BEN: "ignored"}


def test_a_mail_that_all_have_left_meanwhile_is_not_sent_and_ends_ignored(works: Works) -> None:
    with mail_server(MAIL="451 4.7.1 Greylisted, come back later") as post:
        export_id = export(works, post, ANNA)
        run_id = works.ask(export_id)
        works.start()
        waits(works, run_id, 1)
        works.app.subscribers.leave(works.app.subscribers.link(export_id, ANNA).rpartition("/")[2])
        post.answers.clear()
        works.app.ledger.start_now(run_id, by=None)
        wait_for(lambda: getattr(mailed(works, run_id)[0], "state", "") == "ignored", what="end of the delivery")
        delivery, tries = mailed(works, run_id)
        assert (delivery.reason if delivery else "", tries[-1].outcome) == ("all recipients left", "ignored")
        assert post.envelopes == []


def test_killed_while_the_server_holds_a_mail_of_two_reports_it_comes_again_with_the_same_id(works: Works) -> None:
    holds, go_on = threading.Event(), threading.Event()
    with mail_server() as post:
        take = post.handle_DATA

        async def hold(server: Any, session: Any, envelope: Any) -> str:
            answer = await take(server, session, envelope)
            if not holds.is_set():
                holds.set()
                await asyncio.to_thread(go_on.wait, 60)
            return answer

        post.handle_DATA = hold  # type: ignore[method-assign]
        first = export(works, post, ANNA, bundle=True)
        connection = works.app.exports.get(first).spec.channels[0].connection
        second = export(works, post, ANNA, bundle=True, connection=connection)
        runs = [works.ask(first), works.ask(second)]
        works.start()
        assert holds.wait(60)
        works.kill()
        go_on.set()
        works.start()
        for run_id in runs:
            works.reached(run_id, "succeeded")
            assert [attempt.outcome for attempt in mailed(works, run_id)[1]] == ["unknown", "succeeded"]
        assert len(post.messages) == 2
        assert len({message["Message-ID"] for message in post.messages}) == 1
        assert {message["Subject"][:10] for message in post.messages} == {"2 reports:"}
