"""Posts in numbers, as discussion tells of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discussion_posts",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("week_number", sa.SmallInteger, nullable=False),
        sa.Column("is_reply", sa.Boolean, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6)),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("hidden_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_discussion_posts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("discussion_posts")
