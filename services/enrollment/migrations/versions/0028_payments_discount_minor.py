"""What it took off."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("discount_minor", sa.BigInteger, nullable=False, server_default=sa.text("0"))
    op.add_column("payments", column)


def downgrade() -> None:
    op.drop_column("payments", "discount_minor")
