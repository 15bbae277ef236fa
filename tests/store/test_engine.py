from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from core.errors import SettingsError, StoreError
from core.model.delivery import Heartbeat
from core.store import Store
from core.store.heartbeat import read_beat, write_beat

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def beat(store: Store, pid: int = 1, now: datetime = NOW) -> None:
    with store.write() as session:
        write_beat(session, pid=pid, now=now, started_at=now)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("auto_vacuum", 2),
        ("busy_timeout", 30_000),
    ],
)
def test_a_connection_is_opened_by_the_recipe(store: Store, pragma: str, value: object) -> None:
    with store.read() as session:
        assert session.connection().execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_an_error_of_the_database_does_not_tell_what_the_statement_carried(store: Store) -> None:
    with pytest.raises(DatabaseError) as told, store.write() as session:
        session.connection().execute(text("INSERT INTO no_such_table VALUES (:hash)"), {"hash": "$argon2id$the-hash"})
    assert "the-hash" not in str(told.value)


def test_the_data_folder_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/data/bridgecast.sqlite")
    store.migrate()
    store.close()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_migrations_make_exactly_the_tables_of_the_model(store: Store) -> None:
    with store.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def migrate(url: str) -> None:
    store = Store(url)
    store.migrate()
    store.close()


def test_processes_that_start_at_once_make_the_tables_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bridgecast.sqlite"
    spawn = multiprocessing.get_context("spawn")
    starters = [spawn.Process(target=migrate, args=(url,)) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(150)
    assert [starter.exitcode for starter in starters] == [0, 0, 0]


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    with store.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="written by a newer Bridgecast"):
        store.migrate()


def test_a_file_that_is_no_store_is_named_as_broken(tmp_path: Path) -> None:
    (tmp_path / "bridgecast.sqlite").write_bytes(b"no database at all" * 100)
    store = Store(f"sqlite:///{tmp_path}/bridgecast.sqlite")
    with pytest.raises(StoreError, match="cannot be opened"):
        store.migrate()
    store.close()


def test_a_new_connection_does_not_wait_for_a_writer(store: Store, tmp_path: Path) -> None:
    other = Store(f"sqlite:///{tmp_path}/store/bridgecast.sqlite")
    with store.write() as writer:
        write_beat(writer, pid=1, now=NOW, started_at=NOW)
        writer.flush()
        with other.read() as reader:
            assert read_beat(reader) is None
    other.close()


@pytest.mark.parametrize("url", ["postgresql://host/db", "sqlite://", "nonsense"])
def test_another_database_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(SettingsError, match="sqlite:////absolute/path"):
        Store(url)


def test_the_data_version_changes_when_somebody_wrote(store: Store) -> None:
    before = store.data_version()
    beat(store)
    assert store.data_version() != before


def test_the_data_version_stays_while_nobody_writes(store: Store) -> None:
    beat(store)
    before = store.data_version()
    with store.read() as session:
        read_beat(session)
    assert store.data_version() == before


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    def write_and_fail() -> None:
        with store.write() as session:
            write_beat(session, pid=1, now=NOW, started_at=NOW)
            session.flush()
            raise StoreError("no")

    with pytest.raises(StoreError):
        write_and_fail()
    with store.read() as session:
        assert read_beat(session) is None


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    beat(store, pid=1)
    with store.write() as writer:
        write_beat(writer, pid=2, now=NOW, started_at=NOW)
        writer.flush()
        with store.read() as reader:
            seen = read_beat(reader)
    assert seen is not None
    assert seen.pid == 1


def test_a_reader_that_becomes_a_writer_behind_another_one_is_not_refused(store: Store) -> None:
    """Many threads read, then write in the same transaction; with a plain BEGIN SQLite refuses all but one at once."""
    beat(store, pid=0)

    def count_up() -> None:
        for _ in range(10):
            with store.write() as session:
                row = read_beat(session)
                assert row is not None
                write_beat(session, pid=row.pid + 1, now=NOW, started_at=NOW)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        row = read_beat(session)
    assert row is not None
    assert row.pid == 40


def test_moments_are_kept_in_utc_and_come_back_with_their_zone(store: Store, tmp_path: Path) -> None:
    beat(store, now=datetime(2026, 3, 2, 11, 30, tzinfo=timezone(timedelta(hours=2))))
    with store.read() as session:
        row = read_beat(session)
    raw = sqlite3.connect(tmp_path / "store" / "bridgecast.sqlite")
    kept = raw.execute("SELECT beat_at FROM heartbeat").fetchone()[0]
    raw.close()
    assert row is not None
    assert (row.beat_at, kept) == (NOW, "2026-03-02 09:30:00.000000")


def test_a_moment_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="has no time zone"), store.write() as session:
        session.add(Heartbeat(name="x", pid=1, started_at=datetime(2026, 1, 1), beat_at=NOW))  # noqa: DTZ001
