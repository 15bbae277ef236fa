"""What a run did before anything was sent: its steps, with times and sizes, and the first of them, the refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.catalogue import Catalogue
from core.delivery.work import NotMet
from core.errors import DataError, RefreshFailed
from core.warehouse import Version


@dataclass
class Steps:
    """What was done, with times; the ledger keeps it as the run's steps."""

    clock: Callable[[], datetime]
    done: list[Mapping[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """One step; what is put into the mapping is kept with it. One that raises is kept as failed."""
        began = self.clock()
        told: dict[str, Any] = {}
        outcome = "failed"
        try:
            yield told
            outcome = "succeeded"
        except NotMet:
            outcome = "ignored"
            raise
        finally:
            times = {"started_at": began.isoformat(), "finished_at": self.clock().isoformat()}
            self.done.append({"name": name, **times, **told, "outcome": outcome})


def refreshed(catalogue: Catalogue, dataset: str, steps: Steps) -> Version:
    """The dataset's newest version after a look at its source.

    Raises RefreshFailed for a source that cannot be read: then nothing is shown of older rows.
    """
    with steps.step("refresh") as told:
        before = catalogue.latest(dataset).number
        try:
            version = catalogue.refresh(dataset)
        except DataError as error:
            raise RefreshFailed(
                f"The refresh of dataset '{dataset}' failed, so nothing was made of older rows. {error}"
            ) from None
        told.update(dataset=dataset, rows=version.rows, bytes=version.bytes, version=version.number)
        told["changed"] = version.number != before
    return version
