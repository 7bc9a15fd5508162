"""Index of webhooks by reference."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_webhooks_reference", "webhooks", ["reference"])


def downgrade() -> None:
    op.drop_index("ix_webhooks_reference", "webhooks")
