"""Who hears what becomes of an export."""

from __future__ import annotations

from typing import Any

import pytest

from core.app import App
from core.delivery.alerts.recipients import everybody, listeners
from core.errors import DataError
from core.model.alerts import AlertKind, AlertTarget
from core.model.delivery import ExportSpec
from tests.conftest import export_spec


def spec_of(**changes: Any) -> ExportSpec:
    return ExportSpec.model_validate(export_spec().model_dump() | changes)


def heard(app: App, spec: ExportSpec, kind: AlertKind, author: str | None = None) -> tuple[AlertTarget, ...]:
    with app.store.read() as session:
        return listeners(everybody(session, app.organisation.id), spec, kind, author or app.owner.id)


def add(app: App, email: str) -> str:
    return app.people.add(app.sessions.built_in_owner(), email, "Ann", "analyst").id


def test_the_author_hears_of_failures_and_of_nothing_else(sales_app: App) -> None:
    me = AlertTarget(person=sales_app.owner.id)
    assert heard(sales_app, spec_of(), "failed") == (me,)
    assert heard(sales_app, spec_of(), "succeeded") == ()


def test_failure_recipients_hear_of_failures_of_what_is_switched_off_and_of_the_end_of_it(sales_app: App) -> None:
    spec = spec_of(failure_recipients=["ops@example.org"])
    for kind in ("failed", "disabled", "recovered"):
        assert AlertTarget(email="ops@example.org") in heard(sales_app, spec, kind)  # type: ignore[arg-type]
    assert heard(sales_app, spec, "late") == ()


def test_somebody_named_twice_hears_once(sales_app: App) -> None:
    ann = add(sales_app, "ann@example.org")
    named = [{"email": "Ann <ANN@example.org>"}, {"person": ann}, {"person": "ann@example.org"}]
    spec = spec_of(alerts=[{"on": ["empty"], "to": named}])
    assert heard(sales_app, spec, "empty") == (AlertTarget(person=ann),)


def test_who_has_left_hears_nothing_and_the_owner_stands_in_for_an_author(sales_app: App) -> None:
    ann = add(sales_app, "ann@example.org")
    spec = spec_of(alerts=[{"on": ["failed"], "to": [{"email": "ann@example.org"}]}])
    sales_app.people.leave(sales_app.sessions.built_in_owner(), ann, pause=True)
    assert heard(sales_app, spec, "failed", ann) == (AlertTarget(person=sales_app.owner.id),)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"failure_recipients": ["ops"]}, "failure_recipients.0"),
        ({"alerts": [{"on": ["failed"], "to": [{"email": "a@b\nBcc: c@d"}]}]}, "alerts.0.to.0.email"),
        ({"alerts": [{"on": ["failed"], "to": [{"person": "nobody"}]}]}, "alerts.0.to.0.person"),
        ({"alerts": [{"on": ["failed"], "to": [{"connection": "none"}]}]}, "alerts.0.to.0.connection"),
    ],
)
def test_who_or_what_is_not_there_is_refused(sales_app: App, changes: dict[str, Any], place: str) -> None:
    with pytest.raises(DataError) as told:
        sales_app.exports.create(spec_of(**changes), by=sales_app.owner.id)
    assert told.value.field == place


def test_a_connection_must_be_told_what_its_kind_needs(sales_app: App) -> None:
    settings = {"host": "mail.example.org", "from": "reports@example.org"}
    post = sales_app.connections.create("email", "Post", settings, by=sales_app.owner.id).id
    bare = spec_of(alerts=[{"on": ["failed"], "to": [{"connection": post}]}])
    with pytest.raises(DataError) as told:
        sales_app.exports.create(bare, by=sales_app.owner.id)
    assert told.value.field == "alerts.0.to.0.settings.to"


@pytest.mark.parametrize(
    "target", [{}, {"email": "a@example.org", "person": "x"}, {"email": "a@b.org", "settings": {"x": 1}}]
)
def test_an_alert_goes_to_one_of_three(target: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one of email|belong to a connection"):
        AlertTarget.model_validate(target)


def test_one_alone_or_one_who_is_gone_is_a_warning(sales_app: App) -> None:
    ann = add(sales_app, "ann@example.org")
    alone = sales_app.exports.create(spec_of(), by=sales_app.owner.id)
    assert alone.warnings == ("Only one hears when this export fails. Name a second recipient for its alerts.",)
    spec = spec_of(failure_recipients=["ann@example.org"])
    assert sales_app.exports.change(alone.id, spec).warnings == ()
    sales_app.people.leave(sales_app.sessions.built_in_owner(), ann, pause=True)
    gone, too_few = sales_app.exports.get(alone.id).warnings
    assert gone.startswith("ann@example.org has left")
    assert too_few == alone.warnings[0]
