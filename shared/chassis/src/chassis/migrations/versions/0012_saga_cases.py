"""Sagas that another unit was found not to know of: since when, and how often they were told again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saga_cases",
        sa.Column("saga", mysql.VARCHAR(60, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("place", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("case_key", mysql.VARCHAR(150, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("found_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("due_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("saga", "place", "case_key", name="pk_saga_cases"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("saga_cases")
