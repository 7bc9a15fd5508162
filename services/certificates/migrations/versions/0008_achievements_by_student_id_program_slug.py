"""Finding achievements by student id, program slug."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_achievements_student_id_program_slug", "achievements", ["student_id", "program_slug"])


def downgrade() -> None:
    op.drop_index("ix_achievements_student_id_program_slug", "achievements")
