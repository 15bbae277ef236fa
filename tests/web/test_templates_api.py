from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.conftest import Site

ROSE = "/templates/en/headline_rose"


@pytest.fixture(autouse=True)
def fresh_words(site: Site) -> Iterator[None]:
    yield
    for language in ("en", "fr", "de", "nb"):
        site.app.templates.reset_all(language)


def put(site: Site, path: str, text: str, **headers: str) -> tuple[int, dict[str, object]]:
    answer = site.client.put(site.prefix + path, json={"text": text}, headers=headers)
    return answer.status_code, answer.json()


def test_a_message_says_its_default_and_its_placeholders(site: Site) -> None:
    answer = site.get(ROSE).json()
    assert (answer["default"], answer["own"]) == ("{kpi} rose by {amount}", None)
    assert answer["placeholders"] == ["kpi", "amount"]


def test_a_message_in_own_words_says_who_and_when(site: Site) -> None:
    status, answer = put(site, ROSE, "{kpi}: up {amount}")
    assert (status, answer["own"], answer["changed_by"]) == (200, "{kpi}: up {amount}", site.app.owner.id)
    assert answer["changed_at"] is not None


def test_only_own_words_can_be_listed(site: Site) -> None:
    put(site, ROSE, "{kpi}: up {amount}")
    assert [found["key"] for found in site.get("/templates?own=true").json()["results"]] == ["headline_rose"]


def test_the_list_is_of_one_language_or_of_all(site: Site) -> None:
    german = site.get("/templates?language=de&limit=500").json()["results"]
    every = site.get("/templates?limit=500").json()["results"]
    assert {found["language"] for found in german} == {"de"}
    assert len(every) == 4 * len(german)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("{kpi} {wow}", "has no placeholder {wow}. It has: {kpi}, {amount}."),
        ("{kpi} {amuont}", "Did you mean {amount}?"),
        ("{kpi} rose}", "A '}' stands alone."),
        ("{kpi\n}", "one line"),
    ],
)
def test_a_wrong_text_is_refused_at_its_field(site: Site, text: str, sentence: str) -> None:
    status, problem = put(site, ROSE, text)
    assert (status, problem["errors"][0]["field"]) == (422, "text")  # type: ignore[index]
    assert sentence in str(problem["detail"])


def test_an_unknown_message_is_404_with_a_guess(site: Site) -> None:
    answer = site.get("/templates/en/headline_rse")
    assert answer.status_code == 404
    assert "Did you mean 'headline_rose'?" in answer.json()["detail"]


def test_an_unknown_language_is_refused(site: Site) -> None:
    assert site.get("/templates/xx/headline_rose").status_code == 422


def test_a_change_from_an_old_state_is_412(site: Site) -> None:
    old = site.get(ROSE).headers["etag"]
    put(site, ROSE, "{kpi}: up {amount}")
    assert put(site, ROSE, "{kpi} climbed {amount}", **{"If-Match": old})[0] == 412


def test_a_reset_brings_the_default_back(site: Site) -> None:
    put(site, ROSE, "{kpi}: up {amount}")
    assert site.delete(ROSE).status_code == 204
    assert site.get(ROSE).json()["own"] is None


def test_all_messages_of_a_language_are_reset_at_once(site: Site) -> None:
    put(site, ROSE, "{kpi}: up {amount}")
    put(site, "/templates/de/headline_rose", "{kpi}: plus {amount}")
    assert site.delete("/templates/en").status_code == 204
    assert [found["language"] for found in site.get("/templates?own=true").json()["results"]] == ["de"]


def test_a_preview_keeps_nothing(site: Site) -> None:
    ask = {"analysis": "revenue", "texts": {"headline_rose": "{kpi}: up {amount}"}}
    answer = site.post("/templates/en/preview", json=ask).json()
    assert answer["headline"].startswith("Revenue: up €60")
    assert set(answer["comment"]) == {"low", "medium", "high"}
    assert site.get(ROSE).json()["own"] is None


def test_a_wrong_text_of_a_preview_is_named(site: Site) -> None:
    answer = site.post("/templates/en/preview", json={"analysis": "revenue", "texts": {"headline_rose": ""}})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "texts.headline_rose")


def test_a_report_shows_new_words_at_its_next_load(site: Site) -> None:
    path = site.report("worded")
    before = site.anonymous(path)
    put(site, ROSE, "{kpi} climbed by {amount}, hurrah")
    after = site.anonymous(path, if_none_match=before.headers["etag"])
    assert (after.status_code, "hurrah" in before.text, "hurrah" in after.text) == (200, False, True)
    site.delete(ROSE)
    assert "hurrah" not in site.anonymous(path).text


def test_own_words_are_text_not_markup(site: Site) -> None:
    put(site, ROSE, "<b>{kpi}</b> <script>alert(1)</script> {amount}")
    page = site.get("/analyses/revenue/report.html").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_numbers_answer_speaks_the_own_words(site: Site) -> None:
    put(site, "/templates/fr/headline_rose", "{kpi} : progression de {amount}")
    assert "progression" in site.get("/analyses/revenue/bridge?locale=fr").json()["headline"]
