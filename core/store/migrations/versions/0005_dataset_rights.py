"""Who may see a dataset."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('dataset_right',
    sa.Column('id', sa.String(36), nullable=False),
    sa.Column('organisation_id', sa.String(), nullable=False),
    sa.Column('dataset', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=True),
    sa.Column('role', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('organisation_id', 'dataset', 'person_id', 'role')
    )
    with op.batch_alter_table('dataset_right', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dataset_right_person_id'), ['person_id'], unique=False)
