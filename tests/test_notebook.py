"""`bridge()`: every kind of data, every argument, every result, and the same numbers as reports and the API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from core import notebook
from core.app import App, open_app
from core.delivery.reports import make_report
from core.errors import BridgecastError, DataError, EmptyComparison, EquationError, NotFound, UnknownColumn
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec, FilesSource
from core.model.delivery import ReportContent
from core.notebook import NotebookBridge, bridge, from_spec, saved
from core.report.tables import bridge_json, csv_text
from core.settings import read_settings
from tests.conftest import NOW, SALES

STEPS = ["visits", "orders / visits", "revenue / orders"]
JANUARY, FEBRUARY = ("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")
E1 = pl.DataFrame(
    {
        "day": [date(2026, 1, 1), date(2026, 2, 1)],
        "visits": [1000, 1200],
        "orders": [50, 48],
        "revenue": [4000.0, 4320.0],
    }
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has an installation of its own."""
    monkeypatch.setenv("BRIDGECAST_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("BRIDGECAST_DEMO", "0")
    notebook._warehouse.cache_clear()
    notebook._app.cache_clear()
    yield
    if notebook._warehouse.cache_info().currsize:
        notebook._warehouse().close()
    if notebook._app.cache_info().currsize:
        notebook._app(read_settings()).close()


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.read_csv(SALES.encode(), try_parse_dates=True)


def months(data: Any, **changes: Any) -> NotebookBridge:
    """January against February."""
    given = {"steps": STEPS, "by": "day", "base": JANUARY, "current": FEBRUARY, **changes}
    return bridge(data, given.pop("steps"), **given)


def contributions(found: NotebookBridge) -> list[float]:
    return found.steps["contribution"].to_list()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("shapley", [2290 / 3, -2810 / 3, 1480 / 3]),
        ("lmdi", [758.08, -927.82, 489.74]),
        ("sequential", [800, -960, 480]),
        ("covariance", [5120 / 7, -6080 / 7, 3200 / 7]),
    ],
)
def test_the_worked_example_comes_out_of_a_frame(method, expected) -> None:
    found = months(E1, method=method)
    assert (found.total.base, found.total.current, found.total.change, found.total.change_pct) == (4000, 4320, 320, 8)
    assert contributions(found) == pytest.approx(expected, abs=0.005)
    assert sum(found.steps["contribution_pct"]) == pytest.approx(found.total.change_pct)


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow", "csv", "csv.gz", "parquet", "glob", "slug"])
def test_every_kind_of_data_gives_the_same_numbers(frame: pl.DataFrame, tmp_path: Path, kind: str) -> None:
    found = months(_as(kind, frame, tmp_path))
    expected = months(frame)
    assert found.total == expected.total
    assert contributions(found) == pytest.approx(contributions(expected), rel=1e-12)
    assert set(found.bridge.dimensions) == {"country", "device"}


def _as(kind: str, frame: pl.DataFrame, folder: Path) -> Any:
    if kind == "slug":
        return _published(folder)
    if kind in ("csv", "glob"):
        (folder / "sales.csv").write_text(SALES)
    elif kind == "csv.gz":
        frame.write_csv(folder / "sales.csv.gz", compression="gzip")
    elif kind == "parquet":
        frame.write_parquet(folder / "sales.parquet")
    made = {"polars": frame, "lazy": frame.lazy(), "arrow": frame.to_arrow(), "glob": f"{folder}/s*.csv"}
    if kind == "pandas":
        return pd.DataFrame(frame.to_dict(as_series=False))
    return made.get(kind, folder / f"sales.{kind}")


def _published(folder: Path) -> str:
    (folder / "sales.csv").write_text(SALES)
    app = open_app(read_settings(), clock=lambda: NOW)
    source = FilesSource(path=str(folder / "sales.csv"))
    app.catalogue.create(DatasetSpec(slug="sales", name="Sales", source=source), by=app.owner.id)
    app.close()
    return "sales"


def test_frames_have_the_columns_that_are_promised(frame: pl.DataFrame) -> None:
    found = months(frame)
    assert found.steps.columns == ["step", "base", "current", "change", "contribution", "contribution_pct", "note"]
    detail = found.detail("orders / visits", "country")
    names = ["segment", "kind", "base_share", "current_share", "base_rate", "current_rate"]
    assert detail.columns == [*names, "performance", "mix", "total"]
    assert found.by_segment("country").columns == ["segment", "step", "contribution"]
    assert found.ranking().columns == ["step", "dimension", "interest", "signal"]
    assert found.ranking()["interest"].is_sorted(descending=True)


def test_every_level_adds_up(frame: pl.DataFrame) -> None:
    found = months(frame)
    assert sum(contributions(found)) == pytest.approx(found.total.change, rel=1e-12)
    for row in found.steps.iter_rows(named=True):
        for dimension in found.bridge.dimensions:
            detail = found.detail(row["step"], dimension)
            assert detail["total"].sum() == pytest.approx(row["contribution"], rel=1e-9, abs=1e-9)
            assert (detail["performance"] + detail["mix"]).to_list() == pytest.approx(detail["total"].to_list())
    own = found.by_segment("country").group_by("segment").agg(pl.col("contribution").sum()).sort("segment")
    assert own["contribution"].to_list() == pytest.approx([2790 - 2400, 5940 + 2340 - 4800 - 3200])


def test_the_numbers_are_those_of_reports_files_and_the_api(sales_app: App, sales_csv: Path) -> None:
    spec = AnalysisSpec.model_validate(
        {
            "slug": "same",
            "name": "Same",
            "dataset": "sales",
            "equation": {"steps": [{"formula": s} for s in STEPS]},
            "comparison": {"by": "day", "base": JANUARY, "current": FEBRUARY},
            "where": {"device": {"!=": "tablet"}},
        }
    )
    content = ReportContent.model_validate({"analysis": "same"})
    version = sales_app.catalogue.latest("sales")
    made = make_report(sales_app.warehouse, spec, content, version, rendered_at=NOW)
    report, drawn = made.report, made.bridge
    answer = bridge_json(drawn, analysis="same", revision=1, data_version=1, as_of=NOW, rendered_at=NOW)
    found = months(sales_csv, where={"device": {"!=": "tablet"}})
    mine = bridge_json(found.bridge, analysis="same", revision=1, data_version=1, as_of=NOW, rendered_at=NOW)
    assert json.dumps(mine) == json.dumps(answer)
    assert csv_text(found.bridge) == csv_text(drawn)
    rows = list(csv.DictReader(io.StringIO(csv_text(drawn))))
    assert [float(row["contribution"]) for row in rows[:-1]] == pytest.approx(contributions(found), rel=1e-11)
    assert answer["headline"] == found.comment().splitlines()[0]
    assert any(section.key == "waterfall" for section in report.sections)


def test_what_has_no_value_is_a_segment_of_its_own(frame: pl.DataFrame) -> None:
    hidden = frame.with_columns(pl.when(pl.col("country") == "DE").then(None).otherwise("country").alias("country"))
    found = months(hidden)
    assert set(found.detail("visits", "country")["segment"]) == {"FR", "(not set)"}
    only = months(hidden, where={"country": [None]})
    assert (only.total.base, only.total.current) == (2400, 2790)


@pytest.mark.parametrize(
    ("where", "base", "current"),
    [
        ({"country": "FR"}, 8000, 8280),
        ({"country": ["FR", "DE"]}, 10400, 11070),
        ({"country": {"=": "DE"}}, 2400, 2790),
        ({"country": {"!=": "DE"}}, 8000, 8280),
        ({"revenue": {">": 2700, "<": 5000}}, 8000, 2790),
        ({"revenue": {">=": 3200, "<=": 4800}, "country": "FR"}, 8000, None),
        ({"device": {"contains": "BIL"}}, 3200, 2340),
        ({"device": {"starts_with": "desk"}}, 7200, 8730),
        ({"day": {">": "2026-01-05"}}, 5600, 11070),
        ({"visits": [500, 1000, 1100]}, 10400, 8730),
    ],
)
def test_it_filters(frame: pl.DataFrame, where, base, current) -> None:
    if current is None:
        with pytest.raises(EmptyComparison, match=r"There are no rows in current \(2026-02-01 to 2026-02-28\)"):
            months(frame, where=where)
        return
    found = months(frame, where=where)
    assert (found.total.base, found.total.current) == (base, current)


def test_the_last_day_of_a_period_of_times_counts_whole() -> None:
    times = pl.Series(["2026-01-31 23:59:00", "2026-02-01 00:00:00", "2026-02-28 23:59:59"]).str.to_datetime()
    data = pl.DataFrame({"at": times, "n": [1, 10, 100]})
    found = months(data, steps=["n"], by="at")
    assert (found.total.base, found.total.current) == (1, 110)


def test_days_of_times_with_a_zone_are_cut_in_utc() -> None:
    here = pl.Series(["2026-01-31 20:00:00", "2026-01-31 18:00:00"]).str.to_datetime()
    times = here.dt.replace_time_zone("America/New_York")
    found = months(pl.DataFrame({"at": times, "n": [1, 10]}), steps=["n"], by="at")
    assert (found.total.base, found.total.current) == (10, 1)


@pytest.mark.parametrize(
    "january",
    [
        date(2026, 1, 5),
        datetime(2026, 1, 5, 17, tzinfo=UTC),
        pd.Timestamp("2026-01-05 17:00"),
        "2026-01-05",
        ["2026-01-05"],
        (date(2026, 1, 5), "2026-01-05"),
    ],
)
def test_one_value_means_one_day(frame: pl.DataFrame, january) -> None:
    assert months(frame, base=january).total.base == 4800


def test_it_compares_groups_of_any_column(frame: pl.DataFrame) -> None:
    found = bridge(frame, STEPS, by="country", base="DE", current=["FR", None])
    assert (found.total.base, found.total.current) == (5190, 16280)
    assert found.bridge.dimensions == ("device",)


def test_a_formula_may_add(frame: pl.DataFrame) -> None:
    found = months(frame, steps=["visits", "orders"], total="events", formula="[1] + [2]")
    assert (found.total.change, found.bridge.equation.total) == (400 - 7, "events")
    assert contributions(found) == [400, -7]


def test_only_the_dimensions_asked_for_are_looked_at(frame: pl.DataFrame) -> None:
    assert months(frame, dimensions=["device"]).bridge.dimensions == ("device",)
    assert months(frame, dimensions="device").bridge.dimensions == ("device",)
    assert months(frame, dimensions=[]).bridge.dimensions == ()


def test_texts_truths_and_enums_are_dimensions_and_numbers_are_not() -> None:
    kinds = E1.with_columns(
        text=pl.Series(["a", "b"]),
        truth=pl.Series([True, None]),
        enum=pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"])),
        code=pl.Series([1, 2]),
    )
    assert set(months(kinds).bridge.dimensions) == {"text", "truth", "enum"}


def test_merged_steps_are_known_by_their_joint_name() -> None:
    launch = E1.with_columns(visits=pl.Series([0, 1200]), orders=pl.Series([0, 48]), revenue=pl.Series([0.0, 4320.0]))
    found = months(launch.with_columns(shop=pl.lit("A")))
    assert found.steps["step"].to_list() == ["visits to revenue"]
    assert found.detail("visits to revenue", "shop")["total"].to_list() == [4320]
    assert "visits is 0 in base" in found.steps["note"][0]
    assert found.total.change_pct is None


def test_the_specification_can_be_saved_and_gives_the_same_bridge(sales_app: App, sales_csv: Path) -> None:
    found = months(sales_csv, where={"country": ["FR", None]}, method="sequential")
    spec = found.to_spec().model_copy(update={"dataset": "sales"})
    again = sales_app.analyses.bridge(AnalysisSpec.model_validate_json(spec.model_dump_json()))
    assert again.steps.equals(found.steps)


def test_it_draws_and_tells(frame: pl.DataFrame) -> None:
    found = months(frame)
    assert found.chart().to_dict()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert found.detail_chart("orders / visits", "country").to_dict()["config"]
    assert found.comment().splitlines()[0].startswith("Revenue rose by 0.7k")
    assert found.comment(locale="de") != found.comment()


def test_it_shows_itself_as_its_chart_with_the_numbers_beneath(frame: pl.DataFrame) -> None:
    shown, _ = months(frame)._repr_mimebundle_()
    assert shown["image/png"].startswith(b"\x89PNG")
    picture, numbers = shown["text/html"].split("<pre>")
    assert picture.startswith('<img width="720" src="data:image/png;base64,')
    assert "revenue / orders" in numbers
    assert "revenue / orders" in shown["text/plain"]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"steps": ["visit"]}, UnknownColumn, "Column 'visit' is not in 'notebook'. Did you mean 'visits'"),
        ({"steps": []}, DataError, "steps"),
        ({"steps": "visit"}, UnknownColumn, "Column 'visit' is not in"),
        ({"steps": ["country"]}, EquationError, "'country' is no metric"),
        ({"steps": ["visits", "visits"]}, EquationError, "Two steps are called 'visits'"),
        ({"formula": "[1] * [2"}, EquationError, "cannot be read"),
        ({"by": "dya"}, UnknownColumn, "Did you mean 'day'"),
        ({"base": "January"}, DataError, "'January' is no date for 'day'"),
        ({"base": ("2026-01-31", "2026-01-01")}, DataError, "before it starts"),
        ({"base": []}, DataError, "Base and current"),
        ({"base": object()}, DataError, "base"),
        ({"current": "2027-01-01"}, EmptyComparison, "The data covers 2026-01-05 to 2026-02-28"),
        ({"dimensions": ["city"]}, UnknownColumn, "Column 'city' is not in"),
        ({"where": {"city": "Paris"}}, UnknownColumn, "Column 'city' is not in"),
        ({"where": {"country": {"~": "F"}}}, DataError, "'~' is no operator"),
        ({"method": "magic"}, DataError, "method: 'magic' cannot be taken"),
    ],
)
def test_a_wrong_argument_is_named(frame: pl.DataFrame, changes, error, words) -> None:
    with pytest.raises(error, match=words.replace("[", r"\[").replace("*", r"\*")) as caught:
        months(frame, **changes)
    assert isinstance(caught.value, BridgecastError)


def test_an_unknown_slug_is_named() -> None:
    with pytest.raises(NotFound, match="There is no dataset 'no-such'"):
        months("no-such")


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(DataError, match=r"A dict is no data\. Give a slug, a path"):
        months({"visits": [1]})


def test_a_bridge_is_saved_into_the_app_and_comes_back(sales_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGECAST_DATA_DIR", str(sales_app.settings.data_dir))
    kept = months("sales", total="revenue").save("from-notebook", "From a notebook")
    again = saved("from-notebook")
    assert again.spec == kept.spec
    assert again.steps.equals(months("sales", total="revenue").steps)
    months("sales", method="sequential").save("from-notebook")
    assert [r.note for r in sales_app.analyses.revisions("from-notebook")] == ["Saved from a notebook"] * 2


def test_a_bridge_goes_through_a_file_and_back(frame: pl.DataFrame) -> None:
    found = months(frame, where={"country": ["FR", None]}, method="sequential")
    again = from_spec(found.to_yaml(), frame)
    assert again.steps.equals(found.steps)


def test_a_bridge_of_a_file_needs_the_slug_of_its_dataset_to_be_saved(frame: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="Load it on the Data page"):
        months(frame).save("revenue")


def test_columns_are_compared_with_their_plans_without_a_base() -> None:
    planned = E1.with_columns(**{f"{name}_plan": pl.col(name) * 2 for name in ("visits", "orders", "revenue")})
    pairs = {name: f"{name}_plan" for name in ("visits", "orders", "revenue")}
    found = bridge(planned, STEPS, "revenue", by="day", current="2026-02-01", metrics=pairs)
    assert (found.total.base, found.total.current) == (8640.0, 4320.0)
    assert found.comment().startswith("Revenue is 4,320 (−50.0\u202f%) below plan, driven by visits")


def test_a_second_comparison_is_drawn_and_told() -> None:
    march = pl.concat(
        [E1, pl.DataFrame({"day": [date(2026, 3, 1)], "visits": [1200], "orders": [36], "revenue": [3240.0]})]
    )
    days = {"base": "2026-02-01", "current": "2026-03-01"}
    january = {"comparison": {"by": "day", "base": ["2026-01-01"], "current": ["2026-02-01"]}}
    found = months(march, total="revenue", **days, second=january)
    assert "Revenue turned: −1,080 after +320 the month before." in found.comment()
    assert "January" not in found.comment()
    assert "1 Jan 2026" in json.dumps(found.chart().to_dict())


def test_a_bridge_with_a_second_comparison_comes_back_from_its_text(frame: pl.DataFrame) -> None:
    december = {"show": "below", "comparison": {"by": "country", "base": ["FR"], "current": ["DE"]}}
    found = months(frame, second=december)
    assert from_spec(found.to_yaml(), frame).second is not None
