"""Who changed what, and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("actor", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("actor_id", mysql.BINARY(16)),
        sa.Column("action", mysql.VARCHAR(60, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("subject_kind", mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("subject_id", mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("details", mysql.LONGTEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("audit_entries")
