"""What students have completed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(length: int) -> mysql.VARCHAR:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    op.create_table(
        "achievements",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("scope", _text(160), nullable=False),
        sa.Column("kind", _text(10), nullable=False),
        sa.Column("program_slug", _text(100), nullable=False),
        sa.Column("course_slug", _text(100)),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("program_title", sa.String(300), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("completed_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_achievements"),
        sa.UniqueConstraint("student_id", "scope", name="uq_achievements_student_id_scope"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("achievements")
