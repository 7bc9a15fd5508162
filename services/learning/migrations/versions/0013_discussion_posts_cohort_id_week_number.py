"""The posts of a cohort's week."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_discussion_posts_cohort_id_week_number", "discussion_posts", ["cohort_id", "week_number"])


def downgrade() -> None:
    op.drop_index("ix_discussion_posts_cohort_id_week_number", "discussion_posts")
