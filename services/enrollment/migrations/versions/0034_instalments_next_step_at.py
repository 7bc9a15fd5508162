"""Index of instalments by next_step_at."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_instalments_next_step_at", "instalments", ["next_step_at"])


def downgrade() -> None:
    op.drop_index("ix_instalments_next_step_at", "instalments")
