"""Index of disputes by payment_id."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_disputes_payment_id", "disputes", ["payment_id"])


def downgrade() -> None:
    op.drop_index("ix_disputes_payment_id", "disputes")
