from __future__ import annotations

import pytest

from core.access.tokens import ALL_SCOPES, Caller, caller_for
from core.app import App
from core.delivery.seen_runs import SeenRuns
from core.delivery.work import Made
from core.errors import NotFound
from core.model.data import DatasetAccess, DatasetSpec
from core.store.people import add_person
from core.store.run_lists import RunFilter
from tests.conftest import export_spec
from tests.delivery.ledgers import ask, planned

ADDRESS = "secret@example.org"


def seen(app: App, role: str) -> SeenRuns:
    caller = Caller(f"{role}-1", f"{role}@example.org", role, app.organisation.id, frozenset(ALL_SCOPES))
    return SeenRuns(app.ledger, app.exports, app.catalogue, app.artefacts, caller)


@pytest.fixture
def run_id(sales_app: App) -> str:
    """A run with a file and a mail to an address, of an export whose link all may open."""
    export = sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    definition = {"spec": {"destinations": [{"settings": {"bcc": [ADDRESS]}}]}}
    asked = ask(sales_app.ledger, subject_id=export.id, definition=definition, where={"country": ["FR"]})
    build = sales_app.ledger.claim_build()
    assert build is not None
    file = sales_app.artefacts.write(asked, "email.json", "application/json", ADDRESS.encode())
    mail = planned(kind="email", name=ADDRESS, recipients=(ADDRESS,), destination={"settings": {"to": [ADDRESS]}})
    sales_app.ledger.built(build, Made(deliveries=(mail,), artefacts=(file,)))
    claim = sales_app.ledger.claim_delivery()
    assert claim is not None
    sales_app.ledger.send_failed(claim, ValueError(ADDRESS))
    return asked


def test_a_viewer_sees_what_became_of_a_shared_run_but_nobody_s_address(sales_app: App, run_id: str) -> None:
    runs = seen(sales_app, "viewer")
    detail = runs.get(run_id)
    (row,) = runs.list(RunFilter())
    assert (detail.run.state, detail.deliveries[0].kind) == ("retry", "email")
    assert ADDRESS not in repr((detail, row))
    assert detail.run.where == {}
    with pytest.raises(NotFound):
        runs.file(run_id, "email.json")


def test_an_analyst_sees_all_of_it(sales_app: App, run_id: str) -> None:
    runs = seen(sales_app, "analyst")
    assert list(runs.get(run_id).deliveries[0].recipients) == [ADDRESS]
    assert runs.file(run_id, "email.json")[1] == ADDRESS.encode()


def test_a_run_of_a_report_that_is_not_shared_is_unknown_to_a_viewer(sales_app: App, run_id: str) -> None:
    sales_app.exports.switch(sales_app.ledger.run(run_id).run.subject_id, False)
    runs = seen(sales_app, "viewer")
    assert runs.list(RunFilter()) == []
    with pytest.raises(NotFound):
        runs.get(run_id)


def test_a_run_is_judged_by_the_data_that_it_held_not_by_what_its_export_shows_now(sales_app: App) -> None:
    export = sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    asked = ask(sales_app.ledger, subject_id=export.id, definition={}, where={"country": ["FR"]})
    build = sales_app.ledger.claim_build()
    assert build is not None
    file = sales_app.artefacts.write(asked, "email.json", "application/json", ADDRESS.encode())
    sales_app.ledger.built(build, Made(versions={"salaries": 1}, artefacts=(file,)))
    sales_app.catalogue.create(
        DatasetSpec(slug="salaries", name="Salaries", source=sales_app.catalogue.get("sales").source),
        by=sales_app.owner.id,
    )
    sales_app.catalogue.share("salaries", DatasetAccess(roles=("admin",)))
    with sales_app.store.write() as session:
        person = add_person(session, sales_app.organisation.id, "a@example.org", "A", "analyst", now=sales_app.clock())
        caller = caller_for(person, frozenset(ALL_SCOPES))
    view = sales_app.seen_by(caller)
    runs = SeenRuns(view.ledger, view.exports, view.catalogue, view.artefacts, caller)
    (row,) = runs.list(RunFilter())
    assert (row.run.where, runs.get(asked).run.where, runs.get(asked).artefacts) == ({}, {}, ())
    with pytest.raises(NotFound):
        runs.file(asked, "email.json")


def test_a_viewer_finds_runs_by_their_name_and_by_nobody_s_address(sales_app: App, run_id: str) -> None:
    name = sales_app.ledger.run(run_id).run.name
    assert [row.run.id for row in seen(sales_app, "viewer").list(RunFilter(text=name))] == [run_id]
    assert seen(sales_app, "viewer").list(RunFilter(text=ADDRESS)) == []
    assert [row.run.id for row in seen(sales_app, "owner").list(RunFilter(text=ADDRESS))] == [run_id]
