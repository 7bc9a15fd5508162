"""Videos."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(length: int) -> mysql.VARCHAR:
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    op.create_table(
        "videos",
        sa.Column("id", mysql.BINARY(16), nullable=False),
        sa.Column("program_slug", _text(100), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("kind", _text(8), nullable=False),
        sa.Column("content_type", _text(100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("files", mysql.LONGTEXT),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("problem", sa.String(500)),
        sa.Column("object_key", _text(255), nullable=False),
        sa.Column("upload_id", _text(1024)),
        sa.Column("part_bytes", sa.Integer),
        sa.Column("etag", _text(100)),
        sa.Column("duration_seconds", mysql.DOUBLE),
        sa.Column("created_by", mysql.BINARY(16), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("ready_at", mysql.DATETIME(fsp=6)),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_videos"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )


def downgrade() -> None:
    op.drop_table("videos")
