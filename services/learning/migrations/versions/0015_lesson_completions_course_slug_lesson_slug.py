"""Whether anybody has completed a lesson."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_lesson_completions_course_slug_lesson_slug", "lesson_completions", ["course_slug", "lesson_slug"]
    )


def downgrade() -> None:
    op.drop_index("ix_lesson_completions_course_slug_lesson_slug", "lesson_completions")
