"""Read a post's replies in order, without looking at their rows."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_posts_replies", "posts", ["parent_id", "created_at", "id", "deleted_at", "hidden_at"])


def downgrade() -> None:
    op.drop_index("ix_posts_replies", "posts")
