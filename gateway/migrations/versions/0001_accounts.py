"""Accounts, unique by e-mail without case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", mysql.VARCHAR(254, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password_hash", mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("roles", mysql.LONGTEXT, nullable=False),
        sa.Column("teaches", mysql.LONGTEXT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("erased_at", mysql.DATETIME(fsp=6)),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email_key", name="uq_accounts_email_key"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("accounts")
