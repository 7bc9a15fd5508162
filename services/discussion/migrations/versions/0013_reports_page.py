"""Read a program's reports in order."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_reports_page", "reports", ["program_slug", "created_at", "post_id", "reporter_id"])


def downgrade() -> None:
    op.drop_index("ix_reports_page", "reports")
