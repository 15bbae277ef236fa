from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from core.app import App, open_app
from core.connections import SavedConnection
from core.errors import AlreadyExists, DataError, DeliveryError, NotFound, Stale
from core.settings import Settings
from core.store.connections import get_connection
from tests.conftest import NOW
from tests.connectors.mailing import mail_server

SETTINGS = {"host": "smtp.example.org", "from": "reports@example.org", "user": "reports"}
SECRETS = {"password": "hunter2"}


@pytest.fixture
def app(new_folder: Path) -> Iterator[App]:
    """An installation whose operator allows mail to this computer."""
    settings = Settings(data_dir=new_folder, demo=False, egress_allow="localhost")
    opened = open_app(settings, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def mail(app: App) -> SavedConnection:
    return app.connections.create("email", "Mail", SETTINGS, SECRETS, by=app.owner.id)


def local(port: int) -> dict[str, object]:
    return {"host": "localhost", "port": port, "tls": "none", "from": "reports@example.org"}


def test_a_connection_says_which_secrets_are_set_and_not_what_they_are(app: App, mail: SavedConnection) -> None:
    assert app.connections.all() == [mail]
    assert mail.secrets == {"password"}
    assert "hunter2" not in repr(mail)


def test_settings_that_are_left_out_have_their_defaults(mail: SavedConnection) -> None:
    assert (mail.settings["port"], mail.settings["tls"]) == (587, "starttls")


def test_a_kind_that_is_not_there_is_refused(app: App) -> None:
    with pytest.raises(DataError, match="no kind of connection 'fax'"):
        app.connections.create("fax", "Fax", {}, by=app.owner.id)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_name_is_one_short_line(app: App, name: str) -> None:
    with pytest.raises(DataError, match="one line of 1 to 100"):
        app.connections.create("email", name, SETTINGS, by=app.owner.id)


def test_two_connections_do_not_share_a_name(app: App, mail: SavedConnection) -> None:
    with pytest.raises(AlreadyExists, match="There is a connection 'Mail' already"):
        app.connections.create("email", "mail", SETTINGS, by=app.owner.id)


def test_a_change_keeps_what_is_not_named(app: App, mail: SavedConnection) -> None:
    changed = app.connections.change(mail.id, name="Post", settings={"port": 465, "tls": "tls"})
    assert (changed.name, changed.settings["host"], changed.settings["port"]) == ("Post", "smtp.example.org", 465)
    assert (changed.secrets, changed.revision) == ({"password"}, 2)


def test_a_setting_that_is_none_falls_back_to_its_default(app: App, mail: SavedConnection) -> None:
    assert app.connections.change(mail.id, settings={"user": None}).settings["user"] is None


def test_a_secret_is_replaced_kept_or_forgotten(app: App, mail: SavedConnection) -> None:
    app.connections.change(mail.id, secrets={"password": "***"})
    assert opened(app, mail) == {"password": "hunter2"}
    app.connections.change(mail.id, secrets={"password": "hunter3"})
    assert opened(app, mail) == {"password": "hunter3"}
    assert app.connections.change(mail.id, secrets={"password": None}).secrets == frozenset()


def test_a_secret_does_not_go_to_another_host_than_it_was_given_for(app: App, mail: SavedConnection) -> None:
    with pytest.raises(DataError, match="Type the password again: it was given for another one") as caught:
        app.connections.change(mail.id, settings={"host": "smtp.attacker.example"})
    assert caught.value.field == "secrets.password"
    moved = app.connections.change(mail.id, settings={"host": "smtp.new.example"}, secrets={"password": "new"})
    assert (moved.settings["host"], opened(app, mail)) == ("smtp.new.example", {"password": "new"})


def test_a_change_from_an_old_revision_is_refused(app: App, mail: SavedConnection) -> None:
    app.connections.change(mail.id, name="Post")
    with pytest.raises(Stale, match="was changed meanwhile"):
        app.connections.change(mail.id, name="Letters", if_revision=mail.revision)


def test_a_deleted_connection_is_gone(app: App, mail: SavedConnection) -> None:
    app.connections.delete(mail.id)
    with pytest.raises(NotFound):
        app.connections.get(mail.id)


def test_a_check_is_kept_until_the_connection_changes(app: App) -> None:
    with mail_server() as post:
        mail = app.connections.create("email", "Mail", local(post.port), by=app.owner.id)
        assert app.connections.check(mail.id).ok
    checked = app.connections.get(mail.id)
    assert checked.last_check is not None
    assert (checked.last_check.ok, checked.checked_at) == (True, NOW)
    assert app.connections.change(mail.id, settings={"port": 2525}).last_check is None


def test_a_failed_check_is_an_answer(app: App, mail: SavedConnection) -> None:
    app.connections.change(mail.id, settings={"host": "10.0.0.7"}, secrets=SECRETS)
    check = app.connections.check(mail.id)
    assert not check.ok
    assert "'10.0.0.7' is not called" in check.text


def test_a_connection_whose_key_is_gone_says_so_and_can_be_typed_again(app: App, mail: SavedConnection) -> None:
    other = Settings(data_dir=app.settings.data_dir, demo=False, secret_key="another-key-than-before")
    with_another_key = open_app(other, clock=lambda: NOW)
    found = with_another_key.connections.get(mail.id)
    assert found.secrets == frozenset()
    assert "were sealed with key" in found.problem
    assert "were sealed with key" in with_another_key.connections.check(mail.id).text
    typed = with_another_key.connections.change(mail.id, secrets={"password": "hunter4"})
    assert (typed.problem, typed.secrets) == ("", {"password"})
    with_another_key.close()


def test_mail_goes_by_the_only_connection_or_by_the_one_that_was_chosen(app: App) -> None:
    with mail_server() as first, mail_server() as second:
        app.connections.create("email", "First", local(first.port), by=app.owner.id)
        app.connections.send_mail(letter())
        app.connections.create("email", "Second", {**local(second.port), "is_default": True}, by=app.owner.id)
        app.connections.send_mail(letter())
    assert (len(first.messages), len(second.messages)) == (1, 1)


def test_only_one_connection_is_the_chosen_one(app: App, mail: SavedConnection) -> None:
    app.connections.change(mail.id, settings={"is_default": True})
    second = app.connections.create("email", "Second", {**SETTINGS, "is_default": True}, by=app.owner.id)
    assert {saved.name: saved.settings["is_default"] for saved in app.connections.all()} == {
        "Mail": False,
        "Second": True,
    }
    assert app.connections.mailer() == second


def test_without_a_mail_connection_nothing_is_sent_and_it_is_said(app: App) -> None:
    assert app.connections.mailer() is None
    with pytest.raises(DeliveryError, match="There is no mail connection"):
        app.connections.send_mail(letter())


def letter() -> EmailMessage:
    message = EmailMessage()
    message["To"], message["Subject"] = "anna@example.org", "Hello"
    message.set_content("Hello")
    return message


def opened(app: App, mail: SavedConnection) -> dict[str, str]:
    """What a call would use."""
    with app.store.read() as session:
        return app.connections.secrets.open(get_connection(session, app.organisation.id, mail.id).secrets)


def test_what_a_service_renewed_is_kept_and_for_people_nothing_changed(app: App, mail: SavedConnection) -> None:
    _, account = app.connections.channel("email", mail.id)
    account.renew({"password": "another"})
    assert app.connections.channel("email", mail.id)[1].secrets == {"password": "another"}
    assert app.connections.get(mail.id).revision == mail.revision


def test_what_somebody_typed_meanwhile_is_not_overwritten(app: App, mail: SavedConnection) -> None:
    _, account = app.connections.channel("email", mail.id)
    app.connections.change(mail.id, secrets={"password": "typed"})
    account.renew({"password": "another"})
    assert app.connections.channel("email", mail.id)[1].secrets == {"password": "typed"}
    app.connections.delete(mail.id)
    account.renew({"password": "another"})
    assert app.connections.all() == []
