from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from core.access.audit import NOBODY, Subject, acting, note, now_acts, record
from core.access.tokens import caller_for
from core.app import App
from core.audit_log import Filter
from core.errors import DataError
from tests.conftest import NOW, export_spec


def write(app: App, act: str, *, days_ago: int = 0, name: str = "") -> None:
    who = caller_for(app.owner, frozenset())
    with app.store.write() as session:
        at = NOW - timedelta(days=days_ago)
        record(session, who, act, Subject(act.partition(".")[0], "1", name), at=at, address="192.0.2.1")


def test_whoever_acts_is_named_with_the_address(empty_app: App) -> None:
    with acting(address="192.0.2.7"):
        now_acts(caller_for(empty_app.owner, frozenset()))
        with empty_app.store.write() as session:
            note(session, "export.changed", Subject("export", "1", "Morning"), at=NOW)
    (entry,) = empty_app.audit.entries()
    assert (entry.person, entry.person_id, entry.address) == ("Owner", empty_app.owner.id, "192.0.2.7")
    assert (entry.act, entry.subject_kind, entry.subject) == ("export.changed", "export", "Morning")


def test_outside_of_a_request_bridgecast_itself_acts(empty_app: App) -> None:
    with empty_app.store.write() as session:
        note(session, "audit.pruned", NOBODY, at=NOW)
    (entry,) = empty_app.audit.entries()
    assert (entry.person, entry.person_id) == ("", None)


def test_an_entry_goes_with_what_it_tells_of(empty_app: App) -> None:
    def fail() -> None:
        with empty_app.store.write() as session:
            note(session, "export.changed", NOBODY, at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert empty_app.audit.entries() == []


def test_every_change_of_what_people_define_is_written_down(sales_app: App) -> None:
    made = sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    sales_app.exports.switch(made.id, False)
    sales_app.exports.rotate(made.id, made.links[0].id)
    sales_app.exports.delete(made.id)
    sales_app.templates.keep("en", "headline_rose", "{kpi} climbed", by=sales_app.owner.id)
    sales_app.analyses.rename("revenue", "Turnover", by=sales_app.owner.id)
    sales_app.analyses.delete("revenue")
    sales_app.catalogue.delete("sales")
    assert set(sales_app.audit.acts()) == {
        "dataset.made",
        "analysis.made",
        "export.made",
        "export.changed",
        "link.rotated",
        "export.deleted",
        "template.changed",
        "analysis.changed",
        "analysis.deleted",
        "dataset.deleted",
    }


def test_the_change_of_an_export_names_what_changed(sales_app: App) -> None:
    made = sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    sales_app.exports.change(made.id, made.spec.model_copy(update={"name": "Evening"}))
    (entry,) = sales_app.audit.entries(Filter(act="export.changed"))
    assert (entry.subject, entry.detail) == ("Evening", {"changed": ["name"]})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Filter(), ["link.rotated", "export.made", "link.revoked"]),
        (Filter(act="link"), ["link.rotated", "link.revoked"]),
        (Filter(act="link.revoked"), ["link.revoked"]),
        (Filter(person="Owner"), ["link.rotated", "export.made", "link.revoked"]),
        (Filter(person="nobody"), []),
        (Filter(since=NOW - timedelta(days=1)), ["link.rotated", "export.made"]),
        (Filter(until=NOW - timedelta(days=1)), ["link.revoked"]),
    ],
)
def test_it_is_filtered_by_act_person_and_time(empty_app: App, asked: Filter, found: list[str]) -> None:
    for days_ago, act in ((5, "link.revoked"), (1, "export.made"), (0, "link.rotated")):
        write(empty_app, act, days_ago=days_ago)
    assert [entry.act for entry in empty_app.audit.entries(asked)] == found


def test_what_a_spreadsheet_would_run_is_guarded_in_the_file(empty_app: App) -> None:
    write(empty_app, "export.made", name='=HYPERLINK("https://example.org")')
    (row,) = csv.DictReader(io.StringIO(empty_app.audit.csv()))
    assert row["subject"] == '\'=HYPERLINK("https://example.org")'
    assert row["at"] == NOW.isoformat()


def test_what_is_past_its_retention_goes_and_the_rest_stays(empty_app: App) -> None:
    for days_ago in (366, 364, 0):
        write(empty_app, "export.made", days_ago=days_ago)
    counts = [empty_app.audit.prune()]
    empty_app.audit.keep_for(30)
    counts += [empty_app.audit.prune(), empty_app.audit.prune()]
    assert (counts, empty_app.audit.days) == ([1, 1, 0], 30)


@pytest.mark.parametrize("days", [0, 4000])
def test_a_retention_beyond_reason_is_refused(empty_app: App, days: int) -> None:
    with pytest.raises(DataError, match="1 to 3650 days"):
        empty_app.audit.keep_for(days)
