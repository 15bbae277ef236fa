"""Specifications as YAML, the form in which they are kept in files and under version control."""

from __future__ import annotations

from typing import TypeVar

import yaml
from pydantic import ValidationError

from core.errors import DataError
from core.model.base import Spec

S = TypeVar("S", bound=Spec)
WIDTH = 120


def as_yaml(spec: Spec) -> str:
    """The specification in the order of its fields; what is at its default is left out, `version` is not."""
    kept = spec.model_dump(mode="json", exclude_defaults=True)
    everything = spec.model_dump(mode="json", include={"version"})
    return yaml.safe_dump(everything | kept, sort_keys=False, allow_unicode=True, width=WIDTH)


def from_yaml(kind: type[S], text: str) -> S:
    """The specification that `text` holds. Raises DataError naming the line, or the field and what is wrong with it."""
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        place = f"Line {error.problem_mark.line + 1} of the YAML" if error.problem_mark else "The YAML"
        raise DataError(f"{place} cannot be read: {error.problem}. Look at its indents and quotes.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"The YAML cannot be read: {error}.") from None
    if not isinstance(found, dict):
        raise DataError("The YAML holds no specification: it should begin with fields such as 'slug: revenue'.")
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        raise _wrong_field(error) from None


def _wrong_field(error: ValidationError) -> DataError:
    """The first thing that is wrong, by its place."""
    first = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"]))
    reason = first["msg"].removeprefix("Value error, ").rstrip(".")
    return DataError(f"{field or 'The specification'}: {reason}.", field=field or None)
