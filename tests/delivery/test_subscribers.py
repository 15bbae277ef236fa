from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.access.egress import Egress
from core.app import App
from core.delivery.recipients import ALL_LEFT
from core.delivery.work import Made
from core.model.delivery import ExportSpec
from core.settings import Settings
from tests.connectors.mailing import mail_server
from tests.delivery.test_maker import built

ANNA, BEN = "anna@example.org", "Ben <ben@example.org>"
MAIL = {"id": "mail", "kind": "email", "settings": {"to": [ANNA, BEN], "mode": "each"}}
LINK = {"kind": "link", "settings": {"slug": "left"}}


@pytest.fixture
def export_id(sales_app: App) -> str:
    spec = ExportSpec.model_validate({"name": "Morning", "content": {"analysis": "revenue"}, "destinations": [LINK]})
    return sales_app.exports.create(spec, by=sales_app.owner.id).id


def made(app: App, export_id: str, **parts: Any) -> Made:
    return app.maker.make(built(app, export_id=export_id, spec={"destinations": [MAIL]}, **parts))


def leave(app: App, export_id: str, recipient: str) -> None:
    token = app.subscribers.link(export_id, recipient).rpartition("/")[2]
    assert app.subscribers.leave(token) is not None


def test_who_left_is_written_to_no_more(sales_app: App, export_id: str) -> None:
    leave(sales_app, export_id, "BEN@example.org")
    (delivery,) = made(sales_app, export_id).deliveries
    assert (delivery.recipients, delivery.state) == ((ANNA,), "planned")


def test_where_all_left_the_delivery_is_ignored_and_says_why(sales_app: App, export_id: str) -> None:
    for recipient in (ANNA, BEN):
        leave(sales_app, export_id, recipient)
    (delivery,) = made(sales_app, export_id).deliveries
    assert (delivery.recipients, delivery.state, delivery.reason) == ((), "ignored", ALL_LEFT)


def test_who_came_back_is_written_to_again(sales_app: App, export_id: str) -> None:
    leave(sales_app, export_id, ANNA)
    sales_app.subscribers.come_back(sales_app.subscribers.link(export_id, ANNA).rpartition("/")[2])
    assert made(sales_app, export_id).deliveries[0].recipients == (ANNA, BEN)


def test_a_link_of_another_installation_is_unknown(sales_app: App) -> None:
    assert sales_app.subscribers.find("bm90aGluZw.abc") is None
    assert sales_app.subscribers.leave("") is None


def test_the_maker_s_message_and_files_arrive_as_a_mail(sales_app: App, export_id: str) -> None:
    """From what an export says to the mailbox: what is drawn is what is sent."""
    asked = {**MAIL, "overrides": {"attachments": ["csv", "png"]}}
    build = built(sales_app, export_id=export_id, spec={"destinations": [asked]})
    sales_app.ledger.built(build, sales_app.maker.make(build))
    claim = sales_app.ledger.claim_delivery()
    assert claim is not None
    with mail_server() as post:
        given = {"host": "localhost", "port": post.port, "tls": "none", "from": "reports@example.org"}
        sales_app.connections.create("email", "Mail", given, by=sales_app.owner.id)
        door = replace(sales_app.connections, outside=Egress(Settings(egress_allow="localhost", demo=False)))
        receipt = replace(sales_app.sender, connections=door).send(claim)
    assert {state for state, _ in receipt.recipients.values()} == {"succeeded"}
    first = post.messages[0]
    message = json.loads(sales_app.artefacts.read(next(a for a in claim.artefacts if a.name == "email.json")))
    assert first["Subject"] == message["subject"]
    attached = [part.get_filename() for part in first.iter_attachments()]
    assert [str(name).rpartition(".")[2] for name in attached] == ["csv", "png"]
    pictures = [part for part in first.walk() if part.get_content_disposition() == "inline"]
    assert len(pictures) == len(message["pictures"]) > 0
