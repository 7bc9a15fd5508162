"""The parts that a student agreed to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("agreed_plan", mysql.LONGTEXT))


def downgrade() -> None:
    op.drop_column("payments", "agreed_plan")
