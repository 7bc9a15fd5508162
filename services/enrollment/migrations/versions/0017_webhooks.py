"""Deliveries of Paystack, stored before they are processed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("dedupe_key", mysql.BINARY(32), nullable=False),
        sa.Column("event", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("reference", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("body", mysql.LONGBLOB, nullable=False),
        sa.Column("status", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("outcome", sa.String(500)),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", mysql.DATETIME(fsp=6)),
        sa.Column("received_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("processed_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.UniqueConstraint("dedupe_key", name="uq_webhooks_dedupe_key"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("webhooks")
