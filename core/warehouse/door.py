"""The far side of the SQL door: a process that answers one question of a reader and ends.

Started by `core/warehouse/doors.py` as a script of its own, with an empty environment, in a folder that holds nothing
but the datasets it may read. It imports nothing of the product: what is not here cannot be reached from SQL.
Reads one JSON object from standard input, writes one to standard output.

What holds, from the outside in: limits of the system on memory, processor time, file size and open files; DuckDB's own
limits of memory and temporary space, without access to other files, network, extensions or settings; and of the SQL
exactly one SELECT that names only the given datasets and only table functions that touch nothing.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

MIB = 1 << 20
# What Python, DuckDB's code and its threads take besides the memory that DuckDB counts.
BESIDES_BYTES = 1536 * MIB
OPEN_FILES = 128
FETCH_ROWS = 256
AGAIN_S = 0.1
ASKED = "what was asked"
# Table functions that make rows of their arguments alone. Others read files or settings, or take addresses in memory.
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"})
REFUSED_FUNCTIONS = frozenset({"current_setting", "json_serialize_plan"})
AS_THEY_ARE = frozenset(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
    | {"UHUGEINT", "DOUBLE", "VARCHAR"}
)
REAL = ("DECIMAL", "FLOAT", "BIGNUM")
# What is nested deeper stays text: neither Python's JSON nor that of readers goes down without end.
DEEPEST = 100
JSON_STRING, BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"'), re.compile(r"[\[\]{}]")
NESTED = ("STRUCT(", "MAP(", "UNION(", "JSON", "VARIANT")


class Refused(Exception):
    """This SQL is not answered."""


def main() -> None:
    """Answer what stands on standard input."""
    asked = json.load(sys.stdin)
    _limit(asked)
    json.dump(answer(asked), sys.stdout)


def _limit(asked: dict[str, Any]) -> None:
    """Bound this process by the system, whatever DuckDB does."""
    limits = {
        resource.RLIMIT_AS: asked["memory_bytes"] + BESIDES_BYTES,
        resource.RLIMIT_CPU: asked["time_s"] * asked["threads"] + 5,
        resource.RLIMIT_FSIZE: asked["spill_bytes"] + MIB,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The columns and rows, or an error: its kind and its text."""
    here = str(Path.cwd())
    try:
        with _open(asked) as connection, _timed(connection, asked["time_s"]):
            return _rows(connection, _only_select(connection, asked["sql"], asked["tables"]), asked)
    except Refused as refusal:
        return {"error": "refused", "text": str(refusal)}
    except duckdb.InterruptException:
        return {"error": "time", "text": ""}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"error": "memory", "text": ""}
    except duckdb.IOException:
        # Nothing but temporary files is written.
        return {"error": "memory", "text": ""}
    except duckdb.Error as error:
        return _told(error, here)


def _told(error: duckdb.Error, here: str) -> dict[str, Any]:
    """An error of the database in its words. Only what goes wrong before rows are asked for shows the reader's line."""
    text = str(error).replace(f"{here}/", "")
    if "bad_alloc" in text:
        return {"error": "memory", "text": ""}
    shows_line = isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException)
    return {"error": "sql", "text": text if shows_line else text.partition("\n\nLINE ")[0]}


@contextmanager
def _timed(connection: duckdb.DuckDBPyConnection, time_s: float) -> Iterator[None]:
    """Interrupt the connection when its time is over; again and again, since one between two statements is lost."""
    done = threading.Event()

    def watch() -> None:
        wait_s = time_s
        while not done.wait(wait_s):
            connection.interrupt()
            wait_s = AGAIN_S

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _open(asked: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """A DuckDB that holds a view of each dataset and cannot be opened any further."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": asked["threads"],
            "memory_limit": f"{asked['memory_bytes']}B",
            "temp_directory": "spill",
            "max_temp_directory_size": f"{asked['spill_bytes']}B",
            "home_directory": "none",
            "extension_directory": "none",
            "secret_directory": "none",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_paths = $1", [list(asked["tables"].values())])
    for name, file in asked["tables"].items():
        quoted = name.replace('"', '""')
        connection.execute(f"CREATE VIEW \"{quoted}\" AS SELECT * FROM read_parquet('{file}')")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _only_select(connection: duckdb.DuckDBPyConnection, sql: str, tables: dict[str, str]) -> duckdb.Statement:
    """The one statement of `sql`, a SELECT of the given tables. Raises Refused for everything else."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refused(f"This holds {len(statements)} statements. Send exactly one SELECT.")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        raise Refused(f"This is a statement of kind {kind}. Send exactly one SELECT; nothing can be changed here.")
    ((text,),) = connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise Refused(f"This SELECT cannot be checked: {tree.get('error_message')}. Write it in another way.")
    _check(tree, tables, _system_views(connection))
    return statements[0]


def _check(tree: dict[str, Any], tables: dict[str, str], system: frozenset[str]) -> None:
    """Raises Refused for a table or function that is not open to readers."""
    own = {name.lower() for node in _nodes(tree) for name in _named_queries(node)}
    if taken := sorted(own & system):
        raise Refused(f"'{taken[0]}' is a name of the database's own. Name the query in WITH otherwise.")
    known = own | {name.lower() for name in tables}
    for node in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION" and (name := _function(node)) not in TABLE_FUNCTIONS:
            raise Refused(f"The table function '{name}' is not open here. Select from a dataset by its slug.")
        if node.get("function_name", "").lower() in REFUSED_FUNCTIONS:
            raise Refused(f"The function '{node['function_name']}' is not open here.")
        if node.get("type") == "BASE_TABLE":
            _check_table(node, known, tables)


def _check_table(node: dict[str, Any], known: set[str], tables: dict[str, str]) -> None:
    schema, name = node.get("schema_name", ""), node["table_name"]
    is_described = schema.lower() == "information_schema"
    if not is_described and (
        node.get("catalog_name") or schema.lower() not in {"", "main"} or name.lower() not in known
    ):
        listed = ", ".join(sorted(tables))
        raise Refused(f"There is no dataset '{name}' that you may read. Those that the query may mean: {listed}.")


def _function(node: dict[str, Any]) -> str:
    return str(node["function"].get("function_name", "")).lower()


def _named_queries(node: dict[str, Any]) -> Iterator[str]:
    """The names that WITH gives to queries."""
    named = node.get("cte_map")
    return (entry["key"] for entry in (named or {}).get("map", ()))


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in the serialized statement."""
    rest = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            yield node
        rest += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _system_views(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    found = connection.execute("SELECT lower(view_name) FROM duckdb_views() WHERE internal").fetchall()
    return frozenset(name for (name,) in found)


def _rows(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement, asked: dict[str, Any]) -> dict[str, Any]:
    """At most `limit` rows that fit into `answer_bytes` as JSON; is_cut: there are more."""
    relation = connection.sql(statement)
    names, kinds = relation.columns, [str(kind) for kind in relation.types]
    relation.create_view(ASKED)
    places = [f"c{i}" for i in range(len(names))]
    shown = ", ".join(_shown(place, kind) for place, kind in zip(places, kinds, strict=True))
    connection.execute(f'SELECT {shown} FROM "{ASKED}" AS t({", ".join(places)}) LIMIT $1', [asked["limit"] + 1])
    rows: list[list[Any]] = []
    room, is_cut = asked["answer_bytes"], False
    while not is_cut and (fetched := connection.fetchmany(FETCH_ROWS)):
        for values in fetched:
            row = [_value(value, kind) for value, kind in zip(values, kinds, strict=True)]
            room -= len(json.dumps(row))
            if is_cut := room < 0 or len(rows) == asked["limit"]:
                break
            rows.append(row)
    columns = [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)]
    return {"columns": columns, "rows": rows, "is_cut": is_cut}


def _shown(place: str, kind: str) -> str:
    """The expression that makes a column something JSON has."""
    if kind in AS_THEY_ARE:
        return place
    if kind.startswith(REAL) and not kind.endswith("[]"):
        return f"CAST({place} AS DOUBLE)"
    if _is_nested(kind):
        return f"CAST(to_json({place}) AS VARCHAR)"
    return f"base64({place})" if kind == "BLOB" else f"CAST({place} AS VARCHAR)"


def _value(value: Any, kind: str) -> Any:
    """A value as JSON has it: moments in ISO 8601, what is no finite number as nothing."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, str) and _is_nested(kind):
        return value if _is_too_deep(value) else json.loads(value)
    if isinstance(value, str) and kind.startswith("TIMESTAMP"):
        moment = value.replace(" ", "T", 1)
        return moment.removesuffix("+00") + "+00:00" if kind.endswith("TIME ZONE") else moment
    return value


def _is_too_deep(text: str) -> bool:
    """Whether more brackets of a JSON text are open at once than are read."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = deepest = 0
    for bracket in BRACKET.finditer(JSON_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest > DEEPEST


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED)


if __name__ == "__main__":
    main()
