"""Certificates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _text(length: int) -> mysql.VARCHAR:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("achievement_id", mysql.BINARY(16), nullable=False),
        sa.Column("valid_for", mysql.BINARY(16)),
        sa.Column("student_id", mysql.BINARY(16), nullable=False),
        sa.Column("kind", _text(10), nullable=False),
        sa.Column("program_slug", _text(100), nullable=False),
        sa.Column("course_slug", _text(100)),
        sa.Column("cohort_id", mysql.BINARY(16), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("program_title", sa.String(300), nullable=False),
        sa.Column("recipient_name", sa.String(200)),
        sa.Column("code", _text(40), nullable=False),
        sa.Column("status", _text(12), nullable=False),
        sa.Column("issued_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("revoked_at", mysql.DATETIME(fsp=6)),
        sa.Column("revocation", _text(12)),
        sa.Column("revoked_reason", sa.String(500)),
        sa.Column("revoked_by", mysql.BINARY(16)),
        sa.Column("supersedes_id", mysql.BINARY(16)),
        sa.Column("superseded_by_id", mysql.BINARY(16)),
        sa.Column("document_key", _text(120), nullable=False),
        sa.Column("document_state", _text(10), nullable=False),
        sa.Column("document_due_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("document_attempts", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_certificates"),
        sa.UniqueConstraint("code", name="uq_certificates_code"),
        sa.UniqueConstraint("valid_for", name="uq_certificates_valid_for"),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name="fk_certificates_achievement_id_achievements"
        ),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("certificates")
