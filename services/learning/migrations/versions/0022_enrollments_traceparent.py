"""Which trace made an enrollment what it is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "enrollments", sa.Column("traceparent", mysql.VARCHAR(55, charset="utf8mb4", collation="utf8mb4_bin"))
    )


def downgrade() -> None:
    op.drop_column("enrollments", "traceparent")
