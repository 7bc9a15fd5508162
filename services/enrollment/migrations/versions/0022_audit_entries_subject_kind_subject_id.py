"""Index of audit_entries by subject_kind, subject_id."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_entries_subject_kind_subject_id", "audit_entries", ["subject_kind", "subject_id"])


def downgrade() -> None:
    op.drop_index("ix_audit_entries_subject_kind_subject_id", "audit_entries")
