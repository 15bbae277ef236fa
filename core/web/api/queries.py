"""A reader's own SQL over datasets."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from core.app import App
from core.errors import UnknownDataset
from core.model.base import Spec
from core.warehouse import Version


class QueryBody(Spec):
    """One SELECT, and how many of its rows are wanted."""

    sql: Annotated[
        str, Field(min_length=1, max_length=20_000, examples=["SELECT country, sum(visits) FROM sales GROUP BY ALL"])
    ]
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class QueryColumn(BaseModel):
    """A column of the answer."""

    name: str
    type: str


class QueryAnswer(BaseModel):
    """The rows; `is_cut`: there are more. `versions`: the data version of each dataset that was offered."""

    columns: list[QueryColumn]
    rows: list[list[Any]]
    is_cut: bool
    versions: dict[str, int]


def answered(app: App, slug: str, body: QueryBody) -> QueryAnswer:
    """The answer over the dataset `slug` and those that the SQL names besides. Raises DataError, Busy, NotFound."""
    app.catalogue.get(slug)
    tables = {slug: app.catalogue.fresh(slug).version} | _others(app, slug, body.sql.lower())
    found = app.warehouse.ask(body.sql, tables, body.limit)
    return QueryAnswer(
        columns=[QueryColumn(name=name, type=kind) for name, kind in found.columns],
        rows=[list(row) for row in found.rows],
        is_cut=found.is_cut,
        versions={name: version.number for name, version in tables.items()},
    )


def _others(app: App, slug: str, sql: str) -> dict[str, Version]:
    """Other datasets whose slug stands in the SQL and that hold data."""
    versions: dict[str, Version] = {}
    for spec in app.catalogue.all():
        if spec.slug != slug and spec.slug in sql:
            try:
                versions[spec.slug] = app.catalogue.fresh(spec.slug).version
            except UnknownDataset:
                continue
    return versions
