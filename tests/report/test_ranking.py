"""Why a dimension tells, in one sentence with the bridge's own figures."""

from __future__ import annotations

import pytest

from core.engine import significance_notes
from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import parse
from core.model.analysis import EquationSpec, StepSpec
from core.model.document import plain
from core.report.notes import note_text
from core.report.printed import print_bridge
from core.report.ranking import why_dimension
from tests.engine.planted import drawn
from tests.report.conftest import MONTHS, shop_bridge

RATE = "orders / visits"
LABELS = {"d1": "Device", "d5": "Customer"}


@pytest.fixture(scope="module")
def found():
    return drawn()


def planted(found, **of_rate) -> Bridge:
    sums, moments = found
    steps = (StepSpec(formula="visits"), StepSpec(formula=RATE, **of_rate))
    columns = ("visits", "orders")
    equation = parse(EquationSpec(steps=steps, total="orders"), columns, summable=columns)
    return build_bridge(equation, sums, comparison=MONTHS, moments=lambda: moments)


def why(bridge: Bridge, dimension: str, locale: str = "en") -> str:
    return plain(why_dimension(print_bridge(bridge, locale, LABELS), RATE, dimension))


def test_a_cause_is_told_with_its_size_and_signal(found) -> None:
    bridge = planted(found)
    row = bridge.ranking_parts(RATE).filter(dimension="d1").to_dicts()[0]
    said = why(bridge, "d1").replace("\u202f", " ")
    assert said == "By device: segments moved apart by 36k beyond noise; 99 % of the spread is signal."
    assert row["excess"] - row["noise"] == pytest.approx(36_000, abs=500)


def test_noise_is_called_noise(found) -> None:
    assert why(planted(found), "d5") == "By customer: differences between its 2,000 segments are within noise."


def test_the_focus_and_what_is_excluded_are_said(found) -> None:
    bridge = planted(found, focus="d4", exclude=("d1",))
    assert why(bridge, "d4") == "By d4: chosen as the focus of this step."
    assert why(bridge, "d1") == "By device: this step leaves it out."


def test_without_days_noise_is_not_known() -> None:
    sentence = plain(why_dimension(print_bridge(shop_bridge(), "en"), "Basket", "device"))
    assert sentence.startswith("By device: segments moved apart by €")
    assert sentence.endswith("; how much of it is noise is not known.")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "fr",
            "Par device : les segments ont divergé de 36 k au-delà du bruit ; 99 % de la dispersion sont du signal.",
        ),
        ("de", "Nach Device: die Segmente liefen um 36 Tsd. mehr auseinander, als Rauschen erklärt; 99 % der Streuung"),
        ("nb", "Fordelt på device: segmentene spriker 36k mer enn støy forklarer; 99 % av spredningen er signal."),
    ],
)
def test_every_language_says_it(found, locale: str, words: str) -> None:
    said = why(planted(found), "d1", locale).replace("\u00a0", " ").replace("\u202f", " ")
    assert said.startswith(words)


def test_there_is_nothing_to_say_where_no_dimension_explains(found) -> None:
    assert why_dimension(print_bridge(planted(found), "en"), RATE, "colour") == ()


def test_a_printed_step_knows_whether_it_is_usual(found) -> None:
    printed = print_bridge(planted(found), "en")
    assert [step.is_usual for step in printed.steps] == [True, False]


def test_notes_on_a_test_are_said_in_the_reader_s_language(found) -> None:
    (note,) = planted(found).tests[1].notes
    assert note_text(note, "de") == (
        "Basis und Aktuell enthalten nicht dieselben Wochentage (Montag 4/5, Donnerstag 5/4, Freitag 5/4, Samstag 5/4, "
        "Sonntag 4/5); "
        "ein Teil der Veränderung kann daher kommen."
    )
    resembling = note_text(significance_notes.days_resemble(0.456), "fr")
    assert resembling.endswith("(autocorrélation 0,46) : p est optimiste.")


def test_printing_a_bridge_does_not_look_at_the_days(found) -> None:
    def refuse() -> None:
        raise AssertionError("nobody asked")

    sums, _ = found
    equation = parse(EquationSpec(steps=(StepSpec(formula="visits"),)), ("visits",), summable=("visits",))
    bridge = build_bridge(equation, sums, comparison=MONTHS, moments=refuse)
    assert print_bridge(bridge, "en").steps[0].name == "visits"
