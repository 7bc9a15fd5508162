"""Enrollments: one live per student and program."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enrollments",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("status", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("live_program", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("seat_until", mysql.DATETIME(fsp=6)),
        sa.Column("origin", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("payment_id", mysql.BINARY(16)),
        sa.Column("reason", sa.String(500)),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("activated_at", mysql.DATETIME(fsp=6)),
        sa.Column("completed_at", mysql.DATETIME(fsp=6)),
        sa.Column("ended_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
        sa.UniqueConstraint("student_id", "live_program", name="uq_enrollments_live"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("enrollments")
