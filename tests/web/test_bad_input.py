"""Whatever is sent or loaded: an answer that explains itself, never a 500."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import REVENUE, Site

HUGE = 10**400


def save(site: Site, **changes: Any) -> Any:
    return site.post("/analyses", json=REVENUE | {"slug": "bad"} | changes)


def fields(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ""}, "name", "needs a name"),
        ({"where": {"country": {"like": "F%"}}}, "where.country", "'like' is no operator"),
        ({"where": {"visits": {">": "many"}}}, "where.visits", "'many' is no number"),
        ({"where": {"country": [["FR"]]}}, "where.country", "give a value, a list of values, or operators"),
        ({"where": {"visits": HUGE}}, "where.visits", "is no number"),
        ({"where": {"countri": "FR"}}, "where.countri", "Did you mean 'country'"),
        ({"comparison": {"by": "day", "relative": "last_month"}}, "comparison.relative", "last_full_month"),
        ({"comparison": {"by": "dya", "relative": "last_full_month"}}, "comparison.by", "Did you mean 'day'"),
        ({"comparison": {"by": "country", "base": [{}], "current": ["DE"]}}, "comparison.base.0", "give a text"),
        ({"max_segments": HUGE}, "max_segments", "less than or equal to 50"),
    ],
)
def test_a_wrong_analysis_is_refused_at_its_field(
    site: Site, changes: dict[str, Any], field: str, message: str
) -> None:
    answer = save(site, **changes)
    assert (answer.status_code, fields(answer)) == (422, [field])
    assert message in answer.json()["detail"]
