"""One completion per student and lesson."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lesson_completions",
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("course_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("lesson_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("enrollment_id", mysql.BINARY(16), nullable=False),
        sa.Column("completed_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("student_id", "course_slug", "lesson_slug", name="pk_lesson_completions"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("lesson_completions")
