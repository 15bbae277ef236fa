"""How a saved analysis would read with the texts as they are written, before they are saved."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.model.document import Text
from core.report.comment import Depth
from core.report.editable import EXAMPLES
from core.report.messages import fill
from core.report.printed import PrintedBridge, print_bridge
from core.report.words import Words
from core.ui import frame, inputs, loaders
from core.ui import settings_words as form
from core.ui.text import DEPTHS, markdown
from core.wording import Spoken, Template, say

ANALYSIS, DEPTH = "settings_analysis", "settings_depth"


def show_preview(app: App, template: Template) -> None:
    """Headline, alert and comment of an analysis; a message that they do not hold, by itself."""
    names = {saved.spec.slug: saved.spec.name for saved in app.analyses.all()}
    st.caption("Preview, with what is written here")
    if not names:
        st.info("The preview shows a saved analysis, and there is none yet.", icon=frame.BRIDGE.icon)
        st.page_link(frame.BRIDGE.page, label="Build a bridge", icon=frame.BRIDGE.icon)
        _alone(template, "No analysis says the chosen text.")
        return
    with st.container(horizontal=True):
        slug = inputs.selectbox("Analysis", list(names), format_func=lambda slug: names.get(slug, slug), key=ANALYSIS)
        depth = st.segmented_control(
            "Comment", list(DEPTHS), format_func=DEPTHS.__getitem__, key=DEPTH, default="high", required=True
        )
    words = app.templates.trial(template.language, form.sound(form.drafts()))
    with frame.errors():
        printed = _printed(app, slug, words)
        _show(say(printed), depth or "high")
        if not _is_said(printed, template):
            _alone(template, "This analysis does not say the chosen text now.")


def _printed(app: App, slug: str, words: Words) -> PrintedBridge:
    """Raises DataError."""
    spec = app.analyses.get(slug).spec
    version = app.catalogue.latest(spec.dataset)
    return print_bridge(loaders.bridge(app, spec, version), words.language, version.labels, words)


def _show(spoken: Spoken, depth: Depth) -> None:
    with st.container(border=True, key="settings_preview"):
        st.markdown(f"#### {markdown(spoken.headline)}")
        for line in spoken.comment[depth]:
            st.markdown(markdown(line))
        st.divider()
        st.markdown(f":material/notifications: {markdown(spoken.alert)}")


def _is_said(printed: PrintedBridge, template: Template) -> bool:
    """Whether the chosen message occurs: whether another text for it would change what is said."""
    key, words = template.message.key, printed.words
    other = Words(words.language, {**words.overrides, key: "\u2026"})
    return say(print_bridge(printed.bridge, printed.locale, printed.labels, other)) != say(printed)


def _alone(template: Template, why: str) -> None:
    """The chosen message with examples in the place of values."""
    text = form.drafts().get(template.message.key, template.text)
    values = {name: Text(EXAMPLES[name], "strong") for name in template.message.placeholders}
    if template.message.key in form.sound({template.message.key: text}):
        st.caption(f"{why} With examples for values it reads:")
        with st.container(border=True, key="settings_alone"):
            st.markdown(markdown(fill(template.language, text, values)))
