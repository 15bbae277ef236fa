"""Whatever a click changes runs before the page's own guard: it asks anew who acts, and whether they may."""

from __future__ import annotations

import ast
import re

from core.settings import REPOSITORY

CHANGES = re.compile(
    "create|change|change_password|set_password|switch|rotate|revoke|pause|resume|renew|delete|end|end_all|add|make|send|"
    "check|remove|leave|keep|keep_for|reset|reset_all|restore|share|refresh|replace|rename|duplicate"
)
ASKS = ("acting(", "data_jobs.publish")
# Ends the own session alone; is called by functions that have asked.
NEED_NOT_ASK = {"frame._sign_out", "settings_people._keep_link", "settings_account._change_counted"}


def changing(function: ast.AST) -> bool:
    """Whether it calls `app.<service>.<something that changes>`."""
    places = ("app.", "work.app.")
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(
        isinstance(call, ast.Attribute) and CHANGES.fullmatch(call.attr) and ast.unparse(call.value).startswith(places)
        for call in calls
    )


def test_whatever_changes_something_asks_who_acts() -> None:
    found, forgot = 0, []
    for file in sorted((REPOSITORY / "core" / "ui").glob("*.py")):
        for function in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef) and changing(function):
                found += 1
                name = f"{file.stem}.{function.name}"
                if name not in NEED_NOT_ASK and not any(ask in ast.unparse(function) for ask in ASKS):
                    forgot.append(name)
    assert forgot == []
    assert found > 30
