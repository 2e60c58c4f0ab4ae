"""The first tables, the search index, and the view ``articles``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(16)  # of an article
_KEY = sa.String(32)  # a hash of 128 bits
_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_VIEW = """
CREATE VIEW articles AS
SELECT article.id, version.url, version.canonical_url, version.source, version.title, version.text, version.authors,
       version.agency, version.dateline, version.published_at, version.published_precision, version.modified_at,
       version.language, version.section, version.keywords, version.image, version.access, version.flags,
       version.content_hash, version.norm_version, version.fetched_at, article.story_id, article.copy_of
FROM article JOIN version ON version.article_id = article.id AND version.number = article.current
"""
_WORDS_SQLITE = "CREATE VIRTUAL TABLE article_words USING fts5(title, text, tokenize='ascii'{})"
_CONTENTLESS = ", content='', contentless_delete=1"  # from SQLite 3.43 on; older ones keep the words a second time
_WORDS_POSTGRESQL = """
CREATE TABLE article_words (
    seq bigint PRIMARY KEY REFERENCES article (seq) ON DELETE CASCADE,
    words tsvector NOT NULL
)
"""


def upgrade() -> None:
    """Make the tables."""
    _runs_and_captures()
    _articles()
    _whereabouts()
    op.execute(_VIEW)
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        version = bind.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        is_recent = tuple(map(int, version.split("."))) >= (3, 43)
        op.execute(_WORDS_SQLITE.format(_CONTENTLESS if is_recent else ""))
    else:
        op.execute(_WORDS_POSTGRESQL)
        op.execute("CREATE INDEX ix_article_words_words ON article_words USING gin (words)")


def _runs_and_captures() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "capture",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("url_key", _KEY),
        sa.Column("source", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("headers", _JSON, nullable=False),
        sa.Column("claims", _JSON, nullable=False),
        sa.Column("fetched_at", _TIME, nullable=False),
        sa.Column("origin", sa.Text),
        sa.Column("size", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_capture"),
    )
    op.create_index("ix_capture_sha256", "capture", ["sha256"])
    op.create_index("ix_capture_url_key", "capture", ["url_key"])
    op.create_table(
        "fate",
        sa.Column("id", _COUNT, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("origin", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("url_key", _KEY),
        sa.Column("outcome", sa.String(9), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("article_id", _ID),
        sa.Column("capture_key", _KEY),
        sa.PrimaryKeyConstraint("id", name="pk_fate"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_fate_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fate_url_key", "fate", ["url_key"])
    op.create_index("ix_fate_article_id", "fate", ["article_id"])
    op.create_index("ix_fate_run_id_outcome", "fate", ["run_id", "outcome"])
    op.create_index("ix_fate_origin", "fate", ["origin"], postgresql_using="hash")


def _articles() -> None:
    op.create_table(
        "article",
        sa.Column("seq", _COUNT, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("current", sa.Integer, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("dated_at", _TIME, nullable=False),
        sa.Column("story_id", _ID, nullable=False),
        sa.Column("copy_of", _ID),
        sa.Column("first_seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_article"),
        sa.UniqueConstraint("id", name="uq_article_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_article_dated_at_id", "article", ["dated_at", "id"])
    op.create_table(
        "version",
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("capture_key", _KEY, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("fetched_at", _TIME, nullable=False),
        sa.Column("content_hash", _KEY, nullable=False),
        sa.Column("title_hash", _KEY, nullable=False),
        sa.Column("norm_version", sa.Integer, nullable=False),
        sa.Column("words", sa.Integer, nullable=False),
        sa.Column("canonical_url", sa.Text),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("authors", _JSON, nullable=False),
        sa.Column("agency", sa.Text),
        sa.Column("dateline", sa.Text),
        sa.Column("published_at", _TIME),
        sa.Column("published_precision", sa.String(6)),
        sa.Column("published_origin", sa.Text),
        sa.Column("modified_at", _TIME),
        sa.Column("language", sa.Text),
        sa.Column("section", sa.Text),
        sa.Column("keywords", _JSON, nullable=False),
        sa.Column("image", sa.Text),
        sa.Column("access", sa.Text),
        sa.Column("flags", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number", name="pk_version"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_version_article_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["capture_key"], ["capture.key"], name="fk_version_capture_key"),
    )
    op.create_index("ix_version_content_hash_title_hash", "version", ["content_hash", "title_hash"])
    op.create_table(
        "removal",
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("blocks", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number", name="pk_removal"),
        _of_a_version("fk_removal_article_id_number"),
    )


def _whereabouts() -> None:
    op.create_table(
        "address",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("kind", sa.String(9), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_address"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_address_article_id", ondelete="CASCADE"),
    )
    op.create_index("ix_address_article_id", "address", ["article_id"])
    op.create_table(
        "sighting",
        sa.Column("capture_key", _KEY, nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("published_at", _TIME),
        sa.Column("outcome", sa.String(9), nullable=False),
        sa.PrimaryKeyConstraint("capture_key", name="pk_sighting"),
        sa.ForeignKeyConstraint(["capture_key"], ["capture.key"], name="fk_sighting_capture_key"),
        _of_a_version("fk_sighting_article_id_number"),
    )
    op.create_index("ix_sighting_article_id_number", "sighting", ["article_id", "number"])


def _of_a_version(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["article_id", "number"], ["version.article_id", "version.number"], name=name, ondelete="CASCADE"
    )
