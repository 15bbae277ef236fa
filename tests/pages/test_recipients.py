"""The domains that mails may go to, on the Settings page."""

from __future__ import annotations

from core.app import App
from tests.pages.driving import Open, settled, texts

PAGE = "pages/7_Settings.py"
DOMAINS = "settings_recipient_domains"


def test_domains_are_kept_as_they_are_written_by_machines(open_page: Open, app: App) -> None:
    page = open_page(PAGE, section="recipients")
    assert "to any while there is none" in texts(page)
    page.multiselect(key=DOMAINS).set_value(["Example.org", "*.bücher.example"])
    settled(page.button(key="settings_recipients_keep").click().run())
    assert app.domains.all() == ("example.org", "*.xn--bcher-kva.example")
    assert page.multiselect(key=DOMAINS).value == ["example.org", "*.xn--bcher-kva.example"]
    assert page.toast[0].value == "Mails go to these domains alone."


def test_what_is_no_domain_is_said_and_stays_to_be_mended(open_page: Open, app: App) -> None:
    page = open_page(PAGE, section="recipients")
    page.multiselect(key=DOMAINS).set_value(["anna@example.org"])
    settled(page.button(key="settings_recipients_keep").click().run())
    assert "is no domain" in page.error[0].value
    assert page.multiselect(key=DOMAINS).value == ["anna@example.org"]
    assert app.domains.all() == ()


def test_without_any_domain_mails_go_anywhere_again(open_page: Open, app: App) -> None:
    app.domains.keep(["example.org"])
    page = open_page(PAGE, section="recipients")
    page.multiselect(key=DOMAINS).set_value([])
    settled(page.button(key="settings_recipients_keep").click().run())
    assert app.domains.all() == ()
