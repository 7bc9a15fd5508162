"""The code of that coupon."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("coupon_code", mysql.VARCHAR(40, charset="utf8mb4", collation="utf8mb4_bin"))
    op.add_column("payments", column)


def downgrade() -> None:
    op.drop_column("payments", "coupon_code")
