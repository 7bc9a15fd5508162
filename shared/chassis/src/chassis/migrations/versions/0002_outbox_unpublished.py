"""The relay's scan of unpublished rows, and its search for lost ones."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outbox_stream_id_position", "outbox", ["stream_id", "position"])


def downgrade() -> None:
    op.drop_index("ix_outbox_stream_id_position", "outbox")
