"""The enrollments of a program, to reassess them after an import."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enrollments_program_slug_id", "enrollments", ["program_slug", "id"])


def downgrade() -> None:
    op.drop_index("ix_enrollments_program_slug_id", "enrollments")
