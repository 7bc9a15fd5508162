"""First answers to requests with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("key", mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("fingerprint", mysql.BINARY(32), nullable=False),
        sa.Column("owner", mysql.BINARY(16), nullable=False),
        sa.Column("locked_until", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("content_type", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("body", mysql.LONGBLOB),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_keys"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys")
