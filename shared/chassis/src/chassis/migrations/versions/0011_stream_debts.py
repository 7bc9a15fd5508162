"""What was trimmed from the stream before a consumer group had taken it in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stream_debts",
        sa.Column("group_name", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("after_stamp", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("through_stamp", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("sent_position", sa.BigInteger),
        sa.Column("since", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("group_name", name="pk_stream_debts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("stream_debts")
