"""Finding certificates by document state, document due at."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_certificates_document_state_document_due_at", "certificates", ["document_state", "document_due_at"]
    )


def downgrade() -> None:
    op.drop_index("ix_certificates_document_state_document_due_at", "certificates")
