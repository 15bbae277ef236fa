"""The Bridge page in tests: the sales it is opened on, how its text and tables are read, how a button is pressed."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest

from core.model.data import ColumnSpec
from tests.pages.driving import settled, texts

PAGE = "pages/2_Bridge.py"
COLUMNS = (
    ColumnSpec(name="day", type="date", role="date"),
    ColumnSpec(name="country", type="text", role="dimension", display_name="Country"),
    ColumnSpec(name="device", type="text", role="dimension", display_name="Device"),
    ColumnSpec(name="visits", type="integer", role="metric"),
    ColumnSpec(name="orders", type="integer", role="metric"),
    ColumnSpec(name="revenue", type="number", role="metric", unit="€"),
)
ROWS = """day,country,device,visits,orders,revenue
2026-01-10,FR,mobile,1000,50,4000
2026-01-20,DE,desktop,1000,60,6000
2026-02-10,FR,mobile,1400,42,3500
2026-02-28,DE,desktop,1100,66,6700
"""
EQUATION = {
    "total": "Revenue",
    "unit": "€",
    "steps": [
        {"formula": "visits", "name": "Visits"},
        {"formula": "orders / visits", "name": "Conversion", "unit": "%"},
        {"formula": "revenue / orders", "name": "Basket", "unit": "€"},
    ],
}
FIXED = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}


def text_of(page: AppTest) -> str:
    return texts(page).replace("\\", "")


def table_with(page: AppTest, column: str) -> pd.DataFrame:
    return next(frame.value for frame in page.dataframe if column in frame.value.columns)


def toasts(page: AppTest) -> str:
    return "\n".join(str(toast.value) for toast in page.toast)


def act(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())
