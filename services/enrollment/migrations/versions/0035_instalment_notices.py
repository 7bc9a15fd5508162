"""Reminders of instalments that were told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instalment_notices",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("instalment_id", mysql.BINARY(16), nullable=False),
        sa.Column("kind", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("due_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("told_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instalment_notices"),
        sa.UniqueConstraint("instalment_id", "kind", "due_at", name="uq_instalment_notices_instalment_id_kind_due_at"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("instalment_notices")
