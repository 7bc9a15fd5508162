"""Payments: one open per enrollment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("reference", mysql.VARCHAR(50, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("enrollment_id", mysql.BINARY(16), nullable=False),
        sa.Column("open_enrollment", mysql.BINARY(16)),
        sa.Column("status", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", mysql.VARCHAR(3, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("hold_expires_at", mysql.DATETIME(fsp=6)),
        sa.Column("authorization_url", sa.String(1000)),
        sa.Column("access_code", mysql.VARCHAR(200, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("initialising_until", mysql.DATETIME(fsp=6)),
        sa.Column("received_minor", sa.BigInteger),
        sa.Column("received_currency", mysql.VARCHAR(10, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("provider_id", mysql.BIGINT(unsigned=True)),
        sa.Column("paid_at", mysql.DATETIME(fsp=6)),
        sa.Column("refunded_minor", sa.BigInteger, nullable=False),
        sa.Column("matched", sa.Boolean, nullable=False),
        sa.Column("review", sa.String(500)),
        sa.Column("next_check_at", mysql.DATETIME(fsp=6)),
        sa.Column("checks", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.UniqueConstraint("open_enrollment", name="uq_payments_open_enrollment"),
        sa.UniqueConstraint("reference", name="uq_payments_reference"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("payments")
