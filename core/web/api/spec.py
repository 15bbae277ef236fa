"""The organisation's definitions as YAML: taken out, compared and taken in as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel

from core.app import App
from core.delivery.definitions import Act, Definer
from core.errors import DataError
from core.web.auth import ExportReader, ExportWriter, TheApp
from core.web.problems import answers

routes = APIRouter(tags=["spec"])
MEDIA_TYPE = "application/yaml"
EXAMPLE = """\
version: 1
exports:
  - name: Morning revenue
    content: {analysis: revenue, layout: list}
    destinations:
      - settings: {slug: morning}
"""


class YamlResponse(Response):
    """A text in YAML."""

    media_type = MEDIA_TYPE


class ChangeAnswer(BaseModel):
    """What becomes of one definition; `diff` is unified."""

    kind: Literal["analysis", "export"]
    name: str
    act: Act
    diff: str


class SpecAnswer(BaseModel):
    """What a document makes and changes. `dry_run`: it would, and nothing was kept."""

    dry_run: bool
    changes: list[ChangeAnswer]


@routes.get(
    "/spec",
    response_class=YamlResponse,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}},
    summary="All definitions as YAML",
)
def get_spec(app: TheApp, _caller: ExportReader) -> YamlResponse:
    """Analyses and exports, without secrets, with connections by name."""
    return YamlResponse(_definer(app).text())


@routes.put("/spec", responses=answers(400, 409, 412, 413, 415, 422), summary="Take in definitions")
def put_spec(
    body: Annotated[bytes, Body(media_type=MEDIA_TYPE, examples=[EXAMPLE])],
    app: TheApp,
    caller: ExportWriter,
    dry_run: Annotated[bool, Query(description="Only answer what would change")] = False,
) -> SpecAnswer:
    """Make and change what the document names, all or nothing; what it does not name stays.

    Analyses are known by their slug, exports by their `id`, without one by their name.
    """
    changes = _definer(app).take(_text(body), by=caller.person_id, is_dry_run=dry_run)
    shown = [ChangeAnswer.model_validate(change, from_attributes=True) for change in changes]
    return SpecAnswer(dry_run=dry_run, changes=shown)


def _text(body: bytes) -> str:
    """Raises DataError for what is no UTF-8: names would be kept with signs that nobody typed."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"Byte {error.start} of the document is no UTF-8. Save it as UTF-8.", field="body") from None


def _definer(app: App) -> Definer:
    return Definer(app.store, app.analyses, app.exports, app.connections)
