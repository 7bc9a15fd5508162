"""The submissions to an assignment, by cohort, for staff."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_submissions_program_slug_assignment_slug_cohort_id_id",
        "submissions",
        ["program_slug", "assignment_slug", "cohort_id", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_submissions_program_slug_assignment_slug_cohort_id_id", "submissions")
