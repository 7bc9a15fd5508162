"""Achievements are built from events, and can be built again and swapped: a foreign key would follow the old table."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "fk_certificates_achievement_id_achievements"


def upgrade() -> None:
    op.drop_constraint(NAME, "certificates", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key(NAME, "certificates", "achievements", ["achievement_id"], ["id"])
