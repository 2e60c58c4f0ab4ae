"""Last runs: the latest run of each source is looked up, whatever it had to do with before."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_run_source_id", "run", ["source", "id"])
