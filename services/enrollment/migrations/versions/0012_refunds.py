"""Refunds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("payment_id", mysql.BINARY(16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", mysql.VARCHAR(10, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("status", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("origin", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("provider_id", mysql.BIGINT(unsigned=True)),
        sa.Column("provider_reference", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", mysql.DATETIME(fsp=6)),
        sa.Column("error", sa.String(500)),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("processed_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("refunds")
