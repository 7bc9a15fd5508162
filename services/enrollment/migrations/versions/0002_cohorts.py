"""Cohorts: calendar, seats, price."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cohorts",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("start_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date, nullable=False),
        sa.Column("timezone", mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("unlock_time", sa.Time, nullable=False),
        sa.Column("week_unlocks", mysql.LONGTEXT, nullable=False),
        sa.Column("seats", sa.Integer),
        sa.Column("late_join", sa.Boolean, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", mysql.VARCHAR(3, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("access_days", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cohorts"),
        sa.UniqueConstraint("slug", name="uq_cohorts_slug"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("cohorts")
