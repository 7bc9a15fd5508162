"""Finding certificates by program slug."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_certificates_program_slug", "certificates", ["program_slug"])


def downgrade() -> None:
    op.drop_index("ix_certificates_program_slug", "certificates")
