"""ETags of JSON answers, and If-Match against lost updates."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, TypeVar

from fastapi import Header, Response
from pydantic import BaseModel

from core.errors import Stale

T = TypeVar("T", bound=BaseModel)
IfMatch = Annotated[str | None, Header(description="The ETag of the state that the change was made from.")]


def etag_of(answer: BaseModel) -> str:
    """The ETag of an answer: the same as long as the answer is the same."""
    return f'"{sha256(answer.model_dump_json().encode()).hexdigest()[:32]}"'


def tagged(response: Response, answer: T) -> T:
    """The answer, with its ETag in the headers."""
    response.headers["ETag"] = etag_of(answer)
    return answer


def require_match(if_match: str | None, answer: BaseModel) -> None:
    """Raises Stale unless `if_match` is absent, `*`, or names the present state."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag_of(answer) not in [tag.strip() for tag in if_match.split(",")]:
        raise Stale("It was changed meanwhile. Load it again, repeat the change, and send the new ETag as If-Match.")
