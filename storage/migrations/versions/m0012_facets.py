"""Counts are quick on SQLite: what they are made of stands in a narrow table, which the database keeps by itself."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE article_facets (
    seq INTEGER PRIMARY KEY,
    dated_at INTEGER NOT NULL,
    source TEXT,
    language TEXT,
    agency TEXT,
    copy_of TEXT
)
"""
_COLUMNS = "seq, dated_at, source, language, agency, copy_of"
_TO_1970 = 62_135_596_800  # seconds, from the beginning of the year 1
_HOUR = f"(CAST(strftime('%s', {{0}}dated_at) AS INTEGER) + {_TO_1970}) / 3600"
_VALUES = f"{{0}}seq, {_HOUR}, {{0}}source, {{0}}language, {{0}}agency, {{0}}copy_of"
_FILL = f"INSERT INTO article_facets ({_COLUMNS}) SELECT {_VALUES.format('')} FROM article ORDER BY seq"  # noqa: S608 - constants
_KEEP = f"INSERT OR REPLACE INTO article_facets ({_COLUMNS}) VALUES ({_VALUES.format('new.')});"  # noqa: S608 - constants
_LEAVE = "DELETE FROM article_facets WHERE seq = old.seq;"


def upgrade() -> None:
    """Make the table and fill it; from then on triggers keep it."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(_TABLE)
    op.execute(_FILL)
    op.execute("CREATE INDEX ix_article_facets_dated_at ON article_facets (dated_at)")
    op.execute(f"CREATE TRIGGER article_facets_come AFTER INSERT ON article BEGIN {_KEEP} END")
    op.execute(f"CREATE TRIGGER article_facets_change AFTER UPDATE OF {_COLUMNS} ON article BEGIN {_LEAVE} {_KEEP} END")
    op.execute(f"CREATE TRIGGER article_facets_go AFTER DELETE ON article BEGIN {_LEAVE} END")
