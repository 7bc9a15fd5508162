"""Which part of a price a payment is."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("instalment", sa.Integer))


def downgrade() -> None:
    op.drop_column("payments", "instalment")
