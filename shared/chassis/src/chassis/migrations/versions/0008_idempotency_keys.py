"""First answers to requests with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("idempotency_key", mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("fingerprint", mysql.BINARY(32), nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("headers", mysql.LONGTEXT),
        sa.Column("body", mysql.LONGBLOB),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("owner", "idempotency_key", name="pk_idempotency_keys"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys")
