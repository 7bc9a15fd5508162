"""Coupons."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("code", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("kind", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("percent", sa.Integer),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("currency", mysql.VARCHAR(3, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("max_uses", sa.Integer),
        sa.Column("max_uses_per_student", sa.Integer, nullable=False),
        sa.Column("valid_from", mysql.DATETIME(fsp=6)),
        sa.Column("valid_until", mysql.DATETIME(fsp=6)),
        sa.Column("programs", mysql.LONGTEXT),
        sa.Column("cohorts", mysql.LONGTEXT),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_coupons"),
        sa.UniqueConstraint("code", name="uq_coupons_code"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("coupons")
