"""Finding the failures that are due."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_event_failures_state_next_attempt_at", "event_failures", ["state", "next_attempt_at"])


def downgrade() -> None:
    op.drop_index("ix_event_failures_state_next_attempt_at", "event_failures")
