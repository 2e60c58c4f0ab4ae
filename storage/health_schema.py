"""The tables of health: what each source brought and when, what was wrong with it, and who has yet to be told.

pulse            of each source, how it did lately; folded from the fates of the crawl, in their order
source_hour      what its looks brought, hour by hour, for some weeks
source_day       the gap ledger: articles expected and seen, day by day, for some months
problem ──< problem_change    opened once, closed once; each change is told once
folded           the fate up to which all of this is told
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, text

from storage.columns import SafeText, UtcTime
from storage.schema import count_type, metadata

pulse = Table(
    "pulse",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("listed_at", UtcTime),  # when one of its listings was read last
    Column("article_at", UtcTime),  # when its last article was published, or came where that is unknown
    Column("article_id", String(16)),  # that article
    Column("failures", Integer, nullable=False),  # of listings, in a row
    Column("failing_since", UtcTime),
    Column("failed_at", UtcTime),
    Column("why", SafeText),
    Column("missed", Integer, nullable=False),  # links without an article, in a row
    Column("missing_since", UtcTime),
    Column("site", SafeText),  # of its last page
)

source_hour = Table(
    "source_hour",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("hour", Integer, primary_key=True),  # since 1970
    Column("articles", Integer, nullable=False),  # published in it
    Column("missed", Integer, nullable=False),  # links fetched in it that held none
    Column("listed", Integer, nullable=False),  # listings read in it
    Index("ix_source_hour_hour", "hour"),
)

source_day = Table(
    "source_day",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("day", Integer, primary_key=True),  # since 1970, UTC
    Column("seen", Integer, nullable=False),  # articles published on it
    Column("late", Integer, nullable=False),  # of those, how many came days later, as by a backfill
    Column("expected", Float),
    Column("least", Float),  # fewer than this are a gap
    Index("ix_source_day_day", "day"),
)

problem = Table(
    "problem",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", SafeText, nullable=False),  # "" for this machine
    Column("kind", String(8), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("article_id", String(16)),  # the last one before it
    Column("detail", SafeText, nullable=False),
    Column("hint", SafeText, nullable=False),
    Column("closed_at", UtcTime),
    Index("ix_problem_open", "source", unique=True, sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
    Index("ix_problem_source_opened_at", "source", "opened_at"),
    sqlite_autoincrement=True,
)  # fmt: skip

problem_change = Table(
    "problem_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("problem_id", ForeignKey("problem.id", ondelete="CASCADE"), nullable=False),
    Column("change", String(6), nullable=False),  # opened, closed
    Column("at", UtcTime, nullable=False),
    Column("delivery", String(32)),  # those that are told together, from the first attempt on
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("given_up_at", UtcTime),
    Column("why", SafeText),
    Index("uq_problem_change_problem_id_change", "problem_id", "change", unique=True),
    Index("ix_problem_change_untold", "not_before", sqlite_where=text("told_at IS NULL AND given_up_at IS NULL"),
          postgresql_where=text("told_at IS NULL AND given_up_at IS NULL")),
    sqlite_autoincrement=True,
)  # fmt: skip

folded = Table(
    "folded",
    metadata,
    Column("one", Integer, primary_key=True),  # the only row
    Column("fate_id", count_type, nullable=False),
    Column("at", UtcTime, nullable=False),
)
