"""Finding enrollments by student id, program slug."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enrollments_student_id_program_slug", "enrollments", ["student_id", "program_slug"])


def downgrade() -> None:
    op.drop_index("ix_enrollments_student_id_program_slug", "enrollments")
