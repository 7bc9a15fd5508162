"""Logins: families of refresh tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_sessions",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("account_id", mysql.BINARY(16), nullable=False),
        sa.Column("seed", mysql.BINARY(32), nullable=False),
        sa.Column("token_hash", mysql.BINARY(32), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("rotated_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("expires_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("ended_at", mysql.DATETIME(fsp=6)),
        sa.Column("end_reason", mysql.VARCHAR(32, charset="utf8mb4", collation="utf8mb4_bin")),
        sa.PrimaryKeyConstraint("id", name="pk_login_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_login_sessions_account_id_accounts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("login_sessions")
