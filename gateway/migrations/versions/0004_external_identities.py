"""Who an account is at an external OpenID Connect issuer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_identities",
        sa.Column("issuer", mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("subject", mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("account_id", mysql.BINARY(16), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_external_identities"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_external_identities_account_id_accounts"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("external_identities")
