"""The search for mails that are due."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_mails_next_attempt_at", "mails", ["next_attempt_at"])


def downgrade() -> None:
    op.drop_index("ix_mails_next_attempt_at", "mails")
