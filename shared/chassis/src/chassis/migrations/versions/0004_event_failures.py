"""Events to retry, and dead letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_failures",
        sa.Column("id", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("consumer", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("event_id", mysql.BINARY(16), nullable=False),
        sa.Column("type", mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("subject", mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("envelope", mysql.LONGBLOB, nullable=False),
        sa.Column("state", mysql.VARCHAR(16, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", mysql.LONGTEXT, nullable=False),
        sa.Column("first_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("last_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("next_attempt_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("id", name="pk_event_failures"),
        sa.UniqueConstraint("consumer", "event_id", name="uq_event_failures_consumer_event_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("event_failures")
