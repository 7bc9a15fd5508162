"""Index of payments by next_check_at."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_next_check_at", "payments", ["next_check_at"])


def downgrade() -> None:
    op.drop_index("ix_payments_next_check_at", "payments")
