"""What readers hold: changes by number, tombstones, tokens, requests, watches, notices; facts that are counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.String(16)  # of an article
_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNTOLD = sa.text("told_at IS NULL")

# What is there already is one change each, in the order of its coming, so that a mirror begins with everything.
_ALL_THERE_IS = """
INSERT INTO change (at, kind, article_id, number) SELECT first_seen_at, 'stored', id, current FROM article ORDER BY seq
"""


_FACTS = """
UPDATE article SET (source, language, agency) = (
    SELECT source, language, agency FROM version WHERE article_id = article.id AND number = article.current
)
"""


def upgrade() -> None:
    """Make the tables, and enter what is there as changes."""
    _facts()
    op.create_table(
        "change",
        sa.Column("seq", _COUNT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String(9), nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("number", sa.Integer),
        sa.PrimaryKeyConstraint("seq", name="pk_change"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_article_id", "change", ["article_id"])
    op.create_table(
        "tombstone",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_tombstone"),
    )
    op.create_index("ix_tombstone_article_id", "tombstone", ["article_id"])
    op.create_index("ix_capture_fetched_at_source", "capture", ["fetched_at", "source"])
    _askers()
    _watches()
    op.execute(_ALL_THERE_IS)


def _facts() -> None:
    """What is counted stands with the article: the versions are as wide as their texts."""
    for name in ("source", "language", "agency"):
        op.add_column("article", sa.Column(name, sa.Text))
    op.execute(_FACTS)
    for name in ("source", "language"):
        op.create_index(f"ix_article_{name}_dated_at_id", "article", [name, "dated_at", "id"])


def _askers() -> None:
    op.create_table(
        "token",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(5), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.PrimaryKeyConstraint("name", name="pk_token"),
        sa.UniqueConstraint("hash", name="uq_token_hash"),
    )
    op.create_table(
        "asked",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_asked"),
    )


def _watches() -> None:
    op.create_table(
        "watch",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("query", _JSON, nullable=False),
        sa.Column("way", sa.String(7), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("since", _COUNT, nullable=False),
        sa.Column("seen", _COUNT, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("matched_at", _TIME),
        sa.Column("told_at", _TIME),
        sa.PrimaryKeyConstraint("name", name="pk_watch"),
    )
    op.create_table(
        "notice",
        sa.Column("watch", sa.String(100), nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("found_at", _TIME, nullable=False),
        sa.Column("delivery", sa.String(32)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("told_at", _TIME),
        sa.Column("given_up_at", _TIME),
        sa.Column("why", sa.Text),
        sa.PrimaryKeyConstraint("watch", "article_id", name="pk_notice"),
        sa.ForeignKeyConstraint(["watch"], ["watch.name"], name="fk_notice_watch", ondelete="CASCADE"),
    )
    op.create_index(
        "ix_notice_untold", "notice", ["watch", "not_before"], sqlite_where=_UNTOLD, postgresql_where=_UNTOLD
    )
