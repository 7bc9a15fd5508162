"""Which trace brought a delivery."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("traceparent", mysql.VARCHAR(55, charset="utf8mb4", collation="utf8mb4_bin"))
    op.add_column("webhooks", column)


def downgrade() -> None:
    op.drop_column("webhooks", "traceparent")
