"""What pruning leaves: counts in the runs, and the marks of what is to be erased beside the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and make the table."""
    op.add_column("run", sa.Column("summed", sa.JSON().with_variant(JSONB(), "postgresql")))
    op.create_table(
        "pruned",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pruned"),
    )
