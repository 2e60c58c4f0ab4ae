"""What articles are to each other: anchors, sketches, likenesses, stories; and what each version has changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.String(16)  # of an article
_EVENT = sa.String(12)
_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Articles from before were never likened: their links are of no rule until a pass over the archive has made them.
_NO_RULE_YET = """
INSERT INTO generation (number, rule, sketch, norm, begun_at, done, ended_at)
SELECT 0, 0, 0, 0, max(first_seen_at), max(seq), max(first_seen_at) FROM article HAVING count(*) > 0
"""


def upgrade() -> None:
    """Make the tables, and say of archives with articles that these are still to be likened."""
    for column in (
        sa.Column("change", sa.String(10)),
        sa.Column("changed_since", sa.Integer),
        sa.Column("words_added", sa.Integer),
        sa.Column("words_removed", sa.Integer),
        sa.Column("numbers_changed", sa.Boolean),
        sa.Column("names_changed", sa.Boolean),
    ):
        op.add_column("version", column)
    for table in ("capture", "link"):
        op.add_column(table, sa.Column("asked_url", sa.Text))
    op.create_index("ix_article_story_id", "article", ["story_id"])
    op.create_table(
        "anchor",
        sa.Column("key", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("key", name="pk_anchor"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sketch",
        sa.Column("article", _COUNT, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("article", "number", "generation", name="pk_sketch"),
        sa.ForeignKeyConstraint(["article"], ["article.seq"], name="fk_sketch_article", ondelete="CASCADE"),
    )
    _likenesses()
    op.create_table(
        "generation",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("rule", sa.Integer, nullable=False),
        sa.Column("sketch", sa.Integer, nullable=False),
        sa.Column("norm", sa.Integer, nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("done", _COUNT, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("number", name="pk_generation"),
    )
    op.create_table(
        "regrouped",
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("story_id", _ID, nullable=False),
        sa.Column("copy_of", _ID),
        sa.PrimaryKeyConstraint("article_id", name="pk_regrouped"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_regrouped_article_id", ondelete="CASCADE"),
    )
    op.execute(_NO_RULE_YET)


def _likenesses() -> None:
    op.create_table(
        "likeness",
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("other_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(9), nullable=False),
        sa.Column("jaccard", sa.Float, nullable=False),
        sa.Column("containment", sa.Float, nullable=False),
        sa.Column("guard", sa.String(9)),
        sa.Column("differing", _JSON, nullable=False),
        sa.Column("rule", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("other_number", sa.Integer, nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "other_id", "generation", name="pk_likeness"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_likeness_article_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["article.id"], name="fk_likeness_other_id", ondelete="CASCADE"),
    )
    op.create_index("ix_likeness_other_id", "likeness", ["other_id"])
    op.create_table(
        "story_event",
        sa.Column("seq", _COUNT, nullable=False),
        sa.Column("id", _EVENT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String(9), nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("other_id", _ID),
        sa.Column("undoes", _EVENT),
        sa.Column("moved", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_story_event"),
        sa.UniqueConstraint("id", name="uq_story_event_id"),
        sqlite_autoincrement=True,
    )
    for column in ("article_id", "other_id"):
        op.create_index(f"ix_story_event_{column}", "story_event", [column])
