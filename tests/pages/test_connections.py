"""The Connections page: add, change, test and delete, drawn from the fields that a connector declares."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.connections import SavedConnection
from core.store.connections import get_connection
from tests.connectors.mailing import mail_server
from tests.pages.driving import Open, settled, texts

PAGE = "pages/6_Connections.py"
MAIL = {"host": "smtp.example.org", "from": "Reports <reports@example.org>", "user": "reports"}


@pytest.fixture
def mail(app: App) -> SavedConnection:
    return app.connections.create("email", "Company mail", MAIL, {"password": "hunter2"}, by=app.owner.id)


def press(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())


def write(page: AppTest, field: str, text: str) -> AppTest:
    return settled(page.text_input(key=f"connections_field_{field}").set_value(text).run())


def password(app: App, connection: SavedConnection) -> str | None:
    with app.store.read() as session:
        sealed = get_connection(session, app.organisation.id, connection.id).secrets
    return app.connections.secrets.open(sealed).get("password")


def test_an_empty_page_says_what_a_connection_is_good_for(open_page: Open) -> None:
    page = open_page(PAGE)
    assert "A mail server lets Bridgecast send invitations" in page.info[0].value
    assert page.button(key="connections_new")


def test_a_connection_is_added(open_page: Open, app: App) -> None:
    page = press(open_page(PAGE), "connections_new")
    write(write(page, "host", "smtp.example.org"), "from", "reports@example.org")
    page = press(write(page, "password", "hunter2"), "connections_save")
    (saved,) = app.connections.all()
    assert (saved.name, saved.settings["host"], saved.secrets) == ("E-mail (SMTP)", "smtp.example.org", {"password"})
    assert "The connection is saved. Test it." in page.toast[0].value
    assert "Not tested yet" in texts(page)


def test_what_is_missing_is_said_and_what_was_typed_stays(open_page: Open, app: App) -> None:
    page = press(write(open_page(PAGE, new="1"), "host", "smtp.example.org"), "connections_save")
    assert "'From' is needed." in page.error[0].value
    assert page.text_input(key="connections_field_host").value == "smtp.example.org"
    assert app.connections.all() == []


def test_a_secret_is_never_shown_again(open_page: Open, mail: SavedConnection) -> None:
    for page in (open_page(PAGE), open_page(PAGE, connection=mail.id)):
        assert "hunter2" not in str(page.main)
    field = page.text_input(key="connections_field_password")
    assert (field.value, field.placeholder) == ("", "*** is set, type to replace it")


def test_an_untouched_secret_stays(open_page: Open, app: App, mail: SavedConnection) -> None:
    page = open_page(PAGE, connection=mail.id)
    page = press(settled(page.number_input(key="connections_field_port").set_value(2525).run()), "connections_save")
    assert app.connections.get(mail.id).settings["port"] == 2525
    assert password(app, mail) == "hunter2"


def test_a_secret_is_typed_anew(open_page: Open, app: App, mail: SavedConnection) -> None:
    press(write(open_page(PAGE, connection=mail.id), "password", "hunter3"), "connections_save")
    assert password(app, mail) == "hunter3"


def test_a_secret_is_forgotten(open_page: Open, app: App, mail: SavedConnection) -> None:
    page = open_page(PAGE, connection=mail.id)
    press(settled(page.checkbox(key="connections_forget_password").check().run()), "connections_save")
    assert password(app, mail) is None


def test_another_host_asks_for_the_password_again(open_page: Open, app: App, mail: SavedConnection) -> None:
    page = write(open_page(PAGE, connection=mail.id), "host", "smtp.attacker.example")
    page = press(page, "connections_save")
    assert "Type the password again" in page.error[0].value
    assert app.connections.get(mail.id) == mail


def test_what_a_test_finds_is_said_and_stays(
    open_page: Open, app: App, mail: SavedConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGECAST_EGRESS_ALLOW", "localhost")
    with mail_server() as post:
        here = {"host": "localhost", "port": post.port, "tls": "none", "user": None}
        app.connections.change(mail.id, settings=here, secrets={"password": None})
        page = press(open_page(PAGE), f"connections_test_{mail.id}")
    assert "Works" in texts(page)
    assert "without encryption. It answered 250 OK." in texts(page)
    assert "Works" in texts(open_page(PAGE))


def test_a_test_that_fails_says_what_to_do(open_page: Open, app: App, mail: SavedConnection) -> None:
    app.connections.change(mail.id, settings={"host": "127.0.0.1"}, secrets={"password": "hunter2"})
    page = press(open_page(PAGE), f"connections_test_{mail.id}")
    assert "Does not work" in texts(page)
    assert "it is this computer" in texts(page)


def test_a_connection_is_deleted_after_asking(open_page: Open, app: App, mail: SavedConnection) -> None:
    page = press(open_page(PAGE), f"connections_delete_{mail.id}")
    assert app.connections.all() == [mail]
    press(page, "connections_delete_now")
    assert app.connections.all() == []


def test_cancel_leads_back_and_changes_nothing(open_page: Open, app: App, mail: SavedConnection) -> None:
    page = press(write(open_page(PAGE, connection=mail.id), "user", "other"), "connections_cancel_edit")
    assert page.title[0].value == "Connections"
    assert app.connections.get(mail.id) == mail
    page.query_params["connection"] = mail.id
    assert settled(page.run()).text_input(key="connections_field_user").value == "reports"


def test_an_address_of_none_is_said(open_page: Open) -> None:
    assert "There is no connection 'gone'" in open_page(PAGE, connection="gone").error[0].value


def test_a_name_is_shown_as_it_was_typed(open_page: Open, app: App, mail: SavedConnection) -> None:
    app.connections.change(mail.id, name="<b>*Mail*</b>")
    assert "\\<b\\>\\*Mail\\*\\</b\\>" in texts(open_page(PAGE))
