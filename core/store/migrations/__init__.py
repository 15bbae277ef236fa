"""The tables' history. `versions/` holds one file a change; `upgrade` brings a store to the newest.

A new revision, after the model was changed:
`python -c "from core.store.migrations import draft; draft('what changes')"`, then read the file it made.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine

from core.errors import StoreError


def upgrade(connection: Connection) -> None:
    """Bring the tables behind `connection` to the newest revision.

    Raises StoreError when the store is newer than this program.
    """
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # Alembic commits only a transaction that it began.
    if revision == _newest():
        return
    try:
        command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"The store was written by a newer Bridgecast ({error}). "
            "Install that version again, or use another data folder."
        ) from None


def draft(message: str) -> None:
    """Write a new revision from the difference between the model and the newest revision."""
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/draft.sqlite")
        with engine.connect() as connection:
            upgrade(connection)
            command.revision(_config(connection), message, autogenerate=True)
        engine.dispose()


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
