"""The search index knows authors and agencies, and what stands in a title: it is made again from the articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import schema
from storage.word_index import Entry, index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_WORDS_SQLITE = "CREATE VIRTUAL TABLE article_words USING fts5(title, text, authors, agency, tokenize='ascii'{})"
_CONTENTLESS = ", content='', contentless_delete=1"  # from SQLite 3.43 on; older ones keep the words a second time


def upgrade() -> None:
    """Make the index with its new columns, and fill it. (A migration that gives it other columns takes this over.)"""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        version = bind.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        is_recent = tuple(map(int, version.split("."))) >= (3, 43)
        op.execute("DROP TABLE article_words")
        op.execute(_WORDS_SQLITE.format(_CONTENTLESS if is_recent else ""))
    else:
        for name in ("authors", "agency"):
            op.execute(f"ALTER TABLE article_words ADD COLUMN {name} tsvector NOT NULL DEFAULT ''")
            op.execute(f"CREATE INDEX ix_article_words_{name} ON article_words USING gin ({name})")
    _fill(bind)


def _fill(bind: sa.Connection) -> None:
    article, version = schema.article.c, schema.version.c
    asked = (
        sa.select(article.seq, version.title, version.text, version.authors, version.agency)
        .join_from(schema.article, schema.version, schema.current)
        .order_by(article.seq)
        .limit(_AT_ONCE)
    )
    seq = 0
    while rows := bind.execute(asked.where(article.seq > seq)).all():
        index(bind, [(row.seq, Entry(row.title, row.text, row.authors, row.agency)) for row in rows])
        seq = rows[-1].seq
