"""Index of payments by coupon_id."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_coupon_id", "payments", ["coupon_id"])


def downgrade() -> None:
    op.drop_index("ix_payments_coupon_id", "payments")
