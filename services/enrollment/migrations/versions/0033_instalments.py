"""Instalments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instalments",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("enrollment_id", mysql.BINARY(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("discount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", mysql.VARCHAR(3, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("due_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("suspends_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("grace_days", sa.Integer, nullable=False),
        sa.Column("payment_id", mysql.BINARY(16)),
        sa.Column("paid_at", mysql.DATETIME(fsp=6)),
        sa.Column("next_step_at", mysql.DATETIME(fsp=6)),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instalments"),
        sa.UniqueConstraint("enrollment_id", "number", name="uq_instalments_enrollment_id_number"),
        sa.UniqueConstraint("payment_id", name="uq_instalments_payment_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("instalments")
