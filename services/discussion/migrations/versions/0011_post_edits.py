"""What posts said before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post_edits",
        sa.Column("post_id", mysql.BINARY(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("body", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("editor_id", mysql.BINARY(16), nullable=False),
        sa.Column("replaced_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("post_id", "number", name="pk_post_edits"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("post_edits")
