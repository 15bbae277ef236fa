"""The address of the Bridge page: which analysis, and in what its view differs from what is saved. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from core.model.analysis import AnalysisSpec, ComparisonSpec, Condition, Scalar

View = Literal["waterfall", "table"]
CONDITIONS: TypeAdapter[dict[str, Condition]] = TypeAdapter(dict[str, Condition])
VALUES: TypeAdapter[tuple[Scalar, ...]] = TypeAdapter(tuple[Scalar, ...])
NAMES = ("analysis", "dataset", "by", "base", "current", "relative", "against", "where", "step", "dimension", "view")


@dataclass(frozen=True)
class PageState:
    """What the address says. `dataset` is given for an analysis that is not saved yet.

    comparison, where: None where the saved ones hold.
    unread: names of parameters that could not be read and are passed over.
    """

    analysis: str | None = None
    dataset: str | None = None
    comparison: ComparisonSpec | None = None
    where: dict[str, Condition] | None = None
    step: str | None = None
    dimension: str | None = None
    view: View = "waterfall"
    unread: tuple[str, ...] = ()


def read_state(params: Mapping[str, str]) -> PageState:
    """The state an address stands for; whatever is broken in it is named in `unread`."""
    unread: list[str] = []
    state = PageState(
        analysis=params.get("analysis") or None,
        dataset=params.get("dataset") or None,
        step=params.get("step") or None,
        dimension=params.get("dimension") or None,
    )
    view = params.get("view", "waterfall")
    if view == "table":
        state = replace(state, view="table")
    elif view != "waterfall":
        unread.append("view")
    try:
        state = replace(state, comparison=_read_comparison(params))
    except ValueError:
        unread.append("comparison")
    try:
        state = replace(state, where=_read_where(params))
    except ValueError:
        unread.append("where")
    return replace(state, unread=tuple(unread))


def write_state(state: PageState) -> dict[str, str]:
    """The parameters of an address; what is as saved is left out."""
    params = {
        "analysis": state.analysis,
        "dataset": state.dataset if state.analysis is None else None,
        "step": state.step,
        "dimension": state.dimension if state.step else None,
        "view": state.view if state.view != "waterfall" else None,
    }
    written = {name: value for name, value in params.items() if value}
    if state.comparison is not None:
        written |= _write_comparison(state.comparison)
    if state.where is not None:
        written["where"] = json.dumps(CONDITIONS.dump_python(state.where, mode="json"), ensure_ascii=False)
    return written


def apply_state(saved: AnalysisSpec, state: PageState) -> AnalysisSpec:
    """The saved analysis as the address changes it."""
    update: dict[str, object] = {}
    if state.comparison is not None:
        update["comparison"] = state.comparison
    if state.where is not None:
        update["where"] = state.where
    return saved.model_copy(update=update)


def with_comparison(state: PageState, comparison: ComparisonSpec, saved: AnalysisSpec) -> PageState:
    """The state after another comparison was chosen."""
    return replace(state, comparison=None if comparison == saved.comparison else comparison)


def with_where(state: PageState, where: dict[str, Condition], saved: AnalysisSpec) -> PageState:
    """The state after the filters were changed."""
    return replace(state, where=None if where == saved.where else where)


def _read_comparison(params: Mapping[str, str]) -> ComparisonSpec | None:
    if "by" not in params:
        return None
    if relative := params.get("relative"):
        against = params.get("against", "previous")
        return ComparisonSpec.model_validate({"by": params["by"], "relative": relative, "against": against})
    sides = {side: _read_side(params.get(side, "")) for side in ("base", "current")}
    return ComparisonSpec.model_validate({"by": params["by"], **sides})


def _read_side(text: str) -> tuple[Scalar, ...]:
    """`2026-01-01/2026-01-31` is a range of dates, a JSON list holds the values of a group."""
    if text.startswith("["):
        return VALUES.validate_json(text)
    return tuple(text.split("/"))


def _write_comparison(comparison: ComparisonSpec) -> dict[str, str]:
    if comparison.relative:
        return {"by": comparison.by, "relative": comparison.relative, "against": comparison.against}
    return {
        "by": comparison.by,
        "base": _write_side(comparison.base or ()),
        "current": _write_side(comparison.current or ()),
    }


def _write_side(values: tuple[Scalar, ...]) -> str:
    written = VALUES.dump_python(values, mode="json")
    if len(written) == 2 and all(isinstance(value, str) and _is_day(value) for value in written):
        return "/".join(written)
    return json.dumps(written, ensure_ascii=False)


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


def _read_where(params: Mapping[str, str]) -> dict[str, Condition] | None:
    if "where" not in params:
        return None
    try:
        return CONDITIONS.validate_json(params["where"])
    except ValidationError:
        raise ValueError("the filters of the address cannot be read") from None
