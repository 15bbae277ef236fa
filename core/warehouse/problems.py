"""What is wrong with a source that cannot be read: DuckDB's words turned into file, line, column and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.errors import UnreadableSource
from core.warehouse.read import EXPECTED, Layout

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FILE = re.compile(r"^\s*file = (.+?)\s*$", re.M)
_CONVERTING = re.compile(r"Error when converting column \"(.*)\"\. Could not convert string \"(.*)\" to '", re.S)
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_JSON_PLACE = re.compile(r'in file "(.*?)", (?:at byte (\d+) )?in (?:record/value|line|record) (\d+):? (.*?)(?:\n|$)')
_STRPTIME = re.compile(r'Could not parse string "(.*?)" according to format')
_CAST = re.compile(r"Could not convert string '(.*?)' to")
# Where an upload lies on the server is nobody's business.
_PATH = re.compile(r"[Ff]ile ['\"][^'\"]*['\"]")
_CONVERSIONS = ("Could not parse string", "Failed to cast", "Could not convert", "out of range")


@dataclass(frozen=True)
class Misfit:
    """A value that does not fit its column's type."""

    column: str
    value: str
    place: str

    def sentence(self, kind: str) -> str:
        """What is wrong, and what to do."""
        return (
            f"{self.place}, column '{self.column}': '{self.value}' is no {EXPECTED.get(kind, kind)}. "
            f"Correct the row, or give the column the type text."
        )


def misfit(error: duckdb.Error, layout: Layout) -> Misfit | None:
    """The value DuckDB could not convert, if it says so with its column."""
    text = str(error)
    found = _CONVERTING.search(text)
    if not found:
        return None
    return Misfit(found[1], found[2], f"{_file_name(text, layout)}, line {_line(text)}")


def is_conversion(error: duckdb.Error) -> bool:
    """Whether a value did not fit its column's type, rather than the file being broken."""
    return isinstance(error, duckdb.ConversionException) or any(word in str(error) for word in _CONVERSIONS)


def refusal(error: duckdb.Error, layout: Layout) -> UnreadableSource:
    """A sentence for a source that DuckDB cannot read: file, line, what is wrong, what to do."""
    text = str(error)
    name = _file_name(text, layout)
    width = _WIDTH.search(text)
    if width:
        expected, count = width[1], width[2]
        return UnreadableSource(
            f"{name}, line {_line(text)}: {count} fields where the header has {expected}. Correct the line; a field "
            "that holds the delimiter stands in double quotes."
        )
    if "unterminated quote" in text:
        return UnreadableSource(
            f"{name}, line {_line(text)}: a double quote is opened and never closed. Close it, or double it to mean "
            "the character."
        )
    if "Invalid unicode" in text or "not utf-8" in text:
        return UnreadableSource(
            f"{name}, line {_line(text)}: the text is not {layout.options.encoding or 'utf-8'}. Give "
            "source.read.encoding (such as cp1252), or save the file as UTF-8."
        )
    return _other_refusal(text, name)


def _other_refusal(text: str, name: str) -> UnreadableSource:
    found = _JSON_PLACE.search(text)
    if found:
        return UnreadableSource(
            f"{name}, record {found[3]}: {found[4].rstrip('. ')}. Correct the JSON and load it again."
        )
    unparsed = _STRPTIME.search(text) or _CAST.search(text)
    if unparsed:
        return UnreadableSource(
            f"{name}: '{unparsed[1]}' does not fit its column's type. Correct it, or change the type."
        )
    if "No files found" in text or "Cannot open file" in text or "No such file" in text:
        return UnreadableSource(f"{name} vanished while it was read. Load it again.")
    if "No space left" in text:
        return UnreadableSource(f"{name} does not fit: the disk is full. Free some space and load it again.")
    if "maximum_line_size" in text.lower() or "Maximum line size" in text:
        return UnreadableSource(f"{name}, line {_line(text)}: longer than 16 MiB. Is a double quote missing before it?")
    first = _PATH.sub("the file", text.split("\n", 1)[0].split("Error: ", 1)[-1].strip().rstrip("."))
    return UnreadableSource(f"{name} cannot be read: {first}. Write or send it again.")


def _line(text: str) -> str:
    found = _LINE.search(text)
    return found[1] if found else "?"


def _file_name(text: str, layout: Layout) -> str:
    """The file meant by an error; the name people know it by if the source is a single one."""
    if len(layout.files) <= 1:
        return f"'{layout.name}'"
    found = _FILE.search(text)
    named = found[1] if found else next((str(f) for f in layout.files if str(f) in text), None)
    return f"'{Path(named).name}'" if named else f"'{layout.name}'"
