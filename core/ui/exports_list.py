"""All exports: what each shows, its links, whether it is on, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.links import Link
from core.ui import frame, inputs
from core.ui.exports_copy import COPY_NAME, duplicate_dialog
from core.ui.exports_edit import open_export
from core.ui.exports_links import say_where_links_open, show_link
from core.ui.exports_runs import run_now, show_channels, show_last_run, show_rhythm
from core.ui.exports_triggers import rotate_dialog
from core.ui.exports_words import LAYOUTS, LOCALES, VIEW_NAMES
from core.ui.exports_yaml import yaml_dialog
from core.ui.identity import acting, can
from core.ui.notices import attempt, begin_dialog
from core.ui.text import ago, escape, plural

Action = Callable[[App, SavedExport, Link], None]
ROTATE, PAUSE, RESUME, RENEW = "New address…", "Pause the link…", "Open the link again…", "Let it open longer…"
CLOSE, TRIGGER_URL, DUPLICATE, DELETE = "Close the link…", "Trigger URL…", "Duplicate…", "Delete…"
YAML = "YAML…"
SEARCH, TAG_FILTER = "exports_search", "exports_tag_filter"


def show_exports(app: App, exports: list[SavedExport]) -> None:
    """A card an export, the one changed last first; those that are searched for."""
    names = {saved.spec.slug: saved.spec.name for saved in app.analyses.all()}
    wanted = _search() if len(exports) > 1 else ""
    found = [(export, _shown(names, export)) for export in exports]
    tags = set(_chosen_tags(exports))
    fitting = [pair for pair in found if _fits(wanted, *pair) and tags <= set(pair[0].spec.tags)]
    connections = app.connections.names()
    for export, name in fitting:
        with st.container(border=True, key=f"exports_card_{export.id}"):
            _show(app, export, name, connections)
    if not fitting:
        st.info("No export fits. Search for other words, or choose fewer tags.", icon=":material/search_off:")
    if any(export.links for export in exports):
        say_where_links_open(app)


def show_empty(app: App) -> None:
    """The page while there is no export."""
    if not app.analyses.all():
        st.info("An export shows a saved analysis, and there is none yet.", icon=frame.EXPORTS.icon)
        st.page_link(frame.BRIDGE.page, label="Build a bridge", icon=frame.BRIDGE.icon)
        return
    st.info("There is no export yet. Make one to share a report that is fresh at every load.", icon=frame.EXPORTS.icon)


def _shown(names: Mapping[str, str], export: SavedExport) -> str:
    """The names of the analyses that it shows."""
    return ", ".join(dict.fromkeys(names.get(slug, slug) for slug in export.spec.content.analyses))


def _search() -> str:
    typed: str = inputs.text_input(
        "Search",
        key=SEARCH,
        placeholder="Name, description, tag, analysis or address",
        icon=":material/search:",
        width=420,
    )
    return typed


def _chosen_tags(exports: list[SavedExport]) -> list[str]:
    """The tags that an export must all have; those of exports that are gone are forgotten."""
    known = sorted({tag for export in exports for tag in export.spec.tags}, key=str.casefold)
    if not known:
        return []
    st.session_state[TAG_FILTER] = [tag for tag in st.session_state.get(TAG_FILTER, []) if tag in known]
    chosen: list[str] = inputs.pills("Tags", known, format_func=escape, key=TAG_FILTER, selection_mode="multi")
    return chosen


def _fits(wanted: str, export: SavedExport, analysis_name: str) -> bool:
    """Whether every word is somewhere in it."""
    spec = export.spec
    addresses = [str(value) for one in spec.channels for value in one.settings.values()]
    text = " ".join(
        [spec.name, spec.description, *spec.tags, analysis_name, *(link.slug for link in export.links), *addresses]
    )
    return all(word in text.casefold() for word in wanted.casefold().split())


def _show(app: App, export: SavedExport, analysis_name: str, connections: Mapping[str, str]) -> None:
    spec = export.spec
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {escape(spec.name)}", width="stretch")
        switch = f"exports_switch_{export.id}"
        if switch not in st.session_state or st.session_state[f"{switch}_was"] != spec.is_active:
            st.session_state[switch] = st.session_state[f"{switch}_was"] = spec.is_active
        inputs.toggle("On", key=switch, on_change=_switch, args=(app, export, switch))
        if spec.is_active and can(app, "run.start"):
            st.button(
                "Run now",
                key=f"exports_run_{export.id}",
                icon=":material/play_arrow:",
                on_click=run_now,
                args=(app, export),
            )
        st.button(
            "Edit", key=f"exports_edit_{export.id}", icon=":material/edit:", on_click=open_export, args=(export.id,)
        )
        chosen = st.menu_button("More", _offered(export), key=f"exports_more_{export.id}")
    views = ", ".join(VIEW_NAMES[view] for view in spec.content.views)
    st.caption(
        f"Report of {escape(analysis_name)} · {LAYOUTS[spec.content.layout]} · {views} · "
        f"{LOCALES[spec.content.locale]} · "
        f"changed {ago(export.modified_at, app.clock())}"
    )
    if spec.description:
        st.markdown(escape(spec.description))
    if spec.tags:
        st.markdown(" ".join(f":blue-badge[{escape(tag)}]" for tag in spec.tags))
    show_rhythm(export)
    show_channels(export, connections)
    show_last_run(app, export)
    for link in export.links:
        show_link(link, is_on=spec.is_active)
    _open_dialog(app, export, chosen)


def _offered(export: SavedExport) -> list[str]:
    states = {link.state for link in export.links}
    offered = {
        ROTATE: bool(states),
        PAUSE: "open" in states,
        RESUME: "paused" in states,
        RENEW: any(link.expires_at and link.state != "revoked" for link in export.links),
        CLOSE: bool(states - {"revoked"}),
        TRIGGER_URL: any(trigger.kind == "url" for trigger in export.triggers),
        DUPLICATE: True,
        YAML: True,
        DELETE: True,
    }
    return [entry for entry, is_offered in offered.items() if is_offered]


def _open_dialog(app: App, export: SavedExport, chosen: str | None) -> None:
    if chosen == ROTATE:
        _rotate_dialog(app, export)
    elif chosen == PAUSE:
        _pause_dialog(app, export)
    elif chosen == RESUME:
        _resume_dialog(app, export)
    elif chosen == RENEW:
        _renew_dialog(app, export)
    elif chosen == CLOSE:
        _close_dialog(app, export)
    elif chosen == TRIGGER_URL:
        rotate_dialog(app, export)
    elif chosen == DUPLICATE:
        st.session_state.pop(COPY_NAME, None)
        duplicate_dialog(app, export)
    elif chosen == YAML:
        yaml_dialog(app, export)
    elif chosen == DELETE:
        _delete_dialog(app, export)


def _switch(app: App, export: SavedExport, key: str) -> None:
    is_on = bool(st.session_state[key])
    with attempt(f"'{export.spec.name}' is {'on' if is_on else 'off: its links do not open'}."):
        acting(app, "export.write")
        app.exports.switch(export.id, is_on)


@st.dialog("Give it a new address")
def _rotate_dialog(app: App, export: SavedExport) -> None:
    begin_dialog()
    st.markdown("The old address stops working at once, for everybody who has it.")
    for link in export.links:
        _act(f"New address for /r/{link.slug}", f"exports_rotate_{link.id}", _rotate, app, export, link)


def _rotate(app: App, export: SavedExport, link: Link) -> None:
    with attempt(f"/r/{link.slug} has a new address."):
        acting(app, "export.write")
        app.exports.rotate(export.id, link.id)


@st.dialog("Close the link")
def _close_dialog(app: App, export: SavedExport) -> None:
    begin_dialog()
    st.markdown("It will read: This link does not exist or no longer works. A new address opens it again.")
    for link in export.links:
        if link.state != "revoked":
            _act(f"Close /r/{link.slug}", f"exports_close_{link.id}", _close, app, export, link)


def _close(app: App, export: SavedExport, link: Link) -> None:
    with attempt(f"/r/{link.slug} is closed."):
        acting(app, "export.write")
        app.exports.revoke(export.id, link.id)


@st.dialog("Pause the link")
def _pause_dialog(app: App, export: SavedExport) -> None:
    begin_dialog()
    st.markdown("It does not open until you open it again. The address stays.")
    for link in export.links:
        if link.state == "open":
            _act(f"Pause /r/{link.slug}", f"exports_pause_{link.id}", _pause, app, export, link)


def _pause(app: App, export: SavedExport, link: Link) -> None:
    with attempt(f"/r/{link.slug} is paused."):
        acting(app, "export.write")
        app.exports.pause(export.id, link.id)


@st.dialog("Open the link again")
def _resume_dialog(app: App, export: SavedExport) -> None:
    begin_dialog()
    st.markdown("Whoever has the address can open it again.")
    for link in export.links:
        if link.state == "paused":
            _act(f"Open /r/{link.slug}", f"exports_resume_{link.id}", _resume, app, export, link)


def _resume(app: App, export: SavedExport, link: Link) -> None:
    with attempt(f"/r/{link.slug} opens again."):
        acting(app, "export.write")
        app.exports.resume(export.id, link.id)


@st.dialog("Let it open longer")
def _renew_dialog(app: App, export: SavedExport) -> None:
    begin_dialog()
    for link in export.links:
        if link.expires_at and link.state != "revoked":
            st.markdown(f"/r/{link.slug} opens for {plural(link.settings.expires_days or 0, 'day')} from now.")
            _act(f"Renew /r/{link.slug}", f"exports_renew_{link.id}", _renew, app, export, link)


def _renew(app: App, export: SavedExport, link: Link) -> None:
    with attempt(f"/r/{link.slug} opens longer."):
        acting(app, "export.write")
        app.exports.renew(export.id, link.id)


@st.dialog("Delete the export")
def _delete_dialog(app: App, export: SavedExport) -> None:
    begin_dialog()
    st.markdown(f"**{escape(export.spec.name)}** and its links will be gone. The analysis stays.")
    st.button("Delete", key="exports_delete_now", type="primary", on_click=_delete, args=(app, export))


def _delete(app: App, export: SavedExport) -> None:
    with attempt(f"'{export.spec.name}' was deleted."):
        acting(app, "export.write")
        app.exports.delete(export.id)


def _act(label: str, key: str, do: Action, app: App, export: SavedExport, link: Link) -> None:
    st.button(escape(label), key=key, on_click=do, args=(app, export, link))
