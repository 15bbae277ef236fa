"""docs/security.md names only tests that are there."""

from __future__ import annotations

import re

from core.settings import REPOSITORY


def test_every_threat_is_held_by_tests_that_are_there() -> None:
    text = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| .+? \| (.+?) \|$", text.partition("## Threats")[2], flags=re.MULTILINE)[1:]
    named = {threat: re.findall(r"`(tests/[\w/.]+)`", tests) for threat, tests in rows if set(threat) != {"-"}}
    assert len(named) > 15
    assert [threat for threat, tests in named.items() if not tests] == []
    assert [path for tests in named.values() for path in tests if not (REPOSITORY / path).exists()] == []
