"""Find a program's cohorts."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cohorts_program_slug", "cohorts", ["program_slug"])


def downgrade() -> None:
    op.drop_index("ix_cohorts_program_slug", "cohorts")
