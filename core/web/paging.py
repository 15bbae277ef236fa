"""Lists in pages: `{"next", "previous", "results"}` with opaque cursors."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from core.errors import DataError

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    next: str | None
    previous: str | None
    results: list[T]


class Window:
    """The page that is asked for: at most `limit` items behind (or before) a place."""

    def __init__(
        self,
        request: Request,
        cursor: Annotated[str | None, Query(description="From `next` or `previous`.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> None:
        self._url, self._limit = request.url, limit
        self._way, self._place = _read(cursor) if cursor else ("after", "")

    def page(self, items: Iterable[T], key: Callable[[T], str]) -> Page[T]:
        """The page of `items`, which are put in the order of their keys."""
        ordered = sorted(items, key=key)
        if self._way == "after":
            behind = [item for item in ordered if key(item) > self._place]
            results, has_more = behind[: self._limit], len(behind) > self._limit
        else:
            before = [item for item in ordered if key(item) < self._place]
            results, has_more = before[-self._limit :], True
        has_less = bool(results) and key(results[0]) > key(ordered[0])
        return Page(
            next=self._link("after", key(results[-1])) if results and has_more else None,
            previous=self._link("before", key(results[0])) if has_less else None,
            results=results,
        )

    def _link(self, way: str, place: str) -> str:
        cursor = urlsafe_b64encode(json.dumps([way, place]).encode()).decode()
        return str(self._url.include_query_params(cursor=cursor))


def _read(cursor: str) -> tuple[str, str]:
    try:
        way, place = json.loads(urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError):
        way, place = None, None
    if way not in {"after", "before"} or not isinstance(place, str):
        raise DataError("This cursor was not made here. Take it from 'next' or 'previous'.", field="cursor")
    return way, place


def cursor_of(at: datetime, row_id: str) -> str:
    """The place of a row in a list by time."""
    return urlsafe_b64encode(json.dumps([at.isoformat(), row_id]).encode()).decode()


def place_of(cursor: str | None) -> tuple[datetime, str] | None:
    """The place that `cursor_of` wrote; None without a cursor. Raises DataError for another one."""
    if cursor is None:
        return None
    try:
        at, row_id = json.loads(urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise DataError("This cursor was not made here. Take it from 'next'.", field="cursor")
    return moment, str(row_id)


AskedPage = Annotated[Window, Depends()]
