"""How a cohort's price may be paid in parts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cohorts", sa.Column("instalments", mysql.LONGTEXT))


def downgrade() -> None:
    op.drop_column("cohorts", "instalments")
