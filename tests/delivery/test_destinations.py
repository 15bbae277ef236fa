from __future__ import annotations

from typing import Any

import pytest

from core.app import App
from core.errors import DataError
from core.model.delivery import ExportSpec

SMTP = {"host": "smtp.example.org", "from": "reports@example.org"}
MAIL = {"kind": "email", "settings": {"to": ["anna@example.org"]}}


def make(app: App, destination: dict[str, Any], **parts: Any) -> None:
    given = {
        "name": "Morning",
        "content": {"analysis": "revenue"},
        "triggers": [{"kind": "url"}],
        "destinations": [destination],
    }
    app.exports.create(ExportSpec.model_validate({**given, **parts}), by=app.owner.id)


def refused(app: App, destination: dict[str, Any], **parts: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        make(app, destination, **parts)
    return caught.value


@pytest.mark.parametrize(
    ("settings", "field", "said"),
    [
        ({}, "to", "'To' is needed"),
        ({"to": ["anna"]}, "to", "holds 'anna', which is no address"),
        ({"to": ["a@example.org"], "mode": "some"}, "mode", "one of each, all"),
        ({"to": ["a@example.org"], "tpo": 1}, None, "no field 'tpo' among the settings. Did you mean 'to'?"),
    ],
)
def test_settings_are_checked_whether_the_export_is_on_or_off(
    settings: dict[str, Any], field: str | None, said: str, sales_app: App
) -> None:
    for is_active in (True, False):
        error = refused(sales_app, {"kind": "email", "settings": settings}, is_active=is_active)
        assert said in str(error)
        assert error.field == ".".join(["destinations.0.settings", *([field] if field else [])])


def test_an_export_that_is_off_may_lack_its_connection(sales_app: App) -> None:
    make(sales_app, MAIL, is_active=False)


def test_one_that_is_on_needs_a_connection(sales_app: App) -> None:
    error = refused(sales_app, {"kind": "webhook"})
    assert error.field == "destinations.0.connection"
    assert "The webhook destination has no connection. Choose one, or add it first." in str(error)


def test_mails_without_one_go_by_the_mail_connection_that_is_there(sales_app: App) -> None:
    assert "has no connection" in str(refused(sales_app, MAIL))
    sales_app.connections.create("email", "Mail", SMTP, by=sales_app.owner.id)
    make(sales_app, MAIL)


def test_a_connection_of_another_kind_is_refused(sales_app: App) -> None:
    mail = sales_app.connections.create("email", "Mail", SMTP, by=sales_app.owner.id)
    assert "of kind 'email', not 'webhook'" in str(refused(sales_app, {"kind": "webhook", "connection": mail.id}))


def test_a_connection_that_is_gone_is_refused(sales_app: App) -> None:
    assert "There is no connection 'c1'" in str(refused(sales_app, {**MAIL, "connection": "c1"}))
