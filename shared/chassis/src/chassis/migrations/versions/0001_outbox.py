"""The outbox: every event the service has committed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("type", mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("subject", mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("time", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("traceparent", mysql.VARCHAR(55, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("envelope", mysql.LONGBLOB, nullable=False),
        sa.Column("published_at", mysql.DATETIME(fsp=6)),
        sa.Column("stream_id", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("outbox")
