"""Which trace asked for a certificate's document."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("document_traceparent", mysql.VARCHAR(55, charset="utf8mb4", collation="utf8mb4_bin"))
    op.add_column("certificates", column)


def downgrade() -> None:
    op.drop_column("certificates", "document_traceparent")
