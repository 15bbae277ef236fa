"""Reads one sheet of a workbook, in a process of its own: `python workbook.py <file> <target> <sheet>`.

Started by `core/warehouse/sheets.py`. A workbook of a few bytes can name the last cell of a sheet, for which its reader
would ask for room for all cells before it; here that ends this process and nobody else's. It imports nothing of the
product. Writes the rows as an Arrow file, and to standard output as JSON: the names of the sheets, the first row, or
why it cannot be read.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import fastexcel
import pyarrow as pa

GIB = 1 << 30
MOST_MEMORY_BYTES = 6 * GIB
MOST_SECONDS = 120


def main(file: str, target: str, sheet: str) -> None:
    """Read the sheet of that name, or the first one for an empty name."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        json.dump(_read(file, target, sheet), sys.stdout)
    except fastexcel.FastExcelError as error:
        json.dump({"error": str(error).split("\n", 1)[0]}, sys.stdout)


def _read(file: str, target: str, sheet: str) -> dict[str, Any]:
    book = fastexcel.read_excel(file)
    sheets = book.sheet_names
    chosen = sheet or sheets[0]
    if chosen not in sheets:
        return {"sheets": sheets, "header": []}
    head = book.load_sheet(chosen, header_row=None, n_rows=1, dtypes="string").to_arrow()
    header = [str(column[0].as_py() or "") for column in head.columns] if head.num_rows else []
    rows = pa.table(book.load_sheet(chosen, schema_sample_rows=None).to_arrow())
    with pa.OSFile(target, "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    return {"sheets": sheets, "header": header}


if __name__ == "__main__":
    main(*sys.argv[1:])
