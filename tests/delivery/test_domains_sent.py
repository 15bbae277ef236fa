"""Mails to recipients whose domain was taken off the list after they had been saved: refused alone, and said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.app import App, open_app
from core.model.data import DatasetSpec, FilesSource
from core.model.runs import Attempt, Delivery
from core.settings import Settings
from tests.conftest import NOW, revenue_spec
from tests.connectors.mailing import Post, mail_server
from tests.delivery.alerts.desks import Desk
from tests.delivery.ledgers import Clock, only
from tests.delivery.test_teams_run import made, send

ANNA, BEN, EVE = "anna@example.org", "ben@example.org", "eve@evil.example"
WHY = (
    "eve@evil.example is outside the domains that mails may go to. Take it out, or let an administrator allow its "
    "domain in the settings. Allowed: example.org."
)


@pytest.fixture
def app(new_folder: Path, sales_csv: Path) -> Iterator[App]:
    """An installation that may call this computer, and whose owner has an address that can be written to."""
    settings = Settings(data_dir=new_folder, demo=False, egress_allow="127.0.0.1", owner_email="olga@example.org")
    opened = open_app(settings, clock=Clock(NOW))
    source = FilesSource(path=str(sales_csv))
    opened.catalogue.create(DatasetSpec(slug="sales", name="Sales", source=source), by=opened.owner.id)
    opened.analyses.create(revenue_spec(), by=opened.owner.id)
    yield opened
    opened.close()


@pytest.fixture
def post() -> Iterator[Post]:
    with mail_server() as opened:
        yield opened


def mailed(app: App, post: Post, *to: str, **settings: Any) -> str:
    """A run that is to be mailed to these addresses; its id."""
    given = {"host": "127.0.0.1", "port": post.port, "tls": "none", "from": "reports@example.org"}
    connection = app.connections.create("email", "Mail", given, by=app.owner.id).id
    named = {"to": list(to), **settings}
    return made(app, {"id": "mail", "kind": "email", "connection": connection, "settings": named})


def states(row: Delivery) -> dict[str, str]:
    return {address: told["state"] for address, told in row.recipients.items()}


def tries(app: App, run_id: str) -> list[Attempt]:
    return app.ledger.run(run_id).attempts[only(app.ledger, run_id).id]


@pytest.mark.parametrize("mode", ["each", "all"])
def test_one_outside_is_refused_alone_and_the_others_get_theirs(app: App, post: Post, mode: str) -> None:
    run_id = mailed(app, post, ANNA, EVE, BEN, mode=mode)
    app.domains.keep(["example.org"])
    send(app)
    assert sorted(who for envelope in post.envelopes for who in envelope.rcpt_tos) == [ANNA, BEN]
    delivery = only(app.ledger, run_id)
    assert states(delivery) == {ANNA: "succeeded", EVE: "failed", BEN: "succeeded"}
    assert delivery.recipients[EVE]["answer"] == WHY
    assert (delivery.state, delivery.reason) == ("failed", f"Refused: {EVE} ({WHY})")


def test_a_mail_for_all_does_not_name_who_is_refused(app: App, post: Post) -> None:
    mailed(app, post, ANNA, EVE, cc=[BEN, EVE], mode="all")
    app.domains.keep(["example.org"])
    send(app)
    (mail,) = post.messages
    assert (mail["To"], mail["Cc"]) == (ANNA, BEN)


def test_where_all_are_outside_nothing_is_sent_and_it_is_final(app: App, post: Post) -> None:
    run_id = mailed(app, post, EVE)
    app.domains.keep(["example.org"])
    send(app)
    (attempt,) = tries(app, run_id)
    assert (attempt.outcome, attempt.error_class, attempt.note, attempt.has_begun) == ("failed", "domain", WHY, False)
    delivery = only(app.ledger, run_id)
    assert (delivery.state, delivery.reason, states(delivery)) == ("failed", WHY, {EVE: "failed"})
    assert post.envelopes == []


def test_who_is_put_off_is_tried_again_and_who_is_outside_is_not(app: App, post: Post) -> None:
    post.answers[ANNA] = "451 4.7.1 Come back later"
    run_id = mailed(app, post, ANNA, EVE)
    app.domains.keep(["example.org"])
    send(app)
    assert states(only(app.ledger, run_id)) == {ANNA: "retry", EVE: "failed"}
    post.answers.clear()
    app.ledger.start_now(run_id, by=None)
    send(app)
    delivery = only(app.ledger, run_id)
    assert (delivery.state, states(delivery)) == ("failed", {ANNA: "succeeded", EVE: "failed"})


def test_once_the_domain_is_allowed_a_retry_serves_who_was_refused(app: App, post: Post) -> None:
    run_id = mailed(app, post, ANNA, EVE)
    app.domains.keep(["example.org"])
    send(app)
    app.domains.keep(["example.org", "evil.example"])
    app.ledger.retry(run_id, by=None)
    send(app)
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [[ANNA], [EVE]]
    assert only(app.ledger, run_id).state == "succeeded"


@pytest.fixture
def desk(app: App) -> Desk:
    hook = app.connections.create("webhook", "Hook", {"url": "https://hooks.example.org/x"}, by=app.owner.id)
    return Desk(app, app.clock, hook.id)  # type: ignore[arg-type]


def test_what_is_refused_here_says_nothing_of_the_mail_server(app: App, desk: Desk) -> None:
    mail = {"kind": "email", "connection": desk.mailer(), "settings": {"to": [EVE]}}
    desk.export(destinations=[mail])
    app.domains.keep(["example.org"])
    for _ in range(2):
        run_id = desk.ask()
        send(app)
        desk.clock.forward(minutes=1)
        assert "outside the domains" in next(r for r in app.ledger.run(run_id).deliveries if r.kind == "email").reason
    assert app.alerts.mail_trouble() is None


def test_news_for_somebody_outside_who_has_the_app_is_a_card(app: App, desk: Desk) -> None:
    desk.export()
    desk.mailer()
    app.domains.keep(["elsewhere.example"])
    desk.fail()
    desk.beat()
    assert desk.mails() == []
    assert desk.cards() == ["“Morning” did not reach Hook"]


def test_news_for_an_address_outside_is_refused_when_it_is_sent(app: App, desk: Desk) -> None:
    desk.export(failure_recipients=[EVE])
    desk.mailer()
    app.domains.keep(["example.org"])
    desk.fail()
    desk.beat()
    (run,) = desk.messages()
    send(app)
    (refused,) = [row for row in app.ledger.run(run.id).deliveries if row.name == EVE]
    assert (refused.state, refused.reason) == ("failed", WHY)
