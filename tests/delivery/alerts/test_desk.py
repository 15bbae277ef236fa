"""What people are told of exports that fail, recover, come late or are missed; when, how often, and by which way."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from core.connectors.base import Receipt, SendError
from core.delivery.alerts.outbox import Outbox
from core.delivery.alerts.recipients import target_key
from core.delivery.retention import Retention
from core.errors import DataError
from core.model.alerts import AlertTarget, Notice
from core.report.alert_mail import News
from core.store.alerts import add_notice, waiting_notices
from tests.delivery.alerts.desks import Desk

AUTHOR = "olga@example.org"


def test_without_mail_a_failure_is_a_card_that_says_what_failed_and_what_to_do(desk: Desk) -> None:
    run_id = desk.fail()
    assert desk.beat() == 0
    (card,) = desk.inbox()
    assert (card.kind, card.title, card.link) == (
        "alert",
        "“Morning” did not reach Hook",
        f"{desk.app.settings.ui_base_url}/Runs?run={run_id}",
    )
    reason, tried, then = card.body["lines"]  # type: ignore[misc]
    assert reason == "What happened: hooks.example.org answered 400."
    assert tried.startswith("Tries: 1, the last one 1 Mar 2026, 12:00 UTC")
    assert then.startswith("Next: mend what it says, then press Retry")


def test_with_mail_it_is_a_delivery_of_the_ledger(desk: Desk) -> None:
    desk.mailer()
    desk.fail()
    assert desk.beat() == 1
    assert desk.mails() == [(AUTHOR, "“Morning” did not reach Hook")]
    (run,) = desk.messages()
    claim = desk.app.ledger.claim_delivery()
    assert claim is not None
    assert (claim.run_id, claim.recipients, claim.connection_id) == (run.id, (AUTHOR,), desk.post)
    message = json.loads(desk.app.artefacts.read(claim.artefacts[0]))
    assert message["subject"] == run.name
    assert "hooks.example.org answered 400." in message["text"]
    assert f'href="{desk.app.settings.ui_base_url}/Runs?run=' in message["html"]
    assert desk.cards() == []


def test_it_is_told_once_for_a_class_of_failures_then_daily_then_that_it_is_over(desk: Desk) -> None:
    desk.fail()
    for _ in range(5):
        desk.beat()
        desk.fail()
    desk.clock.forward(hours=23)
    desk.beat()
    assert desk.cards() == ["“Morning” did not reach Hook"]
    desk.clock.forward(hours=1)
    desk.beat()
    desk.beat()
    assert desk.cards()[1:] == ["“Morning” still does not reach Hook"]
    assert "Failed runs since the last alert: 5." in str(desk.inbox()[0].body)
    desk.clock.forward(days=1)
    desk.beat()
    assert len(desk.cards()) == 2
    desk.succeed()
    desk.beat()
    desk.succeed()
    desk.beat()
    assert desk.cards()[2:] == ["“Morning” reaches Hook again"]


EVENING = News("failed", "Evening", "Hook").as_json()


def add_news(desk: Desk, target: AlertTarget, *about: dict[str, Any]) -> None:
    """What waits to be told to somebody."""
    for number, each in enumerate(about):
        notice = Notice(
            organisation_id=desk.app.organisation.id,
            export_id=desk.export_id,
            key=f"news {number}",
            target_key=target_key(target),
            target=target.model_dump(),
            about=each,
            created_at=desk.clock(),
        )
        with desk.app.store.write() as session:
            add_notice(session, notice)


def test_news_that_cannot_be_put_into_words_keeps_no_other_back(desk: Desk) -> None:
    desk.mailer()
    for target in (AlertTarget(person=desk.app.owner.id), AlertTarget(email="team@example.org")):
        add_news(desk, target, {"what": "failed"}, EVENING)
    assert desk.beat() == 2
    assert {subject for _, subject in desk.mails()} == {"“Evening” did not reach Hook"}
    assert sorted(recipient for recipient, _ in desk.mails()) == [AUTHOR, "team@example.org"]
    assert desk.beat() == 0
    with desk.app.store.read() as session:
        assert waiting_notices(session, desk.app.organisation.id) == []


def test_a_channel_that_cannot_tell_it_keeps_it_from_no_other(desk: Desk) -> None:
    desk.mailer()
    for target in (AlertTarget(connection=desk.hook), AlertTarget(person=desk.app.owner.id)):
        add_news(desk, target, EVENING)
    without_webhooks = Outbox(desk.app.store, desk.app.artefacts, desk.app.organisation.id, draw={})
    assert without_webhooks.send(desk.clock()) == 1
    assert desk.mails() == [(AUTHOR, "“Evening” did not reach Hook")]


def test_another_class_of_failures_is_told_of_its_own(desk: Desk) -> None:
    desk.fail()
    desk.beat()
    desk.fail("hooks.example.org is not there.", "unreachable")
    desk.beat()
    assert len(desk.cards()) == 2


def test_what_flaps_is_told_once_in_an_hour(desk: Desk) -> None:
    for _ in range(11):
        desk.fail()
        desk.beat()
        desk.clock.forward(minutes=2)
        desk.succeed()
        desk.beat()
        desk.clock.forward(minutes=3)
    assert desk.cards() == ["“Morning” did not reach Hook", "“Morning” reaches Hook again"]
    desk.fail()
    desk.clock.forward(minutes=10)
    desk.beat()
    assert desk.cards()[2:] == ["“Morning” did not reach Hook"]


def test_a_try_that_is_made_again_is_no_failure_yet(desk: Desk) -> None:
    run_id = desk.ask()
    desk.app.ledger.send_failed(desk.claim(run_id), SendError("500"))
    desk.beat()
    assert desk.cards() == []


def test_a_run_that_cannot_be_made_is_told_and_that_it_can_again(desk: Desk) -> None:
    desk.app.triggers.start(desk.export_id, by=desk.app.owner.id, how="hand")
    build = desk.app.ledger.claim_build()
    assert build is not None
    desk.app.ledger.build_failed(build, DataError("Column 'orders' is gone."))
    desk.beat()
    assert desk.cards() == ["“Morning” could not be made"]
    assert "Column 'orders' is gone." in str(desk.inbox()[0].body)
    desk.succeed()
    desk.beat()
    assert desk.cards()[1:] == ["“Morning” is made again"]


def test_a_test_is_told_of_nobody_else(desk: Desk) -> None:
    run_id = desk.ask()
    with desk.app.store.write() as session:
        run = desk.app.ledger.run(run_id).run
        run.is_test = True
        session.merge(run)
    desk.app.ledger.send_failed(desk.claim(run_id), SendError("400", permanent=True))
    desk.beat()
    assert desk.cards() == []


def test_several_exports_that_fail_at_once_are_one_mail(desk: Desk) -> None:
    desk.mailer()
    desk.fail()
    desk.export("Evening")
    desk.fail()
    assert desk.beat() == 1
    ((who, subject),) = desk.mails()
    assert (who, subject[:9]) == (AUTHOR, "2 alerts:")


def test_at_most_twenty_mails_go_to_one_in_an_hour_and_the_next_takes_the_rest_along(desk: Desk) -> None:
    desk.mailer()
    for number in range(25):
        desk.fail(error_class=f"http 4{number:02}")
        desk.beat()
    assert len(desk.mails()) == 20
    desk.clock.forward(minutes=61)
    desk.beat()
    assert desk.mails()[20:] == [(AUTHOR, "5 alerts: “Morning” did not reach Hook")]


def test_news_of_a_failing_mail_connection_does_not_go_by_it(desk: Desk) -> None:
    post = desk.mailer()
    mail = {"kind": "email", "connection": post, "settings": {"to": ["ann@example.org"]}}
    desk.export("By mail", destinations=[mail])
    desk.fail("mail.example.org:587 is not there.", "unreachable")
    desk.beat()
    assert desk.mails() == []
    assert desk.cards() == ["“By mail” did not reach ann@example.org"]


def test_a_refused_recipient_is_told_by_the_same_mail_server(desk: Desk) -> None:
    post = desk.mailer()
    mail = {"kind": "email", "connection": post, "settings": {"to": ["ann@example.org"]}}
    desk.export("By mail", destinations=[mail])
    answer = {"ann@example.org": ("failed", "550 no such user")}
    desk.fail("mail.example.org took nobody.", "refused", recipients=answer, response="ann: 550")
    desk.beat()
    assert desk.mails() == [(AUTHOR, "“By mail” did not reach ann@example.org")]


def test_an_alert_that_does_not_arrive_is_a_card_and_no_alert_of_its_own(desk: Desk) -> None:
    desk.mailer()
    desk.fail()
    desk.beat()
    claim = desk.app.ledger.claim_delivery()
    assert claim is not None
    desk.app.ledger.send_failed(claim, SendError("550", permanent=True, error_class="refused", response="550"))
    for _ in range(3):
        desk.beat()
        desk.clock.forward(hours=1)
    assert len(desk.messages()) == 1
    assert desk.cards() == ["“Morning” did not reach Hook"]


def test_an_alert_that_is_refused_switches_off_nobody(desk: Desk) -> None:
    desk.mailer()
    for number in range(2):
        desk.fail(error_class=f"class {number}")
        desk.beat()
        claim = desk.app.ledger.claim_delivery()
        assert claim is not None
        assert claim.recipients == (AUTHOR,)
        desk.app.ledger.send_failed(claim, SendError("410", permanent=True, disables=True, response="410"))
    assert {circuit.disabled_at for circuit in desk.app.ledger.circuits()} == {None}


def test_who_is_named_hears_of_what_they_are_named_for(desk: Desk) -> None:
    desk.mailer()
    to = [{"email": "ops@example.org"}, {"connection": desk.hook}]
    desk.export("Told", alerts=[{"on": ["succeeded"], "to": to}])
    desk.succeed()
    assert desk.beat() == 2
    assert desk.mails() == [("ops@example.org", "“Told” was delivered")]
    (run,) = desk.messages()
    (hook,) = (row for row in desk.app.ledger.run(run.id).deliveries if row.kind == "webhook")
    artefact = next(one for one in desk.app.ledger.run(run.id).artefacts if one.name == hook.message)
    told: dict[str, Any] = json.loads(desk.app.artefacts.read(artefact))
    assert told["type"] == "export.succeeded"
    assert told["data"]["news"][0]["title"] == "“Told” was delivered"


def test_nothing_to_send_and_lateness_are_told_to_whom_it_matters(desk: Desk) -> None:
    ann = desk.app.people.add(desk.app.sessions.built_in_owner(), "ann@example.org", "Ann", "analyst").id
    desk.export("Told", alerts=[{"on": ["late"], "to": [{"person": ann}]}])
    desk.ask()
    desk.clock.forward(minutes=29)
    desk.beat()
    assert desk.cards(ann) == []
    desk.clock.forward(minutes=1)
    for _ in range(3):
        desk.beat()
    assert desk.cards(ann) == ["“Told” is late: it was due 1 Mar 2026, 12:00 UTC"]


def test_a_destination_that_is_switched_off_is_told_each_time_it_is(desk: Desk) -> None:
    desk.fail("hooks.example.org answered 410.", "gone", disables=True)
    desk.beat()
    desk.beat()
    (told,) = desk.inbox()
    assert told.title == "2 alerts: “Morning” did not reach Hook"
    assert told.body["lines"] == ["“Morning” did not reach Hook", "Hook was switched off for “Morning”"]
    (circuit,) = desk.app.ledger.circuits()
    desk.app.ledger.switch_on(circuit.id)
    desk.clock.forward(days=1)
    desk.fail("hooks.example.org answered 410.", "gone", disables=True)
    desk.beat()
    assert "switched off" in str(desk.inbox()[0].body["lines"])


def test_events_whose_numbers_are_given_again_after_the_newest_were_pruned_are_not_passed_over(desk: Desk) -> None:
    desk.succeed()
    desk.beat()
    desk.clock.forward(days=91)
    Retention(desk.app.store, desk.app.artefacts, desk.app.organisation.id, desk.clock).prune()
    assert desk.app.ledger.runs() == []
    desk.fail()
    desk.beat()
    assert desk.cards() == ["“Morning” did not reach Hook"]


def test_what_people_do_with_a_run_that_failed_is_no_failure_of_its_own(desk: Desk) -> None:
    run_id = desk.app.triggers.start(desk.export_id, by=desk.app.owner.id, how="hand").run_id
    build = desk.app.ledger.claim_build()
    assert build is not None
    desk.app.ledger.build_failed(build, DataError("Column 'amount' is missing."))
    desk.beat()
    desk.app.ledger.ignore(run_id, "known", by=desk.app.owner.id)
    desk.app.ledger.restore(run_id, by=desk.app.owner.id)
    desk.app.ledger.replay(run_id, data="fresh", only="all", by=desk.app.owner.id)
    desk.clock.forward(days=2)
    desk.beat()
    assert desk.cards() == ["“Morning” could not be made"]


def test_a_replay_of_what_arrived_before_does_not_say_that_all_is_well(desk: Desk) -> None:
    arrived = desk.succeed()
    desk.app.triggers.start(desk.export_id, by=desk.app.owner.id, how="hand")
    build = desk.app.ledger.claim_build()
    assert build is not None
    desk.app.ledger.build_failed(build, DataError("Column 'amount' is missing."))
    desk.beat()
    desk.app.ledger.replay(arrived, data="same", only="all", by=desk.app.owner.id)
    desk.beat()
    assert len(desk.cards()) == 1


@pytest.mark.parametrize("days", [31])
def test_what_was_told_long_ago_is_forgotten(desk: Desk, days: int) -> None:
    desk.fail()
    desk.beat()
    assert desk.app.alerts.prune() == 0
    desk.clock.now += timedelta(days=days)
    assert desk.app.alerts.prune() == 1
    desk.succeed()
    desk.beat()
    desk.clock.now += timedelta(days=days)
    assert desk.app.alerts.prune() == 2, "that it was over, and that it failed at all"


def test_mail_that_never_comes_to_the_server_is_said(desk: Desk) -> None:
    post = desk.mailer()
    desk.export("By mail", destinations=[{"kind": "email", "connection": post, "settings": {"to": ["a@example.org"]}}])
    assert desk.app.alerts.mail_trouble() is None
    desk.fail("mail.example.org is not there.", "unreachable")
    assert desk.app.alerts.mail_trouble() is None
    desk.clock.forward(minutes=1)
    desk.fail("mail.example.org is not there.", "unreachable")
    trouble = desk.app.alerts.mail_trouble()
    assert trouble is not None
    assert (trouble.connection, trouble.text) == ("Post", "mail.example.org is not there.")
    desk.clock.forward(minutes=1)
    run_id = desk.ask()
    desk.app.ledger.sent(desk.claim(run_id), Receipt())
    assert desk.app.alerts.mail_trouble() is None


def test_a_message_that_is_replayed_says_the_same_again(desk: Desk) -> None:
    desk.mailer()
    desk.fail()
    desk.beat()
    claim = desk.app.ledger.claim_delivery()
    assert claim is not None
    desk.app.ledger.sent(claim, Receipt())
    again = desk.app.ledger.replay(claim.run_id, data="fresh", only="all", by=None)
    build = desk.app.ledger.claim_build()
    assert build is not None
    desk.app.ledger.built(build, desk.app.maker.make(build))
    repeat = desk.app.ledger.claim_delivery()
    assert repeat is not None
    assert (repeat.run_id, repeat.recipients) == (again, (AUTHOR,))
    assert [file.sha256 for file in repeat.artefacts] == [file.sha256 for file in claim.artefacts]


def test_while_a_person_holds_all_sending_nothing_is_late(desk: Desk) -> None:
    desk.export("Told", alerts=[{"on": ["late"], "to": [{"person": desk.app.owner.id}]}])
    desk.ask()
    desk.app.sending.hold("wrong numbers")
    desk.clock.forward(hours=2)
    desk.beat()
    assert desk.cards() == []
