"""Read a thread's page in order."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_posts_page", "posts", ["thread_id", "parent_id", "pinned", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_posts_page", "posts")
