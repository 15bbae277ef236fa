"""Comments, headlines and alerts in the organisation's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from core.model.base import Slug, Spec
from core.model.delivery import Locale
from core.model.document import plain
from core.report.editable import Subject
from core.report.printed import print_bridge
from core.web.auth import AnalysisReader, SettingsWriter, TheApp
from core.web.etags import IfMatch, require_match, tagged
from core.web.paging import AskedPage, Page
from core.web.problems import answers
from core.wording import Template, say

routes = APIRouter(tags=["templates"])


class TemplateText(Spec):
    """A message in own words: one line of plain text, placeholders in braces."""

    text: str


class TemplateAnswer(BaseModel):
    """A message as it is printed. `own` is null while the default is."""

    language: Locale
    key: str
    subject: Subject
    description: str
    placeholders: tuple[str, ...]
    default: str
    own: str | None
    changed_by: str | None
    changed_at: datetime | None


class PreviewAsk(Spec):
    """Texts to try on a saved analysis; those that are not given are as they stand."""

    analysis: Slug
    texts: dict[str, str] = {}


class PreviewAnswer(BaseModel):
    """How an analysis would read."""

    headline: str
    alert: str
    comment: dict[str, str]


@routes.get("/templates", responses=answers(422), summary="All messages")
def list_all(
    page: AskedPage,
    app: TheApp,
    _caller: AnalysisReader,
    language: Annotated[Locale | None, Query(description="default all languages")] = None,
    own: Annotated[bool, Query(description="only those in own words")] = False,
) -> Page[TemplateAnswer]:
    """The messages that may be put in own words, by language and key."""
    languages = [language] if language else get_args(Locale)
    found = [_answer(t) for one in languages for t in app.templates.all(one) if t.own is not None or not own]
    return page.page(found, lambda answer: f"{answer.language}/{answer.key}")


@routes.get("/templates/{language}/{key}", responses=answers(422), summary="One message")
def get_one(language: Locale, key: str, response: Response, app: TheApp, _caller: AnalysisReader) -> TemplateAnswer:
    """One message with its default and its placeholders."""
    return tagged(response, _answer(app.templates.get(language, key)))


@routes.put(
    "/templates/{language}/{key}", responses=answers(400, 412, 413, 415, 422), summary="Put a message in own words"
)
def put(
    language: Locale,
    key: str,
    body: TemplateText,
    response: Response,
    app: TheApp,
    caller: SettingsWriter,
    if_match: IfMatch = None,
) -> TemplateAnswer:
    """Put a message in own words. Every report shows it at its next load; the default's text resets it."""
    require_match(if_match, _answer(app.templates.get(language, key)))
    return tagged(response, _answer(app.templates.keep(language, key, body.text, by=caller.person_id)))


@routes.delete("/templates/{language}/{key}", status_code=204, responses=answers(412, 422), summary="Reset a message")
def reset(language: Locale, key: str, app: TheApp, _caller: SettingsWriter, if_match: IfMatch = None) -> None:
    """Back to the default."""
    require_match(if_match, _answer(app.templates.get(language, key)))
    app.templates.reset(language, key)


@routes.delete(
    "/templates/{language}", responses=answers(422), status_code=204, summary="Reset all messages of a language"
)
def reset_all(language: Locale, app: TheApp, _caller: SettingsWriter) -> None:
    """Back to the defaults."""
    app.templates.reset_all(language)


@routes.post(
    "/templates/{language}/preview", responses=answers(400, 413, 415, 422, 503), summary="Try texts on an analysis"
)
def preview(language: Locale, body: PreviewAsk, app: TheApp, _caller: AnalysisReader) -> PreviewAnswer:
    """How a saved analysis would read on its newest data. Nothing is kept."""
    words = app.templates.trial(language, body.texts)
    spec = app.analyses.get(body.analysis).spec
    version = app.catalogue.fresh(spec.dataset).version
    spoken = say(print_bridge(app.analyses.bridge(spec, version), language, version.labels, words))
    return PreviewAnswer(
        headline=plain(spoken.headline),
        alert=plain(spoken.alert),
        comment={depth: "\n".join(map(plain, lines)) for depth, lines in spoken.comment.items()},
    )


def _answer(template: Template) -> TemplateAnswer:
    message = template.message
    return TemplateAnswer(
        language=template.language,
        key=message.key,
        subject=message.subject,
        description=message.description,
        placeholders=message.placeholders,
        default=template.default,
        own=template.own,
        changed_by=template.changed_by,
        changed_at=template.changed_at,
    )
