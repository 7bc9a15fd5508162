"""Index of payments by status, hold_expires_at."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_status", "payments", ["status", "hold_expires_at"])


def downgrade() -> None:
    op.drop_index("ix_payments_status", "payments")
