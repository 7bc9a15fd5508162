"""Index of enrollments by cohort_id, status, seat_until."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enrollments_seats", "enrollments", ["cohort_id", "status", "seat_until"])


def downgrade() -> None:
    op.drop_index("ix_enrollments_seats", "enrollments")
