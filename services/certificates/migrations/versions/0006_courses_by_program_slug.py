"""Finding courses by program slug."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_courses_program_slug", "courses", ["program_slug"])


def downgrade() -> None:
    op.drop_index("ix_courses_program_slug", "courses")
