"""Deliveries that were claimed together, as one parcel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

from core.connectors.base import File, Parcel
from core.report.bundle_mail import bundle_mail, mark, own_name


def joined(parcels: Sequence[Parcel], late: Sequence[str]) -> Parcel:
    """One mail of several, always in the order in which they were due.

    late: names of what should be among them and is not ready.
    Its id is made of theirs: the same reports are known again by it, others are not taken for a repeat.
    """
    parcels = sorted(parcels, key=lambda parcel: (parcel.at, parcel.delivery_id))
    first = parcels[0]
    if len(parcels) == 1 and not late:
        return first
    return replace(
        first,
        delivery_id=_id([parcel.delivery_id for parcel in parcels]),
        message=bundle_mail([parcel.message for parcel in parcels], late),
        files=tuple(_own(number, file) for number, parcel in enumerate(parcels, 1) for file in parcel.files),
        also={mark(number): parcel.leave for number, parcel in enumerate(parcels[1:], 2)},
    )


def _id(delivery_ids: Sequence[str]) -> str:
    if len(delivery_ids) == 1:
        return delivery_ids[0]
    return blake2b("\n".join(sorted(delivery_ids)).encode(), digest_size=16).hexdigest()


def _own(number: int, file: File) -> File:
    """Pictures of several reports bear the same names, files that people asked for bear their report's."""
    if not file.content_id:
        return file
    return replace(file, name=own_name(number, file.name), content_id=own_name(number, file.content_id))
