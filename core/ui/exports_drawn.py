"""What an export shows now, made once for all its previews: page, mail, message, card and deck."""

from __future__ import annotations

import json

import streamlit as st

from core.app import App
from core.delivery.digests import ALWAYS, make_shown
from core.delivery.reports import Made, Source
from core.model.delivery import ReportContent, SendCondition

KEPT, TTL_S = 16, 300


def made_now(
    app: App,
    content: ReportContent,
    *,
    name: str = "",
    condition: SendCondition = ALWAYS,
    hidden: tuple[str, ...] = (),
) -> Made:
    """The report on the newest versions. name: of a digest. Raises as `make_shown`."""
    wording = json.dumps(dict(app.templates.words(content.locale).overrides), sort_keys=True)
    called = name if content.parts else ""
    said = (content.model_dump_json(), condition.model_dump_json(), called, hidden, wording)
    return _made(app, said, data_of(app, content))


def data_of(app: App, content: ReportContent) -> tuple[str, ...]:
    """What its numbers are made of: revisions and versions. Raises NotFound, UnknownDataset."""
    sources = _sources(app, content)
    return tuple(
        f"{one.analysis.slug} {one.revision} {one.version.number} {one.version.published_at}" for one in sources
    )


def _sources(app: App, content: ReportContent) -> list[Source]:
    saved = map(app.analyses.get, content.analyses)
    return [Source(one.spec, app.catalogue.latest(one.spec.dataset), one.revision) for one in saved]


@st.cache_resource(show_spinner=False, max_entries=KEPT, ttl=TTL_S)
def _made(_app: App, said: tuple[str, str, str, tuple[str, ...], str], data: tuple[str, ...]) -> Made:
    content_json, condition_json, name, hidden, _ = said
    content = ReportContent.model_validate_json(content_json)
    return make_shown(
        _app.warehouse,
        _sources(_app, content),
        content,
        name=name,
        rendered_at=_app.clock(),
        words=_app.templates.words(content.locale),
        hidden=hidden,
        condition=SendCondition.model_validate_json(condition_json),
    )
