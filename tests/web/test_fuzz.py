"""The description tells every answer: of unreadable bodies, and of made-up requests that are sent for a moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import REPOSITORY
from tests.web.conftest import Site

FOR_S = 25
"""Of a run's time; `python -m bench.fuzz 600` goes on for longer."""


def test_whoever_takes_a_body_says_what_an_unreadable_one_is_answered(site: Site) -> None:
    paths = site.anonymous("/api/v1/openapi.json").json()["paths"]
    silent = {
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "requestBody" in operation and not {"400", "413", "415", "422"} <= operation["responses"].keys()
    }
    assert silent == set()


@pytest.mark.timeout(300)
def test_no_made_up_request_meets_a_fault_or_an_answer_that_is_not_described(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--report-json-path", str(report), "--max-examples", "3", "--seed", "1"]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.fuzz", str(FOR_S), *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    found = json.loads(report.read_text())
    assert (found["failures"], found["errors"], found["test_cases"]["generated"] > 0) == ([], [], True)
