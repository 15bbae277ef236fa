"""A person leaves: what they made is told, handed over or paused, in one transaction."""

from __future__ import annotations

import pytest

from core.access.leaving import Thing
from core.access.sessions import Visitor
from core.app import App
from core.audit_log import Filter
from core.errors import Conflict, DataError, NotFound
from core.model.access import Person
from core.model.data import DatasetAccess
from core.model.delivery import ExportSpec


@pytest.fixture
def app(sales_app: App) -> App:
    """Ann has an analysis and an export on `sales`, and a token; Ben is an analyst, Vic a viewer."""
    owner = sales_app.sessions.built_in_owner()
    for name, role in (("ann", "analyst"), ("ben", "analyst"), ("vic", "viewer")):
        sales_app.people.add(owner, f"{name}@example.org", name.title(), role)
    ann = person(sales_app, "ann").id
    sales_app.analyses.duplicate("revenue", "anns", "Ann's", by=ann)
    destination = {"kind": "link", "settings": {"slug": "anns", "public": True}}
    spec = {
        "name": "Ann's morning",
        "content": {"analysis": "anns"},
        "destinations": [destination],
        "triggers": [{"kind": "schedule", "cron": "0 9 * * *"}],
    }
    sales_app.exports.create(ExportSpec.model_validate(spec), by=ann)
    caller = sales_app.sessions.caller_of(sales_app.sessions.open(ann, Visitor()))
    assert caller is not None
    sales_app.tokens.make(caller, "Nightly", ["read"], expires_at=None)
    return sales_app


def person(app: App, name: str) -> Person:
    found = app.people.find(f"{name}@example.org")
    assert found is not None
    return found


def leave(app: App, **how: object) -> list[Thing]:
    return app.people.leave(app.sessions.built_in_owner(), person(app, "ann").id, **how)  # type: ignore[arg-type]


def is_open(app: App) -> bool:
    return app.exports.resolve("anns", None) is not None


def test_everything_that_somebody_made_is_told(app: App) -> None:
    things = app.people.belongings(person(app, "ann").id)
    assert [(thing.kind, thing.name, thing.is_on) for thing in things] == [
        ("analysis", "Ann's", None),
        ("export", "Ann's morning", True),
        ("link", "/r/anns", None),
        ("token", "Nightly", None),
    ]


def test_what_is_handed_over_goes_on_under_another_name(app: App) -> None:
    ben = person(app, "ben").id
    leave(app, hand_over_to=ben)
    assert is_open(app)
    assert [thing.kind for thing in app.people.belongings(ben)] == ["analysis", "export", "link"]


def test_paused_exports_are_off_and_nothing_opens(app: App) -> None:
    leave(app, pause=True)
    (export,) = app.exports.of_analysis("anns")
    assert (export.spec.is_active, export.revision, is_open(app)) == (False, 2, False)
    assert [(trigger.state, trigger.next_fires) for trigger in export.triggers] == [("off", ())]


def test_what_waited_of_paused_exports_is_not_sent(app: App) -> None:
    (export,) = app.exports.of_analysis("anns")
    run_id = app.triggers.start(export.id, by=app.owner.id, how="hand").run_id
    leave(app, pause=True)
    run = app.ledger.run(run_id).run
    assert (run.state, run.reason) == ("ignored", "export switched off")


def test_switched_on_again_the_schedule_goes_on(app: App) -> None:
    leave(app, pause=True)
    (export,) = app.exports.of_analysis("anns")
    (trigger,) = app.exports.switch(export.id, True).triggers
    assert (trigger.state, len(trigger.next_fires) > 0) == ("on", True)


def test_nobody_leaves_something_behind_by_the_way(app: App) -> None:
    with pytest.raises(Conflict, match=r"Ann still has analysis 'Ann's', export 'Ann's morning'\."):
        leave(app)
    assert person(app, "ann").left_at is None


def test_tokens_and_sessions_end_with_their_person(app: App) -> None:
    secret = app.sessions.open(person(app, "ann").id, Visitor())
    leave(app, pause=True)
    assert app.sessions.caller_of(secret) is None
    assert app.tokens.all(app.sessions.built_in_owner()) == []


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("vic", {}, "Vic is viewer, and makes no exports"),
        ("ann", {}, "one of the two"),
        ("ben", {"pause": True}, "one of the two"),
    ],
)
def test_a_successor_who_will_not_do_is_refused_and_nothing_happens(
    app: App, name: str, how: dict[str, bool], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        leave(app, hand_over_to=person(app, name).id, **how)
    assert person(app, "ann").left_at is None
    assert is_open(app)


def test_a_successor_who_is_not_here_is_named_as_the_wrong_field(app: App) -> None:
    with pytest.raises(DataError, match="There is no person 'nobody'") as refused:
        leave(app, hand_over_to="nobody")
    assert refused.value.field == "hand_over_to"


def test_a_successor_must_see_the_datasets(app: App) -> None:
    app.catalogue.share("sales", DatasetAccess(people=("ann@example.org",)))
    with pytest.raises(Conflict, match=r"Ben may not see 'sales' \(datasets\)"):
        leave(app, hand_over_to=person(app, "ben").id)
    app.catalogue.share("sales", DatasetAccess(people=("ann@example.org", "ben@example.org")))
    leave(app, hand_over_to=person(app, "ben").id)
    assert app.catalogue.access("sales") == DatasetAccess(people=(person(app, "ben").id,))


def test_a_dataset_that_was_for_them_alone_does_not_open_to_everybody(app: App) -> None:
    app.catalogue.share("sales", DatasetAccess(people=("ann@example.org",)))
    leave(app, pause=True)
    assert app.catalogue.access("sales") == DatasetAccess(roles=("admin",))


def test_whoever_is_invited_again_is_named_nowhere(app: App) -> None:
    app.catalogue.share("sales", DatasetAccess(people=("ann@example.org", "ben@example.org")))
    leave(app, pause=True)
    app.people.add(app.sessions.built_in_owner(), "ann@example.org", "Ann", "analyst")
    assert app.catalogue.access("sales").people == (person(app, "ben").id,)


def test_the_audit_says_who_took_over_what(app: App) -> None:
    leave(app, hand_over_to=person(app, "ben").id)
    told = {entry.act: entry.detail for entry in app.audit.entries(Filter(), limit=100)}
    assert told["person.left"] == {"handed_over_to": "ben@example.org"}
    assert told["analysis.handed_over"] == told["export.handed_over"] == {"to": "ben@example.org"}


def test_somebody_who_left_has_no_belongings_to_show(app: App) -> None:
    ann = person(app, "ann").id
    leave(app, pause=True)
    with pytest.raises(NotFound):
        app.people.belongings(ann)
