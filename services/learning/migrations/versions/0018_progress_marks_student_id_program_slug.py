"""A student's marks in a program."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_progress_marks_student_id_program_slug", "progress_marks", ["student_id", "program_slug"])


def downgrade() -> None:
    op.drop_index("ix_progress_marks_student_id_program_slug", "progress_marks")
