"""Who is staff, as the gateway tells."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("roles", mysql.LONGTEXT, nullable=False),
        sa.Column("teaches", mysql.LONGTEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("accounts")
