"""Index of webhooks by next_attempt_at."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_webhooks_next_attempt_at", "webhooks", ["next_attempt_at"])


def downgrade() -> None:
    op.drop_index("ix_webhooks_next_attempt_at", "webhooks")
