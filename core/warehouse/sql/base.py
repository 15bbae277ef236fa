"""What all statements share: the only quoting of names, parameters, the rows of a version, days, packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.warehouse.versions import Version

PACK_LIMIT = 4096
LEAST_PACK_LIMIT = 64
ROWS_A_GROUP = 32
TOTAL = -1
BOTH = 2


@dataclass
class Statement:
    """A statement in the making: its parameters, and its text once it is complete."""

    parameters: dict[str, object] = field(default_factory=dict)
    text: str = ""

    @property
    def parts(self) -> tuple[str, dict[str, object]]:
        """What DuckDB's `execute` takes."""
        return self.text, self.parameters

    def value(self, value: object) -> str:
        """A placeholder that stands for `value`."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"


def quote(name: str) -> str:
    """An identifier, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'


def day_of(version: Version, column: str) -> str:
    """The calendar day of a date or datetime column, in the dataset's zone.

    A datetime without a zone is taken as the wall clock of the dataset's zone.
    """
    if column in version.zoned:
        zone = version.calendar.time_zone.replace("'", "''")
        return f"CAST(timezone('{zone}', {quote(column)}) AS DATE)"
    return quote(column) if version.column(column).type == "date" else f"CAST({quote(column)} AS DATE)"


def facts(statement: Statement, files: Sequence[str], version: Version) -> str:
    """The relation of a version's rows."""
    many = version.is_partitioned
    return f"read_parquet({statement.value(list(files))}, hive_partitioning = {many}, union_by_name = {len(files) > 1})"


@dataclass(frozen=True)
class Scan:
    """What is read of the facts: the relation, the condition on rows (or ""), and the side of the comparison.

    side: an integer expression: 0 base, 1 current, 2 both (sides may overlap).
    """

    relation: str
    condition: str
    side: str


def daily_limit(version: Version) -> int:
    """Combinations of a pack that is grouped by day too: where it would have a group for every few rows, less pays."""
    if version.oldest is None or version.newest is None:
        return PACK_LIMIT
    groups = version.rows // ROWS_A_GROUP // ((version.newest - version.oldest).days + 1)
    return max(LEAST_PACK_LIMIT, min(PACK_LIMIT, groups))


def packs(
    dimensions: Iterable[str], cardinalities: Mapping[str, int], limit: int = PACK_LIMIT
) -> list[tuple[str, ...]]:
    """Dimensions packed so that a pack has at most some `limit` combinations; the largest first, first fit."""
    sizes = {d: max(1, cardinalities.get(d, PACK_LIMIT)) for d in dimensions}
    bins: list[tuple[list[str], int]] = []
    for dimension in sorted(sizes, key=lambda d: (-sizes[d], d)):
        for position, (members, size) in enumerate(bins):
            if size * sizes[dimension] <= limit:
                bins[position] = ([*members, dimension], size * sizes[dimension])
                break
        else:
            bins.append(([dimension], sizes[dimension]))
    return [tuple(members) for members, _ in bins]
