"""The official schema of Adaptive Cards 1.5, by which every card is checked before it is kept.

schemas/adaptive-card-1.5.json is Microsoft's (MIT, see LICENSE-adaptive-card.txt beside it).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft6Validator, ValidationError

from core.errors import DataError

SCHEMA = Path(__file__).resolve().parent / "schemas" / "adaptive-card-1.5.json"
OF_TEAMS = frozenset({"msteams", "msTeams"})
"""What Teams adds to cards; the schema does not know it."""


def require_card(card: Mapping[str, Any]) -> None:
    """Raises DataError for what is no Adaptive Card 1.5."""
    problem = next(_validator().iter_errors(_without_teams(card)), None)
    if problem is not None:
        place, said = _cause(problem)
        raise DataError(f"The card for Teams does not fit the schema of Adaptive Cards at {place}: {said[:200]}.")


def _cause(problem: ValidationError) -> tuple[str, str]:
    """Where the trouble is: "fits none of these" says little, what is deepest inside says most."""
    while problem.context:
        problem = max(problem.context, key=lambda inner: len(inner.absolute_path))
    return problem.json_path, problem.message


def _without_teams(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _without_teams(value) for name, value in part.items() if name not in OF_TEAMS}
    return [_without_teams(value) for value in part] if isinstance(part, (list, tuple)) else part


@cache
def _validator() -> Draft6Validator:
    return Draft6Validator(json.loads(SCHEMA.read_text("utf-8")))
