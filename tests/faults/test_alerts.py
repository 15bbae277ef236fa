"""What people are told when things fail, each with a real sidecar (faults 9, 10, 16, 36, 46, 47)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select, update

from core.app import system_clock
from core.model.delivery import ExportSpec
from core.model.runs import Circuit, InboxCard, Run
from core.store.run_lists import RunFilter
from tests.connectors.mailing import PASSWORD, USER, Post, mail_server
from tests.faults.conftest import Works
from tests.faults.nursery import set_clock
from tests.polling import wait_for
from tests.tls import make_certificates

pytestmark = pytest.mark.timeout(600)

OPS = "ops@example.org"
HOUR = timedelta(hours=1)


def cards(works: Works) -> list[InboxCard]:
    return works.app.inbox.of(works.app.owner.id)


def told(works: Works) -> InboxCard:
    """The first card, once there is one."""
    wait_for(lambda: cards(works), what="card")
    return cards(works)[-1]


def messages(works: Works) -> list[Run]:
    """The runs by which something is told."""
    with works.app.store.read() as session:
        return list(session.exec(select(Run).where(Run.subject_kind == "alert")))


def mailer(works: Works, port: int, secrets: dict[str, object] | None = None, **settings: Any) -> str:
    given = {"host": "127.0.0.1", "port": port, "tls": "none", "from": "reports@example.org", **settings}
    return works.app.connections.create("email", "Post", given, secrets or {}, by=works.app.owner.id).id


def export(works: Works, destination: dict[str, Any], trigger: dict[str, Any], **more: Any) -> str:
    spec = {"name": "Revenue", "content": {"kind": "report", "analysis": "revenue"}, **more}
    spec |= {"destinations": [destination], "triggers": [trigger]}
    return works.app.exports.create(ExportSpec.model_validate(spec), by=works.app.owner.id).id


def to_hook(works: Works) -> dict[str, Any]:
    return {"kind": "webhook", "connection": works.connection("/a")}


def back_after(works: Works, tmp_path: Path, off: timedelta) -> None:
    """The sidecar comes back so long after everything was made."""
    clock = tmp_path / "clock"
    set_clock(clock, off.total_seconds())
    works.start(clock)


def of_schedule(works: Works) -> list[Run]:
    found = works.app.ledger.runs(RunFilter(), limit=500)
    return [row.run for row in found if row.run.trigger_kind == "schedule"]


@pytest.mark.parametrize(("late", "sent", "missed"), [(3, 1, 1), (13, 0, 2)])
def test_off_for_days_a_daily_export_runs_once_if_it_is_not_too_late_and_one_summary_tells_the_rest(
    works: Works, tmp_path: Path, late: int, sent: int, missed: int
) -> None:
    due = system_clock() - timedelta(minutes=2)
    export(works, to_hook(works), {"kind": "schedule", "cron": f"{due.minute} {due.hour} * * *", "zone": "UTC"})
    back_after(works, tmp_path, 48 * HOUR + late * HOUR)
    card = told(works)
    wait_for(lambda: len(of_schedule(works)) == sent + missed, what="runs")
    wait_for(lambda: all(run.finished_at for run in of_schedule(works)), what="end of the runs")
    states = sorted((run.state, run.reason) for run in of_schedule(works))
    assert states == [("ignored", "missed")] * missed + [("succeeded", "")] * sent
    assert card.title == "“Revenue” missed planned runs"
    assert len(cards(works)) == 1


def test_off_for_a_day_what_runs_every_five_minutes_runs_once_with_one_row_and_one_summary(
    works: Works, tmp_path: Path
) -> None:
    first = (system_clock().minute + 3) % 5
    export(works, to_hook(works), {"kind": "schedule", "cron": f"{first}-59/5 * * * *", "zone": "UTC"})
    back_after(works, tmp_path, 26 * HOUR)
    told(works)
    run, rest = sorted(of_schedule(works), key=lambda run: run.state != "ignored", reverse=True)
    assert rest.reason == "missed"
    assert rest.note.startswith("311 occurrences from ")
    works.reached(run.id, "succeeded")
    assert len(works.receiver.came) == 1
    assert len(cards(works)) == 1


def test_a_receiver_that_is_gone_is_switched_off_at_once_and_one_mail_tells_so(works: Works) -> None:
    works.receiver.answer = lambda came: (410, {})
    with mail_server() as post:
        mailer(works, post.port)
        export_id = export(works, to_hook(works), {"kind": "url"}, failure_recipients=[OPS])
        run_id = works.ask(export_id)
        works.start()
        works.reached(run_id, "failed")
        (mail,) = wait_for_mails(post, 1)
        later = works.ask(export_id)
        works.reached(later, "succeeded")
        (passed_over,) = works.sent(later)
        assert (passed_over.state, passed_over.reason) == ("ignored", "destination disabled")
    assert (mail["To"], mail["Subject"]) == (OPS, "2 alerts: “Revenue” did not reach /a")
    said = mail.get_body(("plain",)).get_content()
    assert "/a was switched off for “Revenue”" in said
    assert f"/Runs?run={run_id}" in said


def wait_for_mails(post: Post, count: int) -> list[Any]:
    wait_for(lambda: len(post.messages) >= count, what=f"{count} mails")
    return post.messages


def test_a_mail_of_an_alert_outlives_a_sidecar_that_is_killed_and_comes_once(works: Works) -> None:
    works.receiver.answer = lambda came: (410, {})
    with mail_server(MAIL="451 4.7.1 Come back later") as post:
        mailer(works, post.port)
        run_id = works.ask(export(works, to_hook(works), {"kind": "url"}, failure_recipients=[OPS]))
        works.start()
        works.reached(run_id, "failed")
        works.kill()
        works.start()
        wait_for(lambda: messages(works), what="message")
        wait_for(lambda: messages(works)[0].state == "retry", what="try that is put off")
        works.kill()
        post.answers.clear()
        works.app.ledger.start_now(messages(works)[0].id, by=None)
        works.start()
        works.reached(messages(works)[0].id, "succeeded")
        assert len(messages(works)) == 1
        assert [mail["To"] for mail in post.messages] == [OPS]


def test_a_refused_mail_account_is_told_in_the_app_alone_and_burns_no_tries(works: Works, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")
    works.environment["SSL_CERT_FILE"] = str(certificates.authority)
    with mail_server(tls=certificates.serving, sign_in=True) as post:
        mail = mailer(works, post.port, {"password": "an old one"}, tls="tls", user=USER)
        destination = {"kind": "email", "connection": mail, "settings": {"to": ["anna@example.org"]}}
        run_id = works.ask(export(works, destination, {"kind": "url"}, failure_recipients=[OPS]))
        works.start()
        card = told(works)
        assert card.title == "The connection “Post” was refused and sends nothing now"
        trouble = works.app.alerts.mail_trouble()
        assert trouble is not None
        assert "535" in trouble.text
        assert health(works).status_code == 503
        assert messages(works) == []
        works.app.connections.change(mail, secrets={"password": PASSWORD})
        works.reached(run_id, "succeeded")
        assert [row.tries for row in works.app.ledger.run(run_id).deliveries] == [0, 0]
        wait_for(lambda: health(works).status_code == 200, what="health")


def waits(works: Works, run_id: str, tries: int) -> bool:
    """Whether so many tries were made, and the next one waits for its time."""
    attempts = [each for one in works.app.ledger.run(run_id).attempts.values() for each in one]
    return works.state(run_id) == "retry" and len(attempts) == tries and attempts[-1].finished_at is not None


def health(works: Works) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{works.app.settings.api_port}/healthz", timeout=60)


def test_what_fails_for_five_days_is_switched_off_and_switched_on_sends_what_was_missed(works: Works) -> None:
    works.receiver.answer = lambda came: (500, {})
    export_id = export(works, to_hook(works), {"kind": "url"})
    works.start()
    for count in (1, 2):
        works.reached(works.ask(export_id), "retry")
        with works.app.store.write() as session:
            since = system_clock() - timedelta(days=5)
            session.exec(update(Circuit).values(failing_since=since))
        assert works.app.ledger.circuits()[0].failed_deliveries == count
    works.ask(export_id)
    card = told(works)
    assert "/a was switched off for “Revenue”" in [card.title, *card.body["lines"]]  # type: ignore[misc]
    (circuit,) = works.app.ledger.circuits()
    assert circuit.disabled_reason == "nothing arrived there for 5 days"
    missed = works.ask(export_id)
    works.reached(missed, "succeeded")
    works.receiver.answer = lambda came: (200, {})
    assert missed in works.app.ledger.switch_on(circuit.id)
    replay = works.app.ledger.replay(missed, data="same", only="failed", by=None)
    works.reached(replay, "succeeded")
    (delivery,) = works.sent(replay)
    assert works.receiver.counts[delivery.id] == 1


def test_when_mail_itself_fails_the_app_and_the_health_say_so_and_nothing_loops(works: Works) -> None:
    mail = mailer(works, 1)
    destination = {"kind": "email", "connection": mail, "settings": {"to": ["anna@example.org"]}}
    run_id = works.ask(export(works, destination, {"kind": "url"}, failure_recipients=[OPS]))
    works.start()
    for tries in range(1, 6):
        wait_for(lambda tries=tries: waits(works, run_id, tries), what=f"end of try {tries}")  # type: ignore[misc]
        if tries == 2:
            assert works.app.alerts.mail_trouble() is not None
            answer = health(works)
            assert (answer.status_code, answer.json()["status"]) == (503, "mail fails")
        works.app.ledger.start_now(run_id, by=None)
    works.reached(run_id, "failed")
    assert told(works).title == "“Revenue” did not reach anna@example.org"
    assert messages(works) == []
