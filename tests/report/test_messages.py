"""Every language says everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import core.report
from core.model.document import Text
from core.report.messages import CATALOGUES, PLACEHOLDER, phrase, text

REPORT = Path(core.report.__file__).parent
OTHERS = sorted(set(CATALOGUES) - {"en"})


def placeholders(message: str) -> set[str]:
    return set(PLACEHOLDER.findall(message))


@pytest.mark.parametrize("language", OTHERS)
def test_all_english_messages_exist(language: str) -> None:
    assert set(CATALOGUES["en"]) <= set(CATALOGUES[language])


@pytest.mark.parametrize("language", OTHERS)
def test_other_messages_are_notes_of_the_engine(language: str) -> None:
    assert all(key.startswith("note_") for key in set(CATALOGUES[language]) - set(CATALOGUES["en"]))


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_are_the_same(language: str) -> None:
    english = CATALOGUES["en"]
    assert [k for k in english if placeholders(english[k]) != placeholders(CATALOGUES[language][k])] == []


def test_languages_have_the_same_notes() -> None:
    notes = [{key for key in CATALOGUES[language] if key.startswith("note_")} for language in OTHERS]
    assert notes[0] == notes[1] == notes[2] != set()


def test_every_note_of_the_engine_is_translated() -> None:
    engine = (REPORT.parent / "engine").glob("*notes.py")
    source = "\n".join(path.read_text(encoding="utf-8") for path in engine)
    codes = set(re.findall(r'Note\(\s*"(\w+)"', source)) | {"merged_steps", "undefined_step"}
    assert {f"note_{code}" for code in codes} <= set(CATALOGUES["de"])


def test_no_message_is_left_unused() -> None:
    files = [*REPORT.glob("*.py"), *(REPORT / "templates").rglob("*.html")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    built = (*re.findall(r"[\"'](\w+_)\{", source), "segment_", "share_")
    named = set(re.findall(r"[\"'](\w+)[\"']", source))
    assert [key for key in CATALOGUES["en"] if key not in named and not key.startswith(built)] == []


def test_tones_of_values_are_kept() -> None:
    line = phrase("en", "headline_fell", kpi="Revenue", amount=Text("€41.3k", "bad"))
    assert line == (Text("Revenue fell by "), Text("€41.3k", "bad"))


def test_braces_in_values_are_left_alone() -> None:
    assert text("en", "headline_fell", kpi="{amount}", amount="{kpi}") == "{amount} fell by {kpi}"


@pytest.mark.parametrize("key", sorted(CATALOGUES["fr"]))
def test_french_marks_of_two_parts_have_a_space_that_does_not_break(key: str) -> None:
    bare = re.sub(r"https?://|\d:\d", "", CATALOGUES["fr"][key])
    assert re.findall(r"[^\u00a0\u202f]:|[^\u202f\u00a0][;?!»]|«[^\u00a0\u202f]", bare) == []


@pytest.mark.parametrize("language", ["de", "fr", "nb"])
def test_no_language_has_english_quotes_or_a_straight_apostrophe(language: str) -> None:
    assert [key for key, said in CATALOGUES[language].items() if re.search("['\"”]", said)] == []


@pytest.mark.parametrize("language", ["en", "de", "nb"])
def test_other_languages_have_no_space_before_marks(language: str) -> None:
    assert [key for key, said in CATALOGUES[language].items() if re.search(r"\s[:;?!,.](\s|$)", said)] == []
