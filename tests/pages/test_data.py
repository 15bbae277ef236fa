"""The Data page: empty, filled, loading, changing, refreshing, deleting, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.access.sessions import Visitor
from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetAccess, DatasetSpec, FilesSource, UploadSource
from core.model.delivery import ExportSpec
from core.ui import identity
from tests.pages.driving import Open, settled, texts

DATA = "pages/1_Data.py"
SALES = b"day,shop,visits,revenue\n2026-01-01,Paris,10,100.5\n2026-01-02,Berlin,20,210.0\n"
UNCLEAR = b"day,shop,visits\n01/02/2026,Paris,10\n02/03/2026,Berlin,20\n"
UNCLEAR_NEWER = b"day,shop,visits,revenue\n01/02/2026,Paris,10,100.5\n02/03/2026,Berlin,20,210.0\n"


@pytest.fixture
def sales(app: App, tmp_path: Path) -> DatasetSpec:
    """An uploaded dataset of two rows."""
    path = tmp_path / "sales.csv"
    path.write_bytes(SALES)
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="sales.csv"))
    app.catalogue.create(spec, path=path, by=app.owner.id)
    return app.catalogue.get("sales")


@pytest.fixture
def live(app: App, tmp_path: Path) -> Path:
    """A dataset that is read from a path; gives the path."""
    path = tmp_path / "live.csv"
    path.write_bytes(SALES)
    app.catalogue.create(DatasetSpec(slug="live", name="Live", source=FilesSource(path=str(path))), by=app.owner.id)
    return path


@pytest.fixture
def analysis(app: App, sales: DatasetSpec) -> AnalysisSpec:
    """An analysis of the uploaded dataset."""
    spec = AnalysisSpec.model_validate(
        {
            "slug": "takings",
            "name": "Takings",
            "dataset": sales.slug,
            "equation": {"steps": [{"formula": "visits"}, {"formula": "revenue / visits"}]},
            "comparison": {"by": "shop", "base": ["Paris"], "current": ["Berlin"]},
        }
    )
    app.analyses.create(spec, by=app.owner.id)
    return spec


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    """Choose a file in the form for new data and wait until it was looked at."""
    page.file_uploader(key="data_new_file").upload(name, content)
    return settled(page.run())


def table(page: AppTest, column: str) -> pd.DataFrame:
    """The only table on the page with that column."""
    (found,) = [shown.value for shown in page.dataframe if column in shown.value.columns]
    return found


def named(page: AppTest, ending: str) -> str:
    """The key of the only widget whose key ends so."""
    (key,) = [
        w.key for kind in (page.button, page.text_input, page.radio) for w in kind if (w.key or "").find(ending) >= 0
    ]
    return str(key)


def test_an_empty_page_says_so_and_offers_one_button(open_page: Open) -> None:
    page = open_page(DATA)
    assert "There is no dataset yet." in texts(page)
    page.button(key="data_first").click().run()
    assert "Load new data" in texts(page)


@pytest.mark.usefixtures("sales", "live")
def test_it_lists_the_datasets_with_rows_version_and_source(open_page: Open) -> None:
    listed = table(open_page(DATA), "Dataset")
    assert list(listed["Dataset"]) == ["Live", "Sales"]
    assert list(listed["Rows"]) == [2, 2]
    assert list(listed["Version"]) == [1, 1]
    assert list(listed["Source"]) == ["live", "upload"]
    assert list(listed["Covers until"]) == ["2 Jan 2026", "2 Jan 2026"]


@pytest.mark.usefixtures("sales", "live")
def test_the_address_says_which_dataset_is_shown(open_page: Open) -> None:
    page = open_page(DATA, dataset="sales")
    assert page.selectbox(key="data_dataset").value == "sales"


@pytest.mark.usefixtures("sales", "live")
def test_a_choice_is_written_into_the_address(open_page: Open) -> None:
    page = open_page(DATA)
    page.selectbox(key="data_dataset").select("sales").run()
    assert page.query_params["dataset"] == "sales"


@pytest.mark.usefixtures("sales")
def test_an_unknown_dataset_in_the_address_is_named(open_page: Open) -> None:
    page = open_page(DATA, dataset="gone")
    assert "There is no dataset 'gone'." in texts(page)
    assert page.selectbox(key="data_dataset").value == "sales"


@pytest.mark.usefixtures("sales")
def test_it_shows_the_first_rows(open_page: Open) -> None:
    rows = table(open_page(DATA), "shop")
    assert list(rows["shop"]) == ["Paris", "Berlin"]


def test_an_uploaded_file_becomes_a_dataset(open_page: Open, app: App) -> None:
    page = upload(open_page(DATA, new="1"), "shop-sales.csv", SALES)
    assert not page.error
    settled(page.button(key="data_new_load").click().run())
    assert app.catalogue.latest("shop-sales").rows == 2
    assert "'shop-sales' is at version 1 with 2 rows." in texts(page)
    assert page.selectbox(key="data_dataset").value == "shop-sales"


def test_a_file_can_be_for_administrators_alone_from_its_first_moment(open_page: Open, app: App) -> None:
    page = upload(open_page(DATA, new="1"), "pay.csv", SALES)
    page.checkbox[0].check()
    settled(page.button(key="data_new_load").click().run())
    assert app.catalogue.access("pay") == DatasetAccess(roles=("admin",))


def test_the_received_file_is_not_left_behind(open_page: Open, data_dir: Path) -> None:
    page = upload(open_page(DATA, new="1"), "sales.csv", SALES)
    settled(page.button(key="data_new_load").click().run())
    assert list((data_dir / "incoming").iterdir()) == []


def test_a_path_on_the_server_becomes_a_live_dataset(open_page: Open, app: App, tmp_path: Path) -> None:
    (tmp_path / "part-1.csv").write_bytes(SALES)
    page = open_page(DATA, new="1")
    page.segmented_control(key="data_new_kind").set_value("A path on the server").run()
    page.text_input(key="data_new_path").input(str(tmp_path / "part-*.csv"))
    settled(page.button(key="data_new_look").click().run())
    settled(page.button(key="data_new_load").click().run())
    assert app.catalogue.get("part").source.kind == "files"


def test_a_date_that_reads_two_ways_is_asked_about_before_loading(open_page: Open, app: App) -> None:
    page = upload(open_page(DATA, new="1"), "sales.csv", UNCLEAR)
    (question,) = page.radio
    assert question.value is None
    assert page.button(key="data_new_load").disabled
    settled(question.set_value("day-first").run())
    settled(page.button(key="data_new_load").click().run())
    assert str(app.catalogue.latest("sales").newest) == "2026-03-02"


def test_a_role_is_corrected_before_loading(open_page: Open, app: App) -> None:
    page = upload(open_page(DATA, new="1"), "sales.csv", SALES)
    editor = f"data_new_{page.session_state['data_draft'].number}_"
    page.session_state[editor] = {"edited_rows": {2: {"role": "ignored"}}, "added_rows": [], "deleted_rows": []}
    settled(page.button(key="data_new_load").click().run())
    assert [column.name for column in app.catalogue.latest("sales").metrics] == ["revenue"]


def test_a_broken_file_is_refused_with_file_and_line(open_page: Open, app: App) -> None:
    page = upload(open_page(DATA, new="1"), "broken.csv", b"day,visits\n2026-01-01,1\n2026-01-02,2,3,4\n")
    if not page.error:
        settled(page.button(key="data_new_load").click().run())
    (error,) = page.error
    assert "broken.csv" in error.value
    assert "line 3" in error.value
    assert app.catalogue.all() == []


def test_an_empty_file_is_refused(open_page: Open) -> None:
    page = upload(open_page(DATA, new="1"), "none.csv", b"")
    assert "'none.csv' is empty" in page.error[0].value


def test_a_taken_slug_is_refused_and_the_form_stays(open_page: Open, sales: DatasetSpec) -> None:
    page = upload(open_page(DATA, new="1"), "sales.csv", SALES)
    settled(page.button(key="data_new_load").click().run())
    assert f"Slug '{sales.slug}' is taken" in page.error[0].value
    assert page.button(key="data_new_load")


def test_a_slug_with_capitals_is_refused_in_a_sentence(open_page: Open) -> None:
    page = upload(open_page(DATA, new="1"), "sales.csv", SALES)
    page.text_input(key=named(page, "data_new_slug")).input("My Sales")
    settled(page.button(key="data_new_load").click().run())
    assert "'My Sales' is no slug." in page.error[0].value


@pytest.mark.usefixtures("sales")
def test_a_changed_role_is_published_as_a_new_version(open_page: Open, app: App) -> None:
    page = open_page(DATA)
    page.session_state["data_columns_sales_1"] = {
        "edited_rows": {2: {"role": "dimension"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    settled(page.button(key="data_columns_sales_1_save").click().run())
    latest = app.catalogue.latest("sales")
    assert (latest.number, latest.column("visits").role) == (2, "dimension")


@pytest.mark.usefixtures("sales")
def test_a_changed_name_publishes_nothing(open_page: Open, app: App) -> None:
    page = open_page(DATA)
    page.text_input(key="data_columns_sales_1_name").input("Sales of shops")
    settled(page.button(key="data_columns_sales_1_save").click().run())
    assert app.catalogue.get("sales").name == "Sales of shops"
    assert app.catalogue.latest("sales").number == 1


@pytest.mark.usefixtures("sales")
def test_the_first_day_of_the_week_is_kept(open_page: Open, app: App) -> None:
    page = open_page(DATA)
    page.selectbox(key="data_columns_sales_1_weekday").select(6)
    settled(page.button(key="data_columns_sales_1_save").click().run())
    assert app.catalogue.latest("sales").calendar.first_weekday == 6


@pytest.mark.usefixtures("sales")
def test_a_newer_file_is_the_next_version(open_page: Open, app: App) -> None:
    page = open_page(DATA)
    page.file_uploader(key="data_newer_file").upload("newer.csv", SALES + b"2026-01-03,Rome,5,50.0\n")
    settled(page.button(key="data_newer_load").click().run())
    assert "'sales' is at version 2 with 3 rows." in texts(page)
    assert app.catalogue.latest("sales").rows == 3


@pytest.mark.usefixtures("sales")
def test_a_newer_file_that_is_broken_leaves_the_last_good_version(open_page: Open, app: App) -> None:
    page = open_page(DATA)
    page.file_uploader(key="data_newer_file").upload("newer.csv", b"")
    settled(page.button(key="data_newer_load").click().run())
    assert "'newer.csv' is empty" in page.error[0].value
    assert app.catalogue.latest("sales").number == 1


def test_refresh_reads_the_path_again(open_page: Open, app: App, live: Path) -> None:
    page = open_page(DATA)
    live.write_bytes(SALES + b"2026-01-03,Rome,5,50.0\n")
    settled(page.button(key="data_refresh").click().run())
    assert app.catalogue.latest("live").rows == 3


def test_a_live_source_that_is_gone_is_said_beside_the_last_good_version(open_page: Open, live: Path) -> None:
    live.unlink()
    page = open_page(DATA)
    assert "Shown is the last good version." in page.warning[0].value
    assert list(table(page, "shop")["shop"]) == ["Paris", "Berlin"]


@pytest.mark.usefixtures("sales")
def test_versions_are_listed_newest_first(open_page: Open, app: App, tmp_path: Path) -> None:
    (tmp_path / "newer.csv").write_bytes(SALES + SALES.split(b"\n", 1)[1])
    app.catalogue.replace("sales", tmp_path / "newer.csv", "newer.csv")
    versions = table(open_page(DATA), "Published")
    assert list(versions["Version"]) == [2, 1]
    assert list(versions["Rows"]) == [4, 2]


def test_deleting_names_what_goes_with_it_and_takes_it_along(open_page: Open, app: App, analysis: AnalysisSpec) -> None:
    page = open_page(DATA)
    page.button(key="data_delete").click().run()
    assert f"Analysis {analysis.name}" in texts(page)
    page.button(key="data_delete_now").click().run()
    assert app.catalogue.all() == []
    assert app.analyses.all() == []


@pytest.mark.usefixtures("sales")
def test_a_question_about_a_newer_file_says_where_to_answer_it(open_page: Open, app: App) -> None:
    page = open_page(DATA)
    page.file_uploader(key="data_newer_file").upload("newer.csv", UNCLEAR_NEWER)
    settled(page.button(key="data_newer_load").click().run())
    assert "Say which under Columns" in page.error[0].value
    page.selectbox(key="data_columns_sales_1_order").select("day-first")
    settled(page.button(key="data_columns_sales_1_save").click().run())
    assert app.catalogue.get("sales").source.read.date_format == "day-first"


def test_a_pattern_that_matches_nothing_is_named(open_page: Open, tmp_path: Path) -> None:
    page = open_page(DATA, new="1")
    page.segmented_control(key="data_new_kind").set_value("A path on the server").run()
    page.text_input(key="data_new_path").input(str(tmp_path / "*.csv"))
    settled(page.button(key="data_new_look").click().run())
    assert "No file matches" in page.error[0].value


def test_columns_with_odd_names_are_shown_and_loaded(open_page: Open, app: App) -> None:
    content = 'day,"select ""all""",$ per $,où: _x_\n2026-01-01,a,1.5,b\n2026-01-02,c,2.5,d\n'.encode()
    page = upload(open_page(DATA, new="1"), "odd names.csv", content)
    settled(page.button(key="data_new_load").click().run())
    assert not page.error
    assert list(table(page, 'select "all"')["$ per $"]) == [1.5, 2.5]
    assert [column.name for column in app.catalogue.latest("odd-names").metrics] == ["$ per $"]


def test_leaving_the_form_forgets_the_file(open_page: Open, data_dir: Path) -> None:
    page = upload(open_page(DATA, new="1"), "sales.csv", SALES)
    page.button(key="data_back").click().run()
    assert "There is no dataset yet." in texts(page)
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.usefixtures("sales")
def test_a_dataset_leads_to_a_new_bridge_on_it(open_page: Open) -> None:
    links = [link.proto for link in open_page(DATA, dataset="sales").get("page_link")]
    assert [link.query_string for link in links if link.label == "Build a bridge on it"] == ["dataset=sales"]


@pytest.mark.usefixtures("sales")
def test_one_button_stands_out_whichever_tab_is_open(open_page: Open) -> None:
    page = open_page(DATA, dataset="sales")
    assert [button.key for button in page.button if button.proto.type == "primary"] == ["data_new"]


def test_a_columns_description_fetches_no_picture(open_page: Open, app: App, sales: DatasetSpec) -> None:
    planted = "![x](https://planted.example/x.png)"
    columns = tuple(column.model_copy(update={"description": planted}) for column in sales.columns)
    app.catalogue.change(sales.model_copy(update={"columns": columns}))
    helps = "".join(frame.proto.columns for frame in open_page("pages/1_Data.py", dataset="sales").dataframe)
    assert "planted.example" in helps
    assert "![x]" not in helps


def test_an_upload_says_why_it_has_no_schedule(open_page: Open, sales: DatasetSpec) -> None:
    assert "An uploaded file cannot be read again." in texts(open_page(DATA))


def test_a_live_dataset_is_given_a_schedule_and_loses_it_again(open_page: Open, app: App, live: Path) -> None:
    page = open_page(DATA, dataset="live", part="schedule")
    page = settled(page.toggle(key="data_schedule_live_0_on").set_value(True).run())
    assert texts(page).count("09:00 (UTC+00:00)") == 5
    page = settled(page.button(key="data_schedule_save").click().run())
    assert r"'Live' is refreshed by schedule\: Monday to Friday at 09\:00 (UTC)." in texts(page)
    assert app.refreshes.schedule("live") is not None
    (switch,) = [toggle for toggle in page.toggle if str(toggle.key).endswith("_on")]
    assert switch.value
    page = settled(switch.set_value(False).run())
    settled(page.button(key="data_schedule_save").click().run())
    assert app.refreshes.schedule("live") is None


def test_a_cron_rule_that_is_none_is_refused(open_page: Open, app: App, live: Path) -> None:
    page = open_page(DATA, dataset="live")
    page = settled(page.toggle(key="data_schedule_live_0_on").set_value(True).run())
    page = settled(page.segmented_control(key="data_schedule_live_0_how").set_value("cron").run())
    page = settled(page.text_input(key="data_schedule_live_0_cron").set_value("0 25 * * *").run())
    assert "its hour cannot be read" in texts(page)
    settled(page.button(key="data_schedule_save").click().run())
    assert app.refreshes.schedule("live") is None


def test_it_names_the_exports_that_start_after_it(open_page: Open, app: App, live: Path) -> None:
    equation = {"steps": [{"formula": "visits"}, {"formula": "revenue / visits"}]}
    comparison = {"by": "shop", "base": ["Paris"], "current": ["Berlin"]}
    spec = {"slug": "lively", "name": "L", "dataset": "live", "equation": equation, "comparison": comparison}
    app.analyses.create(AnalysisSpec.model_validate(spec), by=app.owner.id)
    link = {"kind": "link", "settings": {"slug": "lively"}}
    body = {"name": "Lively", "content": {"analysis": "lively"}, "destinations": [link]}
    follows = {"triggers": [{"kind": "dataset", "dataset": "live"}]}
    app.exports.create(ExportSpec.model_validate(body | follows), by=app.owner.id)
    assert "Start after it: Lively." in texts(open_page(DATA, dataset="live"))


def test_a_file_of_somebody_who_may_not_load_is_written_nowhere(
    open_page: Open, app: App, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.set_password(app.owner.id, "correct horse")
    person = app.people.add(app.sessions.built_in_owner(), "ann@example.org", "Ann", "analyst")
    secret = app.sessions.open(person.id, Visitor())
    monkeypatch.setattr(identity, "session_secret", lambda: secret)
    page = open_page(DATA, new="1")
    (session,) = app.sessions.all(person.id)
    app.sessions.end(person.id, session.id)
    page.file_uploader(key="data_new_file").upload("sales.csv", SALES)
    page.run()
    assert not list((data_dir / "incoming").glob("*/*"))
