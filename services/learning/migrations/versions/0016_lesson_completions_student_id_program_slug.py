"""What a student has completed in a program."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_lesson_completions_student_id_program_slug", "lesson_completions", ["student_id", "program_slug"]
    )


def downgrade() -> None:
    op.drop_index("ix_lesson_completions_student_id_program_slug", "lesson_completions")
