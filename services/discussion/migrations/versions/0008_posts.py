"""Posts and replies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("thread_id", mysql.BINARY(16), nullable=False),
        sa.Column("parent_id", mysql.BINARY(16), nullable=True),
        sa.Column("author_id", mysql.BINARY(16), nullable=False),
        sa.Column("body", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("body_html", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("html_version", sa.SmallInteger(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("edited_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("deleted_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("hidden_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("posts")
