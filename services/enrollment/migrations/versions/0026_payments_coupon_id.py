"""Which coupon a payment used."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("coupon_id", mysql.BINARY(16)))


def downgrade() -> None:
    op.drop_column("payments", "coupon_id")
