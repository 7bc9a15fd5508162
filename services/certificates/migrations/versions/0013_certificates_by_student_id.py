"""Finding certificates by student id."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_certificates_student_id", "certificates", ["student_id"])


def downgrade() -> None:
    op.drop_index("ix_certificates_student_id", "certificates")
