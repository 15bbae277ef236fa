"""Whether a report's data is the newest: an upload by a look at the manifest, a live source by a look at its files."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from core.app import App
from core.catalogue import Freshness
from core.errors import BridgecastError
from core.model.data import DatasetSpec, UploadSource

# How much longer than the refresh itself the look may take before it counts as hanging.
MARGIN_S = 1.0


class FreshData:
    """Answers with the newest version. Belongs to one event loop.

    Requests that come while a look at a source is under way share the next one: never the present one, which may have
    begun before the file changed that they must see.
    """

    def __init__(self, app: App, executor: Executor, wait_s: float) -> None:
        self._app, self._executor, self._wait_s = app, executor, wait_s
        self._next: dict[str, asyncio.Future[Freshness]] = {}
        self._running: set[str] = set()

    async def of(self, spec: DatasetSpec) -> Freshness:
        """The newest good version. Raises UnknownDataset while there is none."""
        if isinstance(spec.source, UploadSource):
            return Freshness(self._app.warehouse.latest(spec.slug))
        answer = self._next.get(spec.slug)
        if answer is None:
            answer = self._next[spec.slug] = asyncio.get_running_loop().create_future()
        if spec.slug not in self._running:
            self._begin(spec)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), self._wait_s + MARGIN_S)
        except TimeoutError:
            return Freshness(self._app.warehouse.latest(spec.slug), is_loading=True)

    def _begin(self, spec: DatasetSpec) -> None:
        answer = self._next.pop(spec.slug)
        self._running.add(spec.slug)
        look = asyncio.get_running_loop().run_in_executor(self._executor, self._look, spec)
        look.add_done_callback(lambda done: self._end(spec, answer, done))

    def _end(self, spec: DatasetSpec, answer: asyncio.Future[Freshness], look: asyncio.Future[Freshness]) -> None:
        self._running.discard(spec.slug)
        if look.cancelled():
            answer.cancel()
        elif error := look.exception():
            answer.set_exception(error)
            answer.exception()  # marks it as seen: whoever asked may have stopped waiting
        else:
            answer.set_result(look.result())
        if spec.slug in self._next:
            self._begin(spec)

    def _look(self, spec: DatasetSpec) -> Freshness:
        if self._is_unchanged(spec):
            return Freshness(self._app.warehouse.latest(spec.slug))
        return self._app.catalogue.fresh(spec.slug, wait_s=self._wait_s)

    def _is_unchanged(self, spec: DatasetSpec) -> bool:
        try:
            return not self._app.warehouse.has_changed(spec)
        except BridgecastError:
            return False  # `fresh` meets it again and says what the reader is shown instead
