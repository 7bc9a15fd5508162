"""What students handed in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("enrollment_id", mysql.BINARY(16), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("week_number", sa.SmallInteger, nullable=False),
        sa.Column("assignment_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("attempt", sa.SmallInteger, nullable=False),
        sa.Column("text", mysql.LONGTEXT),
        sa.Column("url", sa.String(2000)),
        sa.Column("submitted_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("due_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("score", mysql.DOUBLE(asdecimal=False)),
        sa.Column("feedback", mysql.LONGTEXT),
        sa.Column("graded_at", mysql.DATETIME(fsp=6)),
        sa.Column("graded_by", mysql.BINARY(16)),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint(
            "student_id",
            "program_slug",
            "assignment_slug",
            "attempt",
            name="uq_submissions_student_id_program_slug_assignment_slug_attempt",
        ),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("submissions")
