"""What an export shows and where: the form, and the specification it stands for."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from core.app import App
from core.delivery.exports import SavedExport
from core.model.analysis import AnalysisSpec
from core.model.delivery import (
    ALL_VIEWS,
    FULL_REPORT,
    ExportSpec,
    Layout,
    LinkDestination,
    LinkSettings,
    ReportContent,
)
from core.ui import (
    exports_access,
    exports_alerts,
    exports_channels,
    exports_condition,
    exports_digest,
    exports_triggers,
    frame,
    inputs,
)
from core.ui.bridge_saved import slug_of
from core.ui.exports_elements import element_key, element_label, element_of, offered_elements
from core.ui.exports_words import LAYOUT_HELP, LAYOUTS, LOCALES, VIEW_HELP, VIEW_NAMES

NAME, DESCRIPTION, ANALYSIS = "exports_name", "exports_description", "exports_analysis"
TAGS = "exports_tags"
VIEWS, LAYOUT, LOCALE, ELEMENTS = "exports_views", "exports_layout", "exports_locale", "exports_elements"
SUBJECT, BEFORE, AFTER = "exports_subject", "exports_before", "exports_after"
SLUG, PUBLIC = "exports_slug", exports_access.PUBLIC


def edit_link(analysis_name: str) -> None:
    """The short form: name, who may open it, layout, language."""
    inputs.text_input("Name", key=NAME, placeholder=analysis_name)
    with st.container(horizontal=True):
        exports_access.who()
        _layout()
        _locale()


def link_spec(app: App, analysis: str) -> ExportSpec:
    """The export the short form stands for: all views of an analysis behind one new link."""
    name = st.session_state[NAME].strip() or app.analyses.get(analysis).spec.name
    return ExportSpec(
        name=name,
        content=ReportContent(analysis=analysis, layout=st.session_state[LAYOUT], locale=st.session_state[LOCALE]),
        destinations=(
            LinkDestination(settings=LinkSettings(slug=free_slug(app, name), public=bool(st.session_state[PUBLIC]))),
        ),
    )


def fill(export: SavedExport | None, analysis: str | None) -> None:
    """Give the full form its values; called once when it is opened."""
    session = st.session_state
    session[NAME] = export.spec.name if export else ""
    session[DESCRIPTION] = export.spec.description if export else ""
    session[TAGS] = list(export.spec.tags) if export else []
    session[ANALYSIS] = export.spec.content.analyses[0] if export else analysis
    exports_digest.fill(export)
    session[VIEWS] = list(export.spec.content.views) if export else list(FULL_REPORT)
    session[LAYOUT] = export.spec.content.layout if export else "slides"
    session[LOCALE] = export.spec.content.locale if export else "en"
    session[ELEMENTS] = [element_key(e) for e in export.spec.content.elements or ()] if export else []
    first = export.spec.links[0].settings if export and export.spec.links else None
    session[SLUG] = first.slug if first else ""
    exports_access.fill(first)
    exports_triggers.fill(export)
    exports_channels.fill(export)
    exports_condition.fill(export)
    exports_alerts.fill(export)
    session[SUBJECT], session[BEFORE], session[AFTER] = (
        (export.spec.content.subject, export.spec.content.before, export.spec.content.after) if export else ("", "", "")
    )


def edit_export(app: App, before: SavedExport | None) -> None:
    """The full form. before: the export that is changed."""
    names = {saved.spec.slug: saved.spec.name for saved in app.analyses.all()}
    inputs.text_input("Name", key=NAME, placeholder="Revenue, every morning")
    inputs.text_input("Description", key=DESCRIPTION)
    _tags(app)
    inputs.selectbox("Analysis", list(names), format_func=lambda slug: names.get(slug, slug), key=ANALYSIS)
    exports_digest.edit_more(names, st.session_state[ANALYSIS])
    inputs.pills(
        "Views",
        list(ALL_VIEWS),
        format_func=VIEW_NAMES.__getitem__,
        key=VIEWS,
        selection_mode="multi",
        wrap=True,
        help=VIEW_HELP,
    )
    with st.container(horizontal=True):
        _layout()
        _locale()
    if st.session_state[LAYOUT] != "slides":
        _elements(app)
    st.markdown("**What starts it**")
    analysis = _analysis(app)
    exports_triggers.edit_triggers(app, analysis)
    if analysis is not None:
        with frame.errors():
            exports_condition.edit_condition(app, content_of(before), before)
    st.markdown("**Destination: report link**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        inputs.text_input(
            "Address name", key=SLUG, placeholder="made from the name", help="The part behind /r/ in the URL"
        )
        exports_access.who()
    exports_access.edit_access(app, content_of(before) if analysis is not None else None)
    st.markdown("**Also sent by**")
    exports_channels.edit_channels(app, content_of(before) if analysis is not None else None)
    _mail_words()
    exports_alerts.edit_alerts(app, before)


def content_of(before: SavedExport | None) -> ReportContent:
    """What the full form shows, as a specification. What the API alone can set, such as filters, stays."""
    session = st.session_state
    chosen = session.get(ELEMENTS) if session[LAYOUT] != "slides" else None
    said = {
        **exports_digest.said(session[ANALYSIS], before),
        "views": tuple(session[VIEWS]) or FULL_REPORT,
        "layout": session[LAYOUT],
        "locale": session[LOCALE],
        "elements": tuple(map(element_of, chosen)) if chosen else None,
        "subject": session[SUBJECT].strip(),
        "before": session[BEFORE].strip(),
        "after": session[AFTER].strip(),
    }
    kept = {field: getattr(before.spec.content, field) for field in ReportContent.model_fields} if before else {}
    return ReportContent(**kept | said)


def export_of(app: App, before: SavedExport | None) -> ExportSpec:
    """The export the full form stands for. What it does not show stays as it is in `before`."""
    session = st.session_state
    name = session[NAME].strip() or app.analyses.get(session[ANALYSIS]).spec.name
    own = session[SLUG].strip() or (before.links[0].slug if before and before.links else free_slug(app, name))
    first = before.spec.links[0] if before and before.spec.links else None
    others = [link for link in before.spec.links if link != first] if before else []
    content = content_of(before)
    channels = exports_channels.channels_of(content)
    triggers = exports_triggers.triggers_of(app, app.analyses.get(session[ANALYSIS]).spec)
    is_whole = not exports_channels.missing(channels, has_trigger=bool(triggers))
    said = {
        "name": name,
        "description": session[DESCRIPTION].strip(),
        "tags": tuple(session[TAGS]),
        "is_active": before.spec.is_active if before else is_whole,
        "content": content,
        "triggers": triggers,
        "condition": exports_condition.condition_of(before),
        "failure_recipients": exports_alerts.failure_recipients(),
        "alerts": exports_alerts.alerts_of(),
        "destinations": (LinkDestination(settings=exports_access.settings_of(own)), *others, *channels),
    }
    kept = {field: getattr(before.spec, field) for field in ExportSpec.model_fields} if before else {}
    return ExportSpec(**kept | said)


def free_slug(app: App, name: str) -> str:
    """An address name made of a name."""
    return slug_of(name, {link.slug for export in app.exports.all() for link in export.links})


def _tags(app: App) -> None:
    """Tags that there are already, and new ones."""
    known = sorted({tag for export in app.exports.all() for tag in export.spec.tags}, key=str.casefold)
    inputs.multiselect(
        "Tags",
        list(dict.fromkeys([*known, *st.session_state[TAGS]])),
        key=TAGS,
        accept_new_options=True,
        placeholder="Choose some, or type one and press Enter",
    )


def _mail_words() -> None:
    """Subject and own words of mails; drawn with or without one, since Streamlit forgets what is not drawn."""
    session = st.session_state
    begins = {name: session.setdefault(name, "") for name in (SUBJECT, BEFORE, AFTER)}
    if not exports_channels.has_mail() and not any(begins.values()):
        return
    with st.expander("Words of the mail"):
        inputs.text_input("Subject", key=SUBJECT, placeholder="the headline", max_chars=200)
        inputs.text_area("Before the report", key=BEFORE, max_chars=4_000, help="Markdown")
        inputs.text_area("After the report", key=AFTER, max_chars=4_000, help="Markdown")


def _analysis(app: App) -> AnalysisSpec | None:
    slug = st.session_state[ANALYSIS]
    return app.analyses.get(slug).spec if slug is not None else None


def _elements(app: App) -> None:
    if st.session_state[ANALYSIS] is None:
        return
    slugs = (st.session_state[ANALYSIS], *st.session_state[exports_digest.MORE])
    options = list(dict.fromkeys([*offered_elements(app, slugs), *st.session_state[ELEMENTS]]))
    inputs.multiselect(
        "Elements, in their order",
        options,
        format_func=element_label,
        key=ELEMENTS,
        placeholder="All of the views above",
        help="Choose single titles, charts, comments and tables instead of whole views",
    )


def _layout() -> None:
    st.session_state.setdefault(LAYOUT, "slides")
    inputs.segmented_control(
        "Layout", list(get_args(Layout)), format_func=LAYOUTS.__getitem__, key=LAYOUT, required=True, help=LAYOUT_HELP
    )


def _locale() -> None:
    st.session_state.setdefault(LOCALE, "en")
    inputs.selectbox("Language", list(LOCALES), format_func=LOCALES.__getitem__, key=LOCALE, width=180)
