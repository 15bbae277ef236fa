"""The domains that mails may go to: how they are written, and that a save and a subscription ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from core.access.tokens import ALL_SCOPES, caller_for
from core.app import App
from core.delivery.domains import MOST_DOMAINS, is_allowed, plain_domain
from core.errors import DataError
from core.model.delivery import ExportSpec

ALLOWED = ("example.org", "*.example.net")
CONTENT = {"kind": "report", "analysis": "revenue"}


def spec_of(**changes: Any) -> ExportSpec:
    return ExportSpec.model_validate({"name": "Mailed", "is_active": False, "content": CONTENT, **changes})


def mailed_to(**lists: list[str]) -> dict[str, Any]:
    return {"destinations": [{"kind": "email", "settings": {"to": ["anna@example.org"], **lists}}]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Example.ORG", "example.org"),
        (" example.org. ", "example.org"),
        ("*.Example.org", "*.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.Straße.example", "*.xn--strae-oqa.example"),
    ],
)
def test_a_domain_is_kept_in_one_spelling(given: str, kept: str) -> None:
    assert plain_domain(given) == kept


@pytest.mark.parametrize(
    "given", ["", "*", "*.", "anna@example.org", "https://example.org", "a b", "192.0.2.1", "a.*.b", "ü" * 100_000]
)
def test_what_is_no_domain_is_refused(given: str) -> None:
    with pytest.raises(DataError, match=r"is no domain. Write it like example\.org"):
        plain_domain(given)


@pytest.mark.parametrize(
    "address", ["anna@example.org", "Anna <ANNA@Example.Org>", "a@mail.example.net", "a@b.c.example.net"]
)
def test_an_address_of_an_allowed_domain_is_let_through(address: str) -> None:
    assert is_allowed(address, ALLOWED)


@pytest.mark.parametrize(
    "address",
    [
        "a@sub.example.org",
        "a@example.net",
        "a@badexample.org",
        "a@badexample.net",
        "a@example.org.evil.example",
        "example.org <a@evil.example>",
        "a@[192.0.2.1]",
        "nobody",
    ],
)
def test_an_address_of_any_other_domain_is_not(address: str) -> None:
    assert not is_allowed(address, ALLOWED)


def test_an_address_in_letters_and_its_coded_form_are_of_one_domain() -> None:
    allowed = (plain_domain("bücher.example"),)
    assert is_allowed("a@BÜCHER.example", allowed)
    assert is_allowed("a@xn--bcher-kva.example", allowed)


def test_without_any_every_address_is_let_through() -> None:
    assert is_allowed("a@wherever.example", ())


def test_a_change_is_kept_and_told_to_the_audit_once(sales_app: App) -> None:
    for _ in range(2):
        sales_app.domains.keep(["Example.org", "*.example.net", "example.ORG"])
    assert sales_app.domains.all() == ALLOWED
    (entry,) = [one for one in sales_app.audit.entries() if one.act == "recipients.domains_changed"]
    assert entry.detail == {"from": [], "to": list(ALLOWED)}


def test_too_many_are_refused(sales_app: App) -> None:
    with pytest.raises(DataError, match=f"at most {MOST_DOMAINS}"):
        sales_app.domains.keep(f"d{number}.example" for number in range(MOST_DOMAINS + 1))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        (mailed_to(to=["anna@example.org", "eve@evil.example"]), "destinations.0.settings.to"),
        (mailed_to(cc=["eve@evil.example"]), "destinations.0.settings.cc"),
        (mailed_to(bcc=["Eve <eve@evil.example>"]), "destinations.0.settings.bcc"),
        ({"failure_recipients": ["ok@example.org", "eve@evil.example"]}, "failure_recipients.1"),
        ({"alerts": [{"on": ["late"], "to": [{"email": "eve@evil.example"}]}]}, "alerts.0.to.0.email"),
    ],
)
def test_an_export_that_writes_to_others_is_not_kept(sales_app: App, changes: dict[str, Any], place: str) -> None:
    sales_app.domains.keep(ALLOWED)
    with pytest.raises(DataError) as refused:
        sales_app.exports.create(spec_of(**changes), by=sales_app.owner.id)
    assert refused.value.field == place
    assert str(refused.value) == (
        "eve@evil.example is outside the domains that mails may go to. Take it out, or let an administrator allow its "
        "domain in the settings. Allowed: example.org, *.example.net."
    )


def test_an_alert_by_a_mail_connection_is_asked_too(sales_app: App) -> None:
    mail = sales_app.connections.create(
        "email", "Mail", {"host": "mail.example.org", "from": "r@example.org"}, by=sales_app.owner.id
    )
    sales_app.domains.keep(ALLOWED)
    target = {"connection": mail.id, "settings": {"to": ["eve@evil.example"]}}
    with pytest.raises(DataError) as refused:
        sales_app.exports.create(spec_of(alerts=[{"on": ["late"], "to": [target]}]), by=sales_app.owner.id)
    assert refused.value.field == "alerts.0.to.0.settings.to"


def test_a_channel_that_looks_like_an_address_is_no_recipient(sales_app: App) -> None:
    sales_app.domains.keep(ALLOWED)
    slack = {"kind": "slack", "settings": {"channel": "channel@evil.example"}}
    kept = sales_app.exports.create(spec_of(destinations=[slack]), by=sales_app.owner.id)
    assert kept.spec.channels[0].settings["channel"] == "channel@evil.example"


def test_what_was_kept_before_is_asked_when_it_is_changed_or_switched_on_and_goes_off_freely(sales_app: App) -> None:
    spec = spec_of(failure_recipients=["eve@evil.example"])
    export = sales_app.exports.create(spec, by=sales_app.owner.id)
    sales_app.domains.keep(ALLOWED)
    with pytest.raises(DataError, match="eve@evil"):
        sales_app.exports.change(export.id, spec.model_copy(update={"name": "Another"}))
    assert not sales_app.exports.switch(export.id, False).spec.is_active
    sales_app.domains.keep([])
    assert sales_app.exports.change(export.id, spec.model_copy(update={"name": "Another"})).spec.name == "Another"


def test_an_export_with_an_outside_recipient_is_not_switched_on(sales_app: App) -> None:
    link = {"kind": "link", "settings": {"slug": "report"}}
    spec = spec_of(failure_recipients=["eve@evil.example"], destinations=[link])
    export = sales_app.exports.create(spec, by=sales_app.owner.id)
    sales_app.domains.keep(ALLOWED)
    with pytest.raises(DataError, match="eve@evil"):
        sales_app.exports.switch(export.id, True)
    assert not sales_app.exports.get(export.id).spec.is_active


def test_somebody_outside_cannot_subscribe(sales_app: App) -> None:
    link = {"kind": "link", "settings": {"slug": "report"}}
    export = sales_app.exports.create(spec_of(is_active=True, destinations=[link]), by=sales_app.owner.id)
    person = sales_app.people.add(sales_app.sessions.built_in_owner(), "eve@evil.example", "Eve", "viewer")
    sales_app.domains.keep(ALLOWED)
    eve = caller_for(person, frozenset(ALL_SCOPES))
    with pytest.raises(DataError, match=r"eve@evil\.example is outside .* Allowed: example\.org"):
        sales_app.subscriptions.begin(eve, export.id)
    assert sales_app.subscriptions.of(eve) == frozenset()
