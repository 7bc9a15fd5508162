"""Bits of the public status lists."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "status_entries",
        sa.Column("position", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("certificate_id", mysql.BINARY(16), nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_status_entries"),
        sa.UniqueConstraint("certificate_id", name="uq_status_entries_certificate_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("status_entries")
