"""Finding certificates by achievement id."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_certificates_achievement_id", "certificates", ["achievement_id"])


def downgrade() -> None:
    op.drop_index("ix_certificates_achievement_id", "certificates")
