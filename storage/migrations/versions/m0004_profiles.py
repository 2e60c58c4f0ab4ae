"""What sites teach, and which cleaner and which profile each version was made with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; captures and versions learn what they were cleaned with."""
    for table in ("capture", "version"):
        op.add_column(table, sa.Column("profile", sa.String(64)))
        op.add_column(table, sa.Column("cleaner", sa.String(40)))
    op.add_column("version", sa.Column("came_by", sa.String(9)))
    op.create_index("ix_version_capture_key", "version", ["capture_key"])
    op.create_table(
        "lesson",
        sa.Column("seq", _COUNT, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_lesson"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lesson_site_seq", "lesson", ["site", "seq"])
    op.create_table(
        "profile",
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("layout", sa.Integer, nullable=False),
        sa.Column("layout_pages", sa.Integer, nullable=False),
        sa.Column("changed_at", _TIME),
        sa.PrimaryKeyConstraint("site", "number", name="pk_profile"),
    )
