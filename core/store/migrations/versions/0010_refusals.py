"""How many deliveries in a row a destination's address refused."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("circuit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refused_deliveries", sa.Integer(), nullable=False, server_default="0"))
