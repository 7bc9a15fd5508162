"""Index of refunds by next_attempt_at."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_refunds_next_attempt_at", "refunds", ["next_attempt_at"])


def downgrade() -> None:
    op.drop_index("ix_refunds_next_attempt_at", "refunds")
