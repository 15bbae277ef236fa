"""Who may see a dataset: said on the Data page, held on every page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.access.sessions import Visitor
from core.app import App
from core.model.access import Person
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetAccess
from core.model.delivery import ExportSpec
from core.ui import identity
from tests.pages.driving import Open, settled, texts

DATA, BRIDGE, EXPORTS = "pages/1_Data.py", "pages/2_Bridge.py", "pages/3_Exports.py"
As = Callable[[str], Person]


@pytest.fixture
def as_role(app: App, monkeypatch: pytest.MonkeyPatch) -> As:
    """Sign in as somebody of that role."""
    app.people.set_password(app.owner.id, "correct horse")

    def signed_in(role: str) -> Person:
        person = app.people.add(app.sessions.built_in_owner(), f"{role}@example.org", role.title(), role)
        secret = app.sessions.open(person.id, Visitor())
        monkeypatch.setattr(identity, "session_secret", lambda: secret)
        return person

    return signed_in


@pytest.fixture
def shared(app: App, revenue: AnalysisSpec) -> AnalysisSpec:
    """An analysis with a report for everybody who signs in."""
    destination = {"kind": "link", "settings": {"slug": "morning"}}
    spec = {"name": "Morning", "content": {"analysis": revenue.slug}, "destinations": [destination]}
    app.exports.create(ExportSpec.model_validate(spec), by=app.owner.id)
    return revenue


def close(app: App, *people: str) -> None:
    app.catalogue.share("sales", DatasetAccess(people=people) if people else DatasetAccess(roles=("admin",)))


def test_home_shows_no_bridge_of_it(app: App, open_page: Open, as_role: As, shared: AnalysisSpec) -> None:
    as_role("analyst")
    assert shared.name in texts(open_page())
    close(app)
    assert shared.name not in texts(open_page())


@pytest.mark.parametrize(
    ("page", "param", "value", "said"),
    [
        (DATA, "dataset", "sales", "There is no dataset yet"),
        (BRIDGE, "analysis", "revenue", "There is no analysis 'revenue'"),
        (BRIDGE, "dataset", "sales", "There is no data yet"),
        (EXPORTS, "from", "menu", "An export shows a saved analysis, and there is none yet"),
    ],
)
def test_no_page_knows_it(
    app: App, open_page: Open, as_role: As, shared: AnalysisSpec, page: str, param: str, value: str, said: str
) -> None:
    as_role("analyst")
    close(app)
    shown = open_page(page, **{param: value})
    assert not shown.exception
    assert said in texts(shown)
    assert "Morning" not in texts(shown)


def test_a_page_that_is_open_forgets_it_at_the_next_click(
    app: App, open_page: Open, as_role: As, shared: AnalysisSpec
) -> None:
    person = as_role("analyst")
    close(app, person.id)
    page = open_page(BRIDGE, analysis=shared.slug)
    assert not page.error
    close(app)
    assert "There is no analysis" in texts(settled(page.run()))


def test_a_viewer_keeps_the_reports_that_are_shared(
    app: App, open_page: Open, as_role: As, shared: AnalysisSpec
) -> None:
    as_role("viewer")
    close(app)
    assert [link.proto.url.rpartition("/")[2] for link in open_page().get("link_button")] == ["morning"]


def test_an_analyst_keeps_them_too(app: App, open_page: Open, as_role: As, shared: AnalysisSpec) -> None:
    as_role("analyst")
    assert "Shared with you" not in texts(open_page())
    close(app)
    page = open_page()
    assert "Shared with you" in texts(page)
    assert [link.proto.url.rpartition("/")[2] for link in page.get("link_button")] == ["morning"]


def test_an_administrator_names_people(app: App, open_page: Open, as_role: As, shared: AnalysisSpec) -> None:
    ben = app.people.add(app.sessions.built_in_owner(), "ben@example.org", "Ben", "analyst")
    as_role("admin")
    page = open_page(DATA, dataset="sales")
    page.segmented_control(key="data_access_sales").set_value("some").run()
    page.multiselect(key="data_access_people_sales").set_value([ben.id])
    settled(page.button(key="data_access_save").click().run())
    assert app.catalogue.access("sales") == DatasetAccess(people=(ben.id,))


def test_nobody_named_leaves_it_to_administrators(app: App, open_page: Open, as_role: As, shared: AnalysisSpec) -> None:
    as_role("admin")
    page = open_page(DATA, dataset="sales")
    page.segmented_control(key="data_access_sales").set_value("some").run()
    settled(page.button(key="data_access_save").click().run())
    assert app.catalogue.access("sales") == DatasetAccess(roles=("admin",))


def test_only_some_saved_at_once_leaves_it_to_administrators(
    app: App, open_page: Open, as_role: As, shared: AnalysisSpec
) -> None:
    as_role("admin")
    page = open_page(DATA, dataset="sales")
    page.segmented_control(key="data_access_sales").set_value("some")
    settled(page.button(key="data_access_save").click().run())
    assert not page.exception
    assert app.catalogue.access("sales") == DatasetAccess(roles=("admin",))


def test_it_is_opened_to_every_analyst_again(app: App, open_page: Open, as_role: As, shared: AnalysisSpec) -> None:
    as_role("admin")
    close(app)
    page = open_page(DATA, dataset="sales")
    page.segmented_control(key="data_access_sales").set_value("everybody")
    settled(page.button(key="data_access_save").click().run())
    assert app.catalogue.access("sales") == DatasetAccess()


def test_an_analyst_reads_who_may_see_it_and_changes_nothing(
    app: App, open_page: Open, as_role: As, shared: AnalysisSpec
) -> None:
    person = as_role("analyst")
    close(app, person.id)
    page = open_page(DATA, dataset="sales")
    assert "**Analyst** may see this dataset" in texts(page)
    assert "data_access_save" not in [button.key for button in page.button]
