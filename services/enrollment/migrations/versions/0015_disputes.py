"""Disputes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("payment_id", mysql.BINARY(16), nullable=False),
        sa.Column("provider_id", mysql.BIGINT(unsigned=True), nullable=False),
        sa.Column("status", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("resolution", sa.String(100)),
        sa.Column("opened_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("resolved_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("id", name="pk_disputes"),
        sa.UniqueConstraint("provider_id", name="uq_disputes_provider_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("disputes")
