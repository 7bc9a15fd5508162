"""Enrollments, as far as certificates depend on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(length: int) -> mysql.VARCHAR:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    op.create_table(
        "enrollments",
        sa.Column("enrollment_id", mysql.BINARY(16), nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", _text(100), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("revoked_reason", _text(20)),
        sa.Column("changed_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", name="pk_enrollments"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("enrollments")
