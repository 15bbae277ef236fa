"""Alerts about exports: what fails, what is told to whom, and why a schedule was stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert_mark',
    sa.Column('organisation_id', sa.String(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('organisation_id')
    )
    op.create_table('notice',
    sa.Column('id', sa.String(36), nullable=False),
    sa.Column('organisation_id', sa.String(), nullable=False),
    sa.Column('export_id', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('target_key', sa.String(), nullable=False),
    sa.Column('target', sa.JSON(), nullable=False),
    sa.Column('about', sa.JSON(), nullable=False),
    sa.Column('locale', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('run_id', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('key', 'target_key')
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_export_id'), ['export_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_target_key'), ['target_key'], unique=False)
        batch_op.create_index('ix_notice_waiting', ['organisation_id', 'told_at'], unique=False)

    op.create_table('trouble',
    sa.Column('id', sa.String(36), nullable=False),
    sa.Column('organisation_id', sa.String(), nullable=False),
    sa.Column('export_id', sa.String(), nullable=False),
    sa.Column('destination_id', sa.String(), nullable=False),
    sa.Column('error_class', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('run_id', sa.String(), nullable=False),
    sa.Column('tried', sa.Integer(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recovered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('export_id', 'destination_id', 'error_class')
    )
    with op.batch_alter_table('trouble', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trouble_export_id'), ['export_id'], unique=False)

    with op.batch_alter_table('trigger', schema=None) as batch_op:
        batch_op.add_column(sa.Column('problem', sa.String(), nullable=False, server_default=''))

    # What failed before anybody was told of it is not told now.
    op.execute(
        "INSERT INTO alert_mark (organisation_id, event_id) "
        "SELECT id, (SELECT coalesce(max(id), 0) FROM run_event) FROM organisation"
    )
