"""Requests to correct a name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _text(length: int) -> mysql.VARCHAR:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    op.create_table(
        "name_corrections",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("certificate_id", mysql.BINARY(16), nullable=False),
        sa.Column("open_for", mysql.BINARY(16)),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", _text(100), nullable=False),
        sa.Column("name", sa.String(200)),
        sa.Column("status", _text(10), nullable=False),
        sa.Column("requested_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("decided_at", mysql.DATETIME(fsp=6)),
        sa.Column("decided_by", mysql.BINARY(16)),
        sa.PrimaryKeyConstraint("id", name="pk_name_corrections"),
        sa.UniqueConstraint("open_for", name="uq_name_corrections_open_for"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("name_corrections")
