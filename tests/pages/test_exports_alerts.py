"""Who hears what becomes of an export, in its form."""

from __future__ import annotations

from core.app import App
from core.model.alerts import AlertTarget
from core.model.analysis import AnalysisSpec
from tests.pages.driving import Open, texts
from tests.pages.test_exports_list import act, export_of

PAGE = "pages/3_Exports.py"


def test_who_hears_of_what_is_chosen_and_kept(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    page = act(open_page(PAGE, new="1"), "exports_alerts_add")
    page.multiselect(key="exports_alert_failures").set_value(["ops@example.org"])
    page.pills(key="exports_alert_0_on").set_value(["late", "succeeded"])
    page.multiselect(key="exports_alert_0_to").set_value([f"person:{app.owner.id}", "team@example.org"])
    act(page, "exports_save")
    spec = app.exports.all()[0].spec
    assert spec.failure_recipients == ("ops@example.org",)
    (alert,) = spec.alerts
    assert alert.on == ("late", "succeeded")
    assert alert.to == (AlertTarget(person=app.owner.id), AlertTarget(email="team@example.org"))


def test_what_is_no_address_is_said(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, new="1")
    page.multiselect(key="exports_alert_failures").set_value(["ops"])
    page = act(page, "exports_save")
    assert "'ops' is no e-mail address" in page.error[-1].value


def test_what_the_form_cannot_offer_stays_as_it_is(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    settings = {"host": "mail.example.org", "from": "reports@example.org"}
    post = app.connections.create("email", "Post", settings, by=app.owner.id).id
    target = {"connection": post, "settings": {"to": ["ops@example.org"]}}
    saved = export_of(app, "Morning", alerts=[{"on": ["failed"], "to": [target]}])
    page = open_page(PAGE, export=saved.id)
    assert "Only one hears" not in texts(page)
    act(page, "exports_save")
    assert app.exports.get(saved.id).spec.alerts == saved.spec.alerts


def test_that_only_one_hears_is_said_and_an_alert_is_taken_away(
    open_page: Open, app: App, revenue: AnalysisSpec
) -> None:
    saved = export_of(app, "Morning", alerts=[{"on": ["late"], "to": [{"email": "ops@example.org"}]}])
    page = open_page(PAGE, export=saved.id)
    assert "Only one hears when this export fails" in texts(page)
    act(act(page, "exports_alert_0_remove"), "exports_save")
    assert app.exports.get(saved.id).spec.alerts == ()
