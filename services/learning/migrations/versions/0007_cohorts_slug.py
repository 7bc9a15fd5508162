"""A cohort by its slug."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cohorts_slug", "cohorts", ["slug"])


def downgrade() -> None:
    op.drop_index("ix_cohorts_slug", "cohorts")
