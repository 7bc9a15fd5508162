"""Index of payments by enrollment_id."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_enrollment_id", "payments", ["enrollment_id"])


def downgrade() -> None:
    op.drop_index("ix_payments_enrollment_id", "payments")
