"""Uploads that were never completed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_videos_status_created_at", "videos", ["status", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_videos_status_created_at", "videos")
