"""The destinations in the form of an export: mails and webhooks, their connections, what differs for one of them."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.delivery import ChannelDestination
from tests.pages.driving import Open, texts
from tests.pages.test_exports_list import act, export_of

PAGE = "pages/3_Exports.py"
FIRST = "exports_channel_0"


@pytest.fixture
def post(app: App) -> str:
    """A mail connection; its id."""
    settings = {"host": "mail.example.org", "port": 587, "from": "reports@example.org"}
    return app.connections.create("email", "Post", settings, by=app.owner.id).id


def channel(app: App) -> ChannelDestination:
    (one,) = app.exports.all()[0].spec.channels
    return one


def with_mail(open_page: Open) -> AppTest:
    return act(open_page(PAGE, new="1"), "exports_add_email")


def test_a_mail_goes_to_the_addresses_that_were_typed(
    open_page: Open, revenue: AnalysisSpec, post: str, app: App
) -> None:
    page = with_mail(open_page)
    page.multiselect(key=f"{FIRST}_set_to").set_value(["anna@example.org", "ben@example.org"])
    page.segmented_control(key=f"{FIRST}_set_mode").set_value("all")
    page.pills(key=f"{FIRST}_attachments").set_value(["pdf"])
    page.selectbox(key=f"{FIRST}_locale").set_value("de")
    page.text_input(key="exports_name").set_value("Mailed")
    page = act(page, "exports_save")
    one, export = channel(app), app.exports.all()[0]
    assert (one.connection, one.settings["to"], one.settings["mode"]) == (
        post,
        ["anna@example.org", "ben@example.org"],
        "all",
    )
    assert (one.overrides.attachments, one.overrides.locale, one.overrides.layout) == (("pdf",), "de", None)
    assert export.spec.is_active
    assert "anna@example.org".replace("@", "\u2060@") in texts(page)


def test_what_is_no_address_is_said(open_page: Open, revenue: AnalysisSpec, post: str, app: App) -> None:
    page = with_mail(open_page)
    page.multiselect(key=f"{FIRST}_set_to").set_value(["anna"])
    page = act(page, "exports_save")
    assert "'anna', which is no address" in page.error[-1].value
    assert app.exports.all() == []


def test_a_new_export_that_lacks_a_connection_is_kept_as_a_draft(
    open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    page = act(act(open_page(PAGE, new="1"), "exports_add_webhook"), "exports_save")
    assert not app.exports.all()[0].spec.is_active
    assert "It lacks a connection for Webhook" in texts(page)


def test_a_connection_is_made_right_there(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(act(open_page(PAGE, new="1"), "exports_add_webhook"), f"{FIRST}_connect")
    page.text_input(key="connections_name").set_value("Hook")
    page.text_input(key="connections_field_url").set_value("https://hooks.example.org/x")
    page = act(page, "exports_connection_save")
    act(page, "exports_save")
    (connection,) = app.connections.all()
    assert (connection.kind, channel(app).connection) == ("webhook", connection.id)
    assert app.exports.all()[0].spec.is_active


def test_what_the_form_does_not_show_of_a_destination_stays(
    open_page: Open, revenue: AnalysisSpec, post: str, app: App
) -> None:
    mail = {
        "kind": "email",
        "connection": post,
        "settings": {"to": ["anna@example.org"]},
        "overrides": {"where": {"country": ["FR"]}, "views": ["alert"]},
        "on_unknown": "hold",
    }
    export = export_of(app, "By API", destinations=[{"settings": {"slug": "by-api"}}, mail])
    act(open_page(PAGE, export=export.id), "exports_save")
    kept, before = channel(app), export.spec.channels[0]
    assert (kept.id, kept.overrides, kept.on_unknown) == (before.id, before.overrides, "hold")
    assert kept.settings["to"] == ["anna@example.org"]


def test_a_destination_is_removed(open_page: Open, revenue: AnalysisSpec, post: str, app: App) -> None:
    page = act(act(with_mail(open_page), f"{FIRST}_remove"), "exports_save")
    assert not page.error[1:]
    assert app.exports.all()[0].spec.channels == ()


def test_a_mail_has_words_of_its_own(open_page: Open, revenue: AnalysisSpec, post: str, app: App) -> None:
    page = with_mail(open_page)
    page.multiselect(key=f"{FIRST}_set_to").set_value(["anna@example.org"])
    page.text_input(key="exports_subject").set_value("Numbers")
    page.text_area(key="exports_before").set_value("Good *morning*")
    act(page, "exports_save")
    content = app.exports.all()[0].spec.content
    assert (content.subject, content.before) == ("Numbers", "Good *morning*")
