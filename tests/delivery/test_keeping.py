from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.access.tokens import hash_token
from core.app import App, open_app
from core.delivery.exports import SavedExport
from core.delivery.keeping import with_ids
from core.errors import DataError, NotFound
from core.model.data import DatasetSpec, FilesSource
from core.model.delivery import ExportSpec
from core.model.triggers import Trigger
from core.settings import Settings
from core.store.triggers import find_trigger, list_triggers
from tests.conftest import export_spec, revenue_spec

DAILY: dict[str, Any] = {"kind": "schedule", "cron": "0 9 * * *", "zone": "Europe/Berlin"}
URL: dict[str, Any] = {"kind": "url"}


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def app(new_folder: Path, clock: Clock, sales_csv: Path) -> Iterator[App]:
    app = open_app(Settings(data_dir=new_folder, demo=False), clock=clock)
    source = FilesSource(path=str(sales_csv))
    app.catalogue.create(DatasetSpec(slug="sales", name="Sales", source=source), by=app.owner.id)
    app.analyses.create(revenue_spec(), by=app.owner.id)
    yield app
    app.close()


def spec_with(*triggers: dict[str, Any], **more: Any) -> ExportSpec:
    return ExportSpec.model_validate(export_spec().model_dump(mode="json") | {"triggers": triggers, **more})


def make(app: App, *triggers: dict[str, Any], **more: Any) -> SavedExport:
    return app.exports.create(spec_with(*triggers, **more), by=app.owner.id)


def change(app: App, saved: SavedExport, *triggers: dict[str, Any], **more: Any) -> SavedExport:
    return app.exports.change(saved.id, spec_with(*triggers, **more))


def rows(app: App, saved: SavedExport) -> list[Trigger]:
    with app.store.read() as session:
        return list_triggers(session, app.organisation.id, saved.id)


def token_of(url: str | None) -> str:
    return str(url).rsplit("/", 1)[1]


def test_a_trigger_gets_an_id_in_the_specification_and_a_row(app: App) -> None:
    saved = make(app, DAILY, URL)
    assert [trigger.id for trigger in saved.spec.triggers] == [trigger.id for trigger in saved.triggers]
    assert {row.id for row in rows(app, saved)} == {trigger.id for trigger in saved.triggers}


def test_a_schedule_is_due_at_its_next_occurrence(app: App) -> None:
    (row,) = rows(app, make(app, DAILY))
    assert row.next_fire_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_the_next_five_fire_times_are_told(app: App) -> None:
    fires = make(app, DAILY | {"zone": "UTC"}).triggers[0].next_fires
    assert fires == tuple(datetime(2026, 3, day, 9, tzinfo=UTC) for day in range(2, 7))


def test_the_address_of_a_trigger_url_is_told_once(app: App) -> None:
    saved = make(app, URL)
    (row,) = rows(app, saved)
    url = saved.triggers[0].url
    assert url == f"{app.settings.report_base_url}/t/{row.public_id}/{token_of(url)}"
    assert row.sha256 == hash_token(token_of(url))
    assert app.exports.get(saved.id).triggers[0].url is None


def test_a_trigger_without_id_takes_that_of_the_earlier_one_of_its_kind(app: App) -> None:
    saved = make(app, DAILY, URL)
    changed = change(app, saved, URL | {"post_only": True}, DAILY | {"cron": "0 8 * * *"})
    assert {t.kind: t.id for t in changed.triggers} == {t.kind: t.id for t in saved.triggers}
    assert [t.url for t in changed.triggers] == [None, None]


def test_ids_that_are_named_may_change_places(app: App) -> None:
    first, second = make(app, DAILY, DAILY | {"cron": "0 10 * * *"}).spec.triggers
    before = spec_with(first.model_dump(mode="json"), second.model_dump(mode="json"))
    turned = spec_with(second.model_dump(mode="json"), first.model_dump(mode="json"))
    assert [one.id for one in with_ids(turned, before).triggers] == [second.id, first.id]


def test_an_id_that_belongs_to_nothing_is_replaced() -> None:
    spec = with_ids(spec_with(DAILY | {"id": "stolen"}), spec_with(DAILY | {"id": "own"}))
    assert spec.triggers[0].id not in {"stolen", "own"}


def test_an_id_that_is_named_twice_is_given_once() -> None:
    ids = [
        one.id
        for one in with_ids(spec_with(URL | {"id": "a"}, URL | {"id": "a"}), spec_with(URL | {"id": "a"})).triggers
    ]
    assert ids[0] == "a"
    assert ids[1] not in {"a", None}


def test_destinations_keep_their_ids_a_link_by_its_slug(app: App) -> None:
    links = [{"kind": "link", "settings": {"slug": slug}} for slug in ("one", "two")]
    saved = make(app, destinations=links)
    changed = change(app, saved, destinations=[links[1]])
    assert changed.spec.destinations[0].id == saved.spec.destinations[1].id


def test_a_dropped_trigger_is_forgotten(app: App) -> None:
    saved = make(app, DAILY, URL)
    assert [row.kind for row in rows(app, change(app, saved, URL))] == ["url"]


def test_a_deleted_export_takes_its_triggers_along(app: App) -> None:
    saved = make(app, DAILY, URL)
    public_id = next(row.public_id for row in rows(app, saved) if row.public_id)
    app.exports.delete(saved.id)
    with app.store.read() as session:
        assert find_trigger(session, app.organisation.id, public_id) is None


def test_switched_off_nothing_is_due_and_on_again_it_begins_with_the_next_occurrence(app: App, clock: Clock) -> None:
    saved = make(app, DAILY)
    app.exports.switch(saved.id, False)
    assert (rows(app, saved)[0].is_active, rows(app, saved)[0].next_fire_at) == (False, None)
    clock.now += timedelta(days=10)
    assert app.exports.switch(saved.id, True).triggers[0].state == "on"
    assert rows(app, saved)[0].next_fire_at == datetime(2026, 3, 12, 8, tzinfo=UTC)


def test_a_change_of_something_else_leaves_what_is_due(app: App, clock: Clock) -> None:
    saved = make(app, DAILY)
    clock.now += timedelta(days=10)
    change(app, saved, DAILY | {"overlap": "allow"}, name="Renamed")
    (row,) = rows(app, saved)
    assert (row.next_fire_at, row.rule_revision) == (datetime(2026, 3, 2, 8, tzinfo=UTC), 2)


def test_a_changed_rule_begins_with_its_own_next_occurrence(app: App) -> None:
    saved = make(app, DAILY)
    change(app, saved, DAILY | {"cron": "0 7 * * *"})
    assert rows(app, saved)[0].next_fire_at == datetime(2026, 3, 2, 6, tzinfo=UTC)


def test_a_schedule_that_is_resumed_makes_up_for_nothing(app: App, clock: Clock) -> None:
    saved = make(app, DAILY | {"is_paused": True})
    assert app.exports.get(saved.id).triggers[0].next_fires == ()
    clock.now += timedelta(days=10)
    change(app, saved, DAILY)
    assert rows(app, saved)[0].next_fire_at == datetime(2026, 3, 12, 8, tzinfo=UTC)


def test_a_renewed_url_leaves_the_old_one_working_for_a_while(app: App, clock: Clock) -> None:
    saved = make(app, URL)
    fresh = app.exports.rotate_trigger(saved.id, saved.triggers[0].id, old_works_for=timedelta(hours=2))
    (row,) = rows(app, saved)
    assert row.sha256 == hash_token(token_of(fresh.url))
    assert row.old_sha256 == hash_token(token_of(saved.triggers[0].url))
    assert (row.old_until, fresh.old_until) == (clock.now + timedelta(hours=2),) * 2


def test_a_revoked_url_has_no_token_left(app: App) -> None:
    saved = make(app, URL)
    assert app.exports.revoke_trigger(saved.id, saved.triggers[0].id).state == "revoked"
    (row,) = rows(app, saved)
    assert (row.sha256, row.old_sha256) == (None, None)


def test_only_urls_are_renewed(app: App) -> None:
    saved = make(app, DAILY)
    with pytest.raises(NotFound, match="of kind 'url'"):
        app.exports.rotate_trigger(saved.id, saved.triggers[0].id)


@pytest.mark.parametrize(
    ("trigger", "field", "found"),
    [
        (DAILY | {"zone": "Europe/Berln"}, "triggers.0.zone", "Did you mean 'Europe/Berlin'"),
        (DAILY | {"cron": "0 9 * *"}, "triggers.0.cron", "it has 4 fields"),
        ({"kind": "dataset", "dataset": "nowhere"}, "triggers.0.dataset", "nowhere"),
        (URL | {"parameters": {"c": {"column": "contry"}}}, "triggers.0.parameters.c.column", "'country'"),
        (URL | {"parameters": {"c": {"column": "visits"}}}, "triggers.0.parameters.c.type", "holds integer"),
        (
            URL | {"parameters": {"a": {"column": "country"}, "b": {"column": "country"}}},
            "triggers.0.parameters.b",
            "the same column",
        ),
    ],
)
def test_a_trigger_that_cannot_work_is_refused_at_its_field(
    app: App, trigger: dict[str, Any], field: str, found: str
) -> None:
    with pytest.raises(DataError) as caught:
        make(app, trigger)
    assert (caught.value.field, found in str(caught.value)) == (field, True)


def test_what_is_sent_needs_a_trigger_to_be_switched_on(app: App) -> None:
    mail = {"kind": "email", "settings": {"to": ["a@example.org"]}}
    with pytest.raises(DataError, match="without a trigger") as caught:
        make(app, destinations=[mail])
    assert caught.value.field == "triggers"
    assert make(app, destinations=[mail], is_active=False).triggers == ()
