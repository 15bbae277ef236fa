"""The store's connections: how SQLite is opened, read, written, watched and brought to the newest tables."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from core.errors import SettingsError, StoreError
from core.store.migrations import upgrade

BUSY_TIMEOUT_S = 30
IN_LINE_S = 5
# Kept in the file, and said before its first table: auto_vacuum is without effect later, and takes the write lock.
FILE_PRAGMAS = ("PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL")
CONNECTION_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


class Store:
    """The store at `url`. Thread-safe; several processes may hold it at once.

    `read()` opens a plain transaction, so that readers never wait for a writer; `write()` takes the write lock at its
    beginning, because SQLite refuses at once, without waiting, to turn a reader into a writer behind another one.
    """

    def __init__(self, url: str) -> None:
        self._path = store_path(url)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._engine = _engine(self._path)
        immediate = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._read = sessionmaker(self._engine, class_=Session, expire_on_commit=False)
        self._write = sessionmaker(immediate, class_=Session, expire_on_commit=False)
        self._watcher: sqlite3.Connection | None = None
        self._watching, self._writing = threading.Lock(), threading.Lock()
        self._joined: ContextVar[Session | None] = ContextVar("joined", default=None)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the store and changes nothing."""
        if joined := self._joined.get():
            yield joined
            return
        with self._read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are all kept when the block ends, or none when it raises."""
        if joined := self._joined.get():
            yield joined
            joined.flush()
            return
        with self._one_at_a_time(), self._write.begin() as session:
            yield session

    @contextmanager
    def together(self, *, is_kept: bool = True) -> Iterator[None]:
        """All that this thread reads and writes inside is one transaction: kept as a whole, or not at all.

        is_kept: False only tries it; then, too, nothing is kept.
        """
        with self._one_at_a_time(), self._write.begin() as session:
            mark = self._joined.set(session)
            try:
                yield
            finally:
                self._joined.reset(mark)
            if not is_kept:
                session.rollback()

    def migrate(self) -> None:
        """Make or change the tables to what this version needs. Two processes may call it at once: one waits.

        Raises StoreError when the store was written by a newer Bridgecast, or is no store.
        """
        try:
            with self._lock():
                _prepare_file(self._path)
                with self._engine.execution_options(begin="BEGIN IMMEDIATE").connect() as connection:
                    upgrade(connection)
        except (sqlite3.DatabaseError, DatabaseError) as error:
            reason = str(error).splitlines()[0]
            raise StoreError(f"The store {self._path} cannot be opened: {reason}. Put a backup in its place.") from None

    def data_version(self) -> int:
        """A number that changes whenever anybody, in any process, has written to the store."""
        with self._watching:
            if self._watcher is None:
                self._watcher = sqlite3.connect(self._path, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
        return int(version)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Threads stand in line here: SQLite lets whoever waits for its lock look again ever more rarely.

        Not for long: where another process holds the store, each waits for itself and no longer than SQLite lets it.
        """
        is_mine = self._writing.acquire(timeout=IN_LINE_S)
        try:
            yield
        finally:
            if is_mine:
                self._writing.release()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self._path.with_name(self._path.name + ".migrate.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def store_path(url: str) -> Path:
    """The file that `url` names; raises SettingsError for any other database."""
    try:
        parsed: URL = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "BRIDGECAST_DATABASE_URL is no database address. "
            "Use sqlite:////absolute/path/bridgecast.sqlite, or unset it."
        ) from None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise SettingsError(
            f"BRIDGECAST_DATABASE_URL is '{parsed.render_as_string()}', but this version keeps its store in a SQLite "
            "file. Use sqlite:////absolute/path/bridgecast.sqlite, or unset it."
        )
    return Path(str(parsed.database)).absolute()


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    # What a statement carries may be a password's hash: errors name the statement alone, in logs too.
    engine = create_engine(
        url, pool_size=8, max_overflow=40, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_file(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            for pragma in FILE_PRAGMAS:
                connection.execute(pragma)


def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Transactions begin where we say so, not where the driver guesses."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in CONNECTION_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
