"""Enrollments, as enrollment tells of them, and the lock of a student's progress."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enrollments",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("status", mysql.VARCHAR(16, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("progress_version", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("enrollments")
