"""Index of payments by student_id, program_slug."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_student_id_program_slug", "payments", ["student_id", "program_slug"])


def downgrade() -> None:
    op.drop_index("ix_payments_student_id_program_slug", "payments")
