"""A browser that missed the run which set an input's value draws it by what the next run says, and must be right."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import REPOSITORY

PAGE = Path(__file__).with_name("inputs_page.py")
KINDS = ("text_input", "text_area", "toggle", "checkbox", "number_input", "date_input", "time_input", "selectbox")
KINDS += ("radio", "multiselect", "pills", "segmented_control")
SAYS_ITSELF = {"value", "index", "default", "bind"}
# As the browser is told: options by their places.
BEGIN = {
    "line": "Revenue",
    "password": "",
    "lines": "every\nmorning",
    "switch": True,
    "tick": True,
    "number": 7,
    "time": "09:00",
    "one": 2,
    "typed_one": 1,
    "seen_one": 2,
    "some": [1, 2],
    "typed_some": [1],
    "pill": [1],
    "pills": [0, 2],
    "segment": [2],
}
OPTIONAL = {"number_or_none", "day_or_none"}


@pytest.fixture(scope="module")
def second_run() -> AppTest:
    return AppTest.from_file(PAGE).run().run()


def test_each_input_has_the_sessions_value_as_its_default(second_run: AppTest) -> None:
    assert not second_run.exception
    drawn = [one for kind in (*KINDS, "button_group") for one in second_run.get(kind)]
    found = {one.key: one.proto.default for one in drawn if one.key not in OPTIONAL}
    assert {key: plain(value) for key, value in found.items()} == BEGIN


def test_an_input_that_may_be_left_empty_is_told_its_value_at_every_run(second_run: AppTest) -> None:
    number, day = second_run.number_input(key="number_or_none"), second_run.date_input(key="day_or_none")
    assert (number.proto.set_value, number.proto.value) == (True, 2.5)
    assert (day.proto.set_value, list(day.proto.value)) == (True, ["2026-11-22"])


def test_an_input_that_may_be_left_empty_can_be_emptied() -> None:
    page = AppTest.from_file(PAGE).run()
    page.number_input(key="number_or_none").set_value(None)
    page.date_input(key="day_or_none").set_value(None)
    page.run().run()
    assert page.session_state["number_or_none"] is page.session_state["day_or_none"] is None


def test_a_typed_password_is_not_sent_back() -> None:
    page = AppTest.from_file(PAGE).run()
    page.text_input(key="password").set_value("correct horse").run().run()
    assert page.session_state["password"] == "correct horse"
    assert page.text_input(key="password").proto.default == ""


def test_what_people_choose_stays() -> None:
    page = AppTest.from_file(PAGE).run()
    page.selectbox(key="one").set_value("day")
    page.multiselect(key="some").set_value([])
    page.text_input(key="line").set_value("")
    page.toggle(key="switch").set_value(False)
    page.button_group(key="pills").set_value([])
    page.run().run()
    assert [page.session_state[key] for key in ("one", "some", "line", "switch", "pills")] == ["day", [], "", False, []]


def test_an_option_that_is_gone_makes_place_for_the_first_one() -> None:
    page = AppTest.from_file(PAGE).run()
    page.session_state["offered"] = ["hour", "day"]
    page.run().run()
    assert not page.exception
    assert page.session_state["one"] == "hour"


def test_of_very_many_chosen_options_the_browser_is_told_at_every_run() -> None:
    page = AppTest.from_file(PAGE).run()
    many = [str(number) for number in range(600)]
    page.multiselect(key="some").set_value(many)
    page.run().run()
    some = page.multiselect(key="some").proto
    assert (some.set_value, list(some.raw_values), list(some.default)) == (True, many, [])


def test_every_input_of_the_app_says_what_it_begins_with() -> None:
    """Through `inputs`, or by a default of its own; else the session's value alone would stand for it."""
    found, bare = 0, []
    for file in sorted((REPOSITORY / "core" / "ui").glob("*.py")):
        if file.name == "inputs.py":
            continue
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in KINDS:
                found += 1
                if ast.unparse(call.func.value) != "inputs" and not says_itself(call):
                    bare.append(f"{file.name}:{call.lineno}")
    assert found > 150
    assert bare == []


def plain(default: Any) -> Any:
    """A default as the browser is told it; of several a list."""
    return default if isinstance(default, str | bool | int | float) else list(default)


def says_itself(call: ast.Call) -> bool:
    """Whether the call names a default, by name or by its place, or has no key by which the session could set it."""
    assert isinstance(call.func, ast.Attribute)
    first = {"selectbox": 2, "radio": 2, "multiselect": 2, "pills": 2, "segmented_control": 2, "number_input": 3}
    named = {keyword.arg for keyword in call.keywords}
    return "key" not in named or bool(named & SAYS_ITSELF) or len(call.args) > first.get(call.func.attr, 1)
