"""How far each enrollment has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "progress_marks",
        sa.Column("enrollment_id", mysql.BINARY(16), nullable=False),
        sa.Column("course_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("percent", sa.SmallInteger, nullable=False),
        sa.Column("completed_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("enrollment_id", "course_slug", name="pk_progress_marks"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("progress_marks")
