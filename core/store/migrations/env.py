"""Run by alembic: which connection, which tables. Batches, because SQLite cannot alter a column in place."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import core.model.access
import core.model.alerts
import core.model.analysis
import core.model.connections
import core.model.data
import core.model.delivery
import core.model.runs
import core.model.triggers
import core.model.wording  # noqa: F401
from core.model.base import UtcDateTime


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A revision names SQLAlchemy's own types: it must still run when the model's classes have moved."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length or ''})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()
