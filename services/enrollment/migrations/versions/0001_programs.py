"""Programs, as learning publishes them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programs",
        sa.Column("slug", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("summary", mysql.TEXT, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
        sa.Column("week_count", sa.Integer, nullable=False),
        sa.Column("outline", mysql.LONGTEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_programs"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("programs")
