"""Finding the key of a request that had no effect."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_idempotency_keys_owner", "idempotency_keys", ["owner"])


def downgrade() -> None:
    op.drop_index("ix_idempotency_keys_owner", "idempotency_keys")
