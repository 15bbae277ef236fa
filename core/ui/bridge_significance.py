"""Is it noise? The test of every step against the variation of its days, and what to mind about it."""

from __future__ import annotations

import polars as pl
import streamlit as st

from core.engine.bridge import Bridge
from core.engine.significance import StepTest
from core.report.notes import note_text
from core.report.printed import PrintedBridge
from core.ui.tables import P_FORMAT
from core.ui.text import LOCALE, escape

ANSWERS = {True: "it may be", False: "unlikely", None: "not testable"}
READ = (
    "t is the change over what days vary anyway, p how often chance alone goes as far. Below |t| = 2 a step is within "
    "usual variation."
)


def noise_popover(printed: PrintedBridge, step: str) -> None:
    """The answer for one step as a button, which opens the table of all."""
    test = next(test for test in printed.bridge.tests if test.step == step)
    with st.popover(f"Is it noise? {ANSWERS[test.is_usual]}", icon=":material/query_stats:", key="bridge_noise"):
        st.markdown(f"**{escape(printed.step(step).label)}**: {escape(test.verdict)}")
        _table(printed)
        for text in _notes(printed.bridge.tests):
            st.caption(f":material/info: {escape(text)}")
        st.caption(READ)


def _table(printed: PrintedBridge) -> None:
    labels = {step.name: step.label for step in printed.steps}
    found = printed.bridge.significance().with_columns(pl.col("step").replace(labels))
    number = st.column_config.NumberColumn
    st.dataframe(
        found.rename({"step": "Step", "verdict": "Verdict"}),
        hide_index=True,
        column_config={"t": number(format="%.2f"), "df": number(format="%.0f"), "p": number(format=P_FORMAT)},
        key="bridge_significance",
        alt="Test of every step against the variation of its days",
    )


def _notes(tests: tuple[StepTest, ...]) -> list[str]:
    """Each once, in the order of the steps; the reason of a step that cannot be tested stands in its verdict."""
    notes = (note for test in tests if test.is_usual is not None for note in test.notes)
    return list(dict.fromkeys(note_text(note, LOCALE) for note in notes))


def with_tests(rows: pl.DataFrame, bridge: Bridge, step: str, dimension: str) -> pl.DataFrame:
    """A detail's rows with t, df, p, q and is_significant of each segment."""
    return rows.join(bridge.segment_tests(step, dimension), on="segment", how="left", maintain_order="left")
