"""The walk through all pages: for every role, and for somebody who is not signed in. A page without an entry fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.access.rights import ACTIONS, ROLES, Action
from core.access.sessions import Visitor
from core.app import App
from core.delivery.samples import load_samples
from core.model.delivery import ExportSpec
from core.settings import REPOSITORY
from core.ui import identity
from tests.pages.driving import Open, settled, texts

PAGES: dict[str, Action] = {
    "Home.py": "report.view",
    "pages/1_Data.py": "data.read",
    "pages/2_Bridge.py": "analysis.read",
    "pages/3_Exports.py": "export.read",
    "pages/5_Runs.py": "run.read",
    "pages/6_Connections.py": "connection.read",
    "pages/7_Settings.py": "token.own",
}
SECTIONS: dict[str, Action] = {
    "texts": "settings.write",
    "people": "people.read",
    "recipients": "settings.write",
    "account": "token.own",
}
As = Callable[[str], str]


@pytest.fixture
def as_role(app: App, monkeypatch: pytest.MonkeyPatch) -> As:
    """Sign in as somebody of that role; the id of the session."""
    app.people.set_password(app.owner.id, "correct horse")

    def signed_in(role: str) -> str:
        person = app.people.add(app.sessions.built_in_owner(), f"{role}@example.org", role.title(), role)
        secret = app.sessions.open(person.id, Visitor())
        monkeypatch.setattr(identity, "session_secret", lambda: secret)
        return app.sessions.all(person.id)[0].id

    return signed_in


def is_let_in(page: AppTest) -> bool:
    return "does not open this page" not in texts(page) and [t.value for t in page.title] != ["Sign in"]


def test_every_page_is_walked_and_no_other() -> None:
    found = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "pages").glob("*.py")} | {"Home.py"}
    assert found == set(PAGES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_for_those_who_may(open_page: Open, as_role: As, page: str, role: str) -> None:
    as_role(role)
    shown = open_page(page)
    assert is_let_in(shown) is (PAGES[page] in ACTIONS[role])
    assert not shown.exception
    assert not [error for error in shown.error if error.icon == ":material/error:"]


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_sees_one_sentence_and_the_way_in(app: App, open_page: Open, page: str) -> None:
    app.people.set_password(app.owner.id, "correct horse")
    shown = open_page(page)
    assert [title.value for title in shown.title] == ["Sign in"]
    assert not shown.button
    assert not shown.get("page_link")
    (link,) = [each.proto.body for each in shown.get("html") if "<a " in each.proto.body]
    assert 'href="http://localhost:8502/login?next=http%3A%2F%2Flocalhost%3A8501%2F' in link
    assert 'target="_self"' in link


def test_while_nobody_has_a_password_this_computer_opens_it_as_the_owner(open_page: Open) -> None:
    page = open_page()
    assert is_let_in(page)
    assert "Only this computer can open it." in texts(page)


def test_behind_a_public_address_it_never_opens_by_itself(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGECAST_PUBLIC_URL", "https://reports.example.org")
    assert not is_let_in(open_page())


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_names_what_the_role_may_open(open_page: Open, as_role: As, role: str) -> None:
    as_role(role)
    labels = [link.proto.label for link in open_page("pages/7_Settings.py").sidebar.get("page_link")]
    allowed = {Path(page).stem.rpartition("_")[2] for page, action in PAGES.items() if action in ACTIONS[role]}
    assert set(labels) == allowed


def test_an_ended_session_is_out_at_the_next_click(app: App, open_page: Open, as_role: As) -> None:
    session = as_role("analyst")
    page = open_page("pages/1_Data.py")
    person = app.people.find("analyst@example.org")
    assert person is not None
    app.sessions.end(person.id, session)
    assert not is_let_in(page.run())


def test_signing_out_ends_the_session(app: App, open_page: Open, as_role: As) -> None:
    as_role("viewer")
    page = open_page()
    assert "Viewer · viewer" in texts(page)
    page.button(key="frame_sign_out").click().run()
    assert not is_let_in(page)
    assert app.sessions.all() == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("section", SECTIONS)
def test_a_part_of_the_settings_opens_for_those_who_may(open_page: Open, as_role: As, section: str, role: str) -> None:
    as_role(role)
    page = open_page("pages/7_Settings.py", section=section)
    headings = [heading.value for heading in page.subheader]
    shown = {"texts": "Comments and alerts", "account": "Your account"}.get(section, section.title())
    assert (shown in headings) is (SECTIONS[section] in ACTIONS[role])


def test_a_click_of_an_ended_session_changes_nothing(app: App, open_page: Open, as_role: As) -> None:
    session = as_role("admin")
    page = open_page("pages/7_Settings.py", section="people")
    page.text_input(key="settings_invite_email").set_value("eve@example.org")
    me = app.people.find("admin@example.org")
    assert me is not None
    app.sessions.end(me.id, session)
    settled(page.button(key="settings_invite_now").click().run())
    assert app.people.find("eve@example.org") is None


def test_a_switch_of_an_ended_session_changes_nothing(app: App, open_page: Open, as_role: As) -> None:
    share(app, "switched")
    (export,) = app.exports.all()
    session = as_role("analyst")
    page = open_page("pages/3_Exports.py")
    me = app.people.find("analyst@example.org")
    assert me is not None
    app.sessions.end(me.id, session)
    settled(page.toggle(key=f"exports_switch_{export.id}").set_value(False).run())
    assert app.exports.get(export.id).spec.is_active


def test_an_analyst_is_not_offered_paths_on_the_server(open_page: Open, as_role: As) -> None:
    as_role("analyst")
    page = open_page("pages/1_Data.py", new="1")
    assert page.segmented_control(key="data_new_kind").options == ["Upload a file"]


def test_a_viewer_s_home_lists_the_reports_that_are_shared_with_them(app: App, open_page: Open, as_role: As) -> None:
    share(app, "everybody")
    share(app, "analysts", roles=["analyst"])
    share(app, "mine", people=["viewer@example.org"])
    as_role("viewer")
    links = [(link.proto.label, link.proto.url) for link in open_page().get("link_button")]
    assert links == [("Open", f"http://localhost:8502/r/{slug}") for slug in ("everybody", "mine")]


def share(app: App, slug: str, **settings: object) -> None:
    """A report of the shop's revenue for people who are signed in."""
    if not app.analyses.all():
        load_samples(
            app.store,
            app.catalogue,
            app.analyses,
            app.exports,
            app.organisation.id,
            by=app.owner.id,
            lock_dir=app.settings.data_dir,
        )
        for export in app.exports.all():
            app.exports.delete(export.id)
    app.exports.create(
        ExportSpec.model_validate(
            {
                "name": slug,
                "content": {"kind": "report", "analysis": "shop-revenue"},
                "destinations": [{"kind": "link", "settings": {"slug": slug, **settings}}],
            }
        ),
        by=app.owner.id,
    )


@pytest.mark.parametrize("section", ["people", "account"])
def test_a_mail_address_is_text_to_copy_and_no_link(open_page: Open, as_role: As, section: str) -> None:
    as_role("owner")
    page = open_page("pages/7_Settings.py", section=section)
    assert any(text.value.startswith("owner@example.org") for text in page.text)
