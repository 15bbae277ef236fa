"""Every error that Bridgecast raises on purpose. The branch tells the caller what to do, the leaf what happened.

BridgecastError
├── SettingsError            the environment is wrong: the start stops with the sentence
├── DataError                the data or what is asked of it is wrong: show the sentence, nothing was changed
│   ├── UnknownDataset
│   ├── UnknownColumn
│   ├── UnreadableSource     a file is broken, empty, gone or too large
│   ├── RefreshFailed        a run could not read its source again: it sends nothing
│   ├── AmbiguousSource      a file can be read in two ways: ask, do not guess
│   ├── EquationError        the KPI cannot be parsed; carries the place
│   └── EmptyComparison      a side of the comparison has no rows
├── StoreError               the store refused
│   ├── NotFound
│   ├── AlreadyExists        a slug or name is taken
│   ├── Conflict             something depends on it
│   │   └── Stale            somebody else changed it meanwhile: load it again
│   ├── Gone                 it was removed at the end of its retention
│   └── SecretsLost          the key that sealed them is gone
├── AccessDenied             the caller is unknown or may not
├── Cancelled                somebody pressed cancel
├── Busy                     too much at once: ask again in a moment
└── DeliveryError            sending failed; `permanent` stops retries
    ├── HostRefused          this host may not be called from here
    ├── NoSuchHost           nobody has this name
    └── NoAnswer             the call went out, and nothing came back
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class BridgecastError(Exception):
    """Base of all; its text is a sentence for the reader."""


class SettingsError(BridgecastError):
    """The environment is wrong."""


class DataError(BridgecastError):
    """The data, or what is asked of it, is wrong. `field` names the input it belongs to, if there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnknownDataset(DataError):
    """There is no dataset of that name."""


class UnknownColumn(DataError):
    """A column is not in the table."""

    @classmethod
    def named(cls, column: str, table: str, columns: Iterable[str], *, field: str | None = None) -> UnknownColumn:
        """Name the column, guess what was meant, list what is there."""
        known = list(columns)
        guess = get_close_matches(column, known, n=1)
        meant = f" Did you mean '{guess[0]}'?" if guess else ""
        listed = ", ".join(known[:30]) + (", …" if len(known) > 30 else "")
        return cls(f"Column '{column}' is not in '{table}'.{meant} Columns: {listed}.", field=field)


class UnreadableSource(DataError):
    """A source cannot be read."""


class RefreshFailed(DataError):
    """A run could not read its source again."""


class AmbiguousSource(DataError):
    """A source can be read in two ways. `option` is the `source.read` setting that decides it.

    `readings` maps each possible value of that setting to what one value of the column would then mean.
    """

    def __init__(self, message: str, *, column: str, option: str, readings: dict[str, str]) -> None:
        super().__init__(message, field=f"source.read.{option}")
        self.column, self.option, self.readings = column, option, readings


class EquationError(DataError):
    """The equation cannot be parsed or does not fit the dataset; `position` counts characters from 0."""

    def __init__(self, message: str, *, field: str | None = None, position: int | None = None) -> None:
        super().__init__(message, field=field)
        self.position = position


class EmptyComparison(DataError):
    """A side of the comparison has no rows."""


class StoreError(BridgecastError):
    """The store refused."""


class NotFound(StoreError):
    """There is no such thing, or it belongs to somebody else."""


class AlreadyExists(StoreError):
    """A name that must be unique is taken."""


class Conflict(StoreError):
    """It was changed meanwhile (Stale), or something depends on it."""


class Stale(Conflict):
    """Somebody else changed it meanwhile."""


class Gone(StoreError):
    """It was there, and was removed at the end of its retention."""


class SecretsLost(StoreError):
    """Secrets cannot be opened: the key that sealed them is not there any more."""


class AccessDenied(BridgecastError):
    """The caller is unknown, or may not do this."""


class Cancelled(BridgecastError):
    """Somebody pressed cancel."""


class Busy(BridgecastError):
    """Too much is asked at once."""


class DeliveryError(BridgecastError):
    """Sending failed. `permanent` says that another try cannot help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class HostRefused(DeliveryError):
    """This host may not be called from here."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class UntrustedHost(DeliveryError):
    """It showed a certificate that is not trusted."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NoSuchHost(DeliveryError):
    """Nobody has this name: it is written wrongly, or is not known yet."""


class NoAnswer(DeliveryError):
    """The call went out and was not answered: nobody knows what became of it."""
