"""What operators did to events: who, when, why. Rows are only ever added."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operator_actions",
        sa.Column("id", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("who", mysql.VARCHAR(120, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("action", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("why", mysql.LONGTEXT, nullable=False),
        sa.Column("details", mysql.LONGTEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_actions"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("operator_actions")
