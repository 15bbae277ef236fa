"""A newer version starts on the store of an older one, in which runs are under way."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from core.app import open_app
from core.store import migrations
from tests.faults.conftest import Works

pytestmark = pytest.mark.timeout(600)

FIRST_WITH_RUNS = "0004"
OLD_SPEC = ("version", "name", "is_active", "content", "triggers", "refresh", "destinations", "retention_days")
"""What an export said of itself in that version."""


def as_it_was(newest: Path, target: Path, revision: str) -> None:
    """A store of that revision with all rows of `newest`, as far as there were columns for them."""
    engine = create_engine(f"sqlite:///{target}")
    with engine.connect() as connection:
        command.upgrade(migrations._config(connection), revision)
        connection.commit()
    engine.dispose()
    with closing(sqlite3.connect(target, isolation_level=None)) as old:
        old.execute("ATTACH ? AS newest", [str(newest)])
        tables = [name for (name,) in old.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in set(tables) - {"alembic_version", "sqlite_sequence"}:
            kept = set(columns(old, "newest", table))
            both = ", ".join(f'"{name}"' for name in columns(old, "main", table) if name in kept)
            old.execute(f'INSERT INTO main."{table}" ({both}) SELECT {both} FROM newest."{table}"')
        for table, column, place in (("run", "definition", "$.spec"), ("export", "spec", "$")):
            said = old.execute(f"SELECT DISTINCT key FROM {table}, json_each({table}.{column}, '{place}')").fetchall()
            for (key,) in said:
                if key not in OLD_SPEC:
                    old.execute(f"UPDATE {table} SET {column} = json_remove({column}, '{place}.{key}')")


def columns(store: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [row[1] for row in store.execute(f'PRAGMA {schema}.table_info("{table}")')]


def test_runs_that_an_older_version_left_are_finished_by_the_newer_one(works: Works, tmp_path: Path) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def answer(came: object) -> tuple[int, dict[str, str]]:
        if not holds.is_set():
            holds.set()
            go_on.wait(60)
        return 200, {}

    works.receiver.answer = answer
    export_id = works.export("/a")
    held = works.ask(export_id)
    works.start()
    assert holds.wait(60)
    works.kill()
    waiting = works.ask(export_id)
    works.app.close()
    go_on.set()
    store, old = tmp_path / "var" / "bridgecast.sqlite", tmp_path / "old.sqlite"
    as_it_was(store, old, FIRST_WITH_RUNS)
    old.replace(store)
    works.start()
    works.app = open_app(works.app.settings)
    works.reached(held, "succeeded")
    works.reached(waiting, "succeeded")
    assert works.outcomes(held) == ["unknown", "succeeded"]
    assert works.outcomes(waiting) == ["succeeded"]
    works.app.close()
