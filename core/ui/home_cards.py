"""The KPIs on Home: each saved analysis as a small bridge with its headline, the age of its data and its reports."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import streamlit as st

from core.analyses import SavedAnalysis
from core.app import App
from core.engine.bridge import Bridge
from core.errors import BridgecastError, Cancelled
from core.report.chart import waterfall
from core.report.comment import headline
from core.ui import frame, loaders, progress, state
from core.ui.text import LOCALE, age_line, escape, markdown
from core.warehouse import Version

CARDS_SHOWN = 6
CARDS_A_ROW = 2
CARD_WIDTH = 520.0


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
    """The cards, two a row."""
    for first in range(0, len(cards), CARDS_A_ROW):
        for place, card in zip(st.columns(CARDS_A_ROW), cards[first : first + CARDS_A_ROW], strict=False):
            with place, st.container(border=True, key=f"home_card_{card.saved.spec.slug}"):
                _show(app, card)


def _show(app: App, card: Card) -> None:
    spec = card.saved.spec
    st.markdown(f"##### {escape(spec.name)}")
    if card.bridge is not None:
        st.markdown(markdown(headline(card.bridge, LOCALE)))
        st.altair_chart(
            waterfall(card.bridge, LOCALE, theme=frame.theme(), width=CARD_WIDTH),
            theme=None,
            width="stretch",
            key=f"home_chart_{spec.slug}",
        )
    if card.error is not None:
        frame.show_error(card.error)
    if card.version is not None:
        st.caption(age_line(card.version, app.clock()))
    _links(app, card)


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
            for link in export.links:
                if link.is_active and export.spec.is_active:
                    st.link_button(_link_label(link.slug, link.is_public), link.url, icon=":material/open_in_new:")


def _link_label(slug: str, is_public: bool) -> str:
    return f"Report {escape(slug)} · {'public' if is_public else 'login only'}"
