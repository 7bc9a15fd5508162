"""What the relay knows of its stream and of the stream's groups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relay_state",
        sa.Column("name", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("stream_id", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("updated_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_relay_state"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("relay_state")
