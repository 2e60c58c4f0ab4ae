"""The tables of the crawl."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.String(32)
_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_UNDER_WAY = sa.text("finished_at IS NULL AND kind = 'crawl'")


def upgrade() -> None:
    """Make the tables; runs learn of sources and slots, captures of cut bodies."""
    op.add_column("capture", sa.Column("cut", sa.Text))
    op.add_column("fate", sa.Column("listing", sa.Boolean))
    op.add_column("run", sa.Column("source", sa.Text))
    op.add_column("run", sa.Column("slot", sa.String(40)))
    op.add_column("run", sa.Column("order", _JSON))
    for counted in ("named", "known", "left_out"):
        op.add_column("run", sa.Column(counted, sa.Integer, nullable=False, server_default="0"))
    op.create_index("uq_run_source_slot", "run", ["source", "slot"], unique=True)
    op.create_index(
        "ix_run_source_under_way", "run", ["source"], unique=True,
        sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY,
    )  # fmt: skip
    _sources()
    _frontier()


def _sources() -> None:
    op.create_table(
        "source",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("homepage", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("synced_at", _TIME, nullable=False),
        sa.Column("verified_at", _TIME),
        sa.PrimaryKeyConstraint("name", name="pk_source"),
    )
    op.create_table(
        "shape",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("shape", sa.String(300), nullable=False),
        sa.Column("articles", sa.Integer, nullable=False),
        sa.Column("others", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source", "shape", name="pk_shape"),
    )
    op.create_table(
        "skipped",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("first_slot", sa.Text, nullable=False),
        sa.Column("last_slot", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_skipped"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_skipped_source", "skipped", ["source"])


def _frontier() -> None:
    op.create_table(
        "link",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("named_in", sa.Integer, nullable=False),
        sa.Column("named_at", _TIME, nullable=False),
        sa.Column("found_on", sa.Text),
        sa.Column("claims", _JSON, nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("hops", sa.Integer, nullable=False),
        sa.Column("priority", sa.Float, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("worker", _KEY),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("outcome", sa.String(9)),
        sa.Column("why", sa.Text),
        sa.Column("article_id", sa.String(16)),
        sa.Column("done_at", _TIME),
        sa.PrimaryKeyConstraint("key", name="pk_link"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_link_run_id"),
    )
    op.create_index("ix_link_worker", "link", ["worker"])
    op.create_index("ix_link_host_state_priority", "link", ["host", "state", "priority"])
    op.create_index("ix_link_run_id_state", "link", ["run_id", "state"])
    op.create_table(
        "host",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("worker", _KEY),
        sa.Column("due_at", _TIME),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("delay", sa.Float, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_host"),
    )
    op.create_index("ix_host_worker", "host", ["worker"])
    op.create_index("ix_host_due_at", "host", ["due_at"])
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("fetched_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("origin", name="pk_robots"),
    )
    op.create_table(
        "worker",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("run_id", sa.Integer),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
