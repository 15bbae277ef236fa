"""The KPIs on Home: each saved analysis as a small bridge with its headline, the age of its data and its reports."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import streamlit as st

from core.analyses import SavedAnalysis
from core.app import App
from core.delivery.links import Link
from core.engine.bridge import Bridge
from core.errors import BridgecastError, Cancelled
from core.report.bars import bridge_alt, bridge_bars
from core.report.chart import NARROW_WIDTH, draw
from core.report.comment import printed_headline
from core.report.printed import PrintedBridge, print_bridge
from core.ui import frame, loaders, progress, state
from core.ui.charts import for_page, is_phone
from core.ui.text import LOCALE, age_line, escape, markdown
from core.warehouse import Version

CARDS_SHOWN = 6
CARDS_A_ROW = 2
CHART_WIDTH = 480.0
BARS_SHOWN = 5


@dataclass(frozen=True)
class Card:
    """One KPI: its bridge on the newest version, or why there is none."""

    saved: SavedAnalysis
    version: Version | None = None
    bridge: Bridge | None = None
    error: BridgecastError | None = None


def load_cards(app: App) -> list[Card]:
    """The newest analyses with their bridges; shows progress when that takes longer than a second."""
    chosen = sorted(app.analyses.all(), key=lambda saved: saved.modified_at, reverse=True)[:CARDS_SHOWN]
    if not chosen:
        return []

    def work(report: progress.Report, cancel: threading.Event) -> list[Card]:
        cards = []
        for done, saved in enumerate(chosen):
            report(saved.spec.name, done / len(chosen))
            cards.append(_load(app, saved, cancel))
        return cards

    identity = tuple((saved.spec.slug, saved.revision) for saved in chosen)
    return progress.run(state.HOME_JOB, "Drawing the bridges", work, identity=identity)


def _load(app: App, saved: SavedAnalysis, cancel: threading.Event) -> Card:
    version = None
    try:
        version = app.catalogue.latest(saved.spec.dataset)
        return Card(saved, version, loaders.bridge(app, saved.spec, version, cancel=cancel))
    except Cancelled:
        raise
    except BridgecastError as error:
        return Card(saved, version, error=error)


def show_cards(app: App, cards: list[Card]) -> None:
    """The cards, two a row and of one height, with what opens them at the foot."""
    for start in range(0, len(cards), CARDS_A_ROW):
        for place, card in zip(st.columns(CARDS_A_ROW), cards[start : start + CARDS_A_ROW], strict=False):
            key = f"home_card_{card.saved.spec.slug}"
            with place.container(border=True, height="stretch", vertical_alignment="distribute", key=key):
                _show(app, card)


def _show(app: App, card: Card) -> None:
    spec = card.saved.spec
    with st.container():
        st.markdown(f"##### {escape(spec.name)}")
        if card.bridge is not None:
            labels = card.version.labels if card.version else {}
            _show_bridge(
                print_bridge(card.bridge, LOCALE, labels, app.templates.words(LOCALE)), key=f"home_chart_{spec.slug}"
            )
        if card.error is not None:
            frame.show_error(card.error)
    with st.container():
        if card.version is not None:
            st.caption(age_line(card.version, app.clock()))
        _links(app, card)


def _show_bridge(printed: PrintedBridge, *, key: str) -> None:
    bars = bridge_bars(printed, BARS_SHOWN)
    chart = draw(bars, theme=frame.theme(), width=NARROW_WIDTH if is_phone() else CHART_WIDTH)
    st.markdown(markdown(printed_headline(printed)))
    st.altair_chart(for_page(chart), theme=None, width="stretch", key=key, alt=bridge_alt(printed, bars))


def _links(app: App, card: Card) -> None:
    slug = card.saved.spec.slug
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            frame.BRIDGE.page,
            label="Open the bridge",
            icon=frame.BRIDGE.icon,
            query_params={state.ANALYSIS_PARAM: slug},
        )
        for export in app.exports.of_analysis(slug):
            links = [link for link in export.links if link.is_active and export.spec.is_active]
            for link in links:
                which = f" ({link.slug})" if len(links) > 1 else ""
                name = f"{escape(export.spec.name)}{which}"
                st.link_button(name, link.url, icon=_link_icon(link), help=_who_sees(link))


def _link_icon(link: Link) -> str:
    return ":material/public:" if link.is_public else ":material/lock:"


def _who_sees(link: Link) -> str:
    return "Public: everybody who has the link can read it." if link.is_public else "Only people who are signed in."
