"""Finding name corrections by certificate id."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_name_corrections_certificate_id", "name_corrections", ["certificate_id"])


def downgrade() -> None:
    op.drop_index("ix_name_corrections_certificate_id", "name_corrections")
