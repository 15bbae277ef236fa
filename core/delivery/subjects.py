"""What triggers start, as the ledger writes it down: name and specification as they are at that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import Session

from core.model.data import Dataset
from core.model.delivery import Export
from core.model.triggers import Trigger
from core.store.datasets import dataset_spec


@dataclass(frozen=True)
class Started:
    """An export that runs, or a dataset whose source is read again.

    definition: `spec` with its `revision`, and `versions` where datasets are pinned.
    """

    kind: Literal["export", "dataset"]
    id: str
    name: str
    is_active: bool
    definition: Mapping[str, Any]


def started_export(row: Export) -> Started:
    """An export as it is now."""
    return Started("export", row.id, row.name, row.is_active, {"spec": row.spec, "revision": row.revision})


def started_refresh(row: Dataset) -> Started:
    """The refresh of a dataset as it is now."""
    return Started("dataset", row.id, dataset_spec(row).name, True, {"spec": row.spec, "revision": row.revision})


def subject_of(session: Session, trigger: Trigger) -> Started | None:
    """What a trigger starts; None when it is gone."""
    if trigger.subject_kind == "dataset":
        dataset = session.get(Dataset, trigger.subject_id)
        return started_refresh(dataset) if dataset is not None else None
    row = session.get(Export, trigger.subject_id)
    return started_export(row) if row is not None else None
