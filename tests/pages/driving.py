"""How tests drive a page: wait for its work, read its text."""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

DEADLINE_S = 120
Open = Callable[..., AppTest]


def settled(test: AppTest) -> AppTest:
    """Run again until no work is shown as running. A page waits a second by itself, so this polls slowly enough."""
    deadline = time.monotonic() + DEADLINE_S
    while is_working(test):
        assert time.monotonic() < deadline, "the work took too long"
        test.run()
    return test


def is_working(test: AppTest) -> bool:
    """Whether a progress bar is shown."""
    return any(button.key is not None and button.key.endswith("_cancel") for button in test.button)


def texts(test: AppTest) -> str:
    """All text on the page, one element a line."""
    kinds = (test.title, test.markdown, test.text, test.caption, test.info, test.success, test.warning, test.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
