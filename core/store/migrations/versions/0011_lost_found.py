"""What has cost workers is found by one look, however much waits."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_run_lost", "run", ["losses"])
    op.create_index("ix_delivery_lost", "delivery", ["unknowns"])
