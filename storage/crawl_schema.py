"""The tables of the crawl: what is looked for where, what was found, who is fetching it, and how hosts want it.

    source                 an outlet, as its file defines it
    run ──< link           an address that a place named, until it has an outcome; listings are links too
    host                   whose turn it is: one worker at a time holds it, with its links
    worker                 a process that fetches; the leases of one that is gone return
    robots · shape         what a site said, and what its addresses taught
    skipped                slots of the schedule that were not run, and why
    arrival                how many new addresses a source named in an hour
    pace                   what was learned of a source's rhythm, and when it is due next

A link is found by its key: of its URL key for an article, of source and address for a listing.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from storage.columns import SafeJson, SafeText, UtcTime
from storage.schema import metadata, run

source = Table(
    "source",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("title", SafeText, nullable=False),
    Column("language", SafeText),
    Column("country", SafeText),
    Column("homepage", SafeText, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("definition", SafeText, nullable=False),  # the TOML text: workers elsewhere read it here
    Column("synced_at", UtcTime, nullable=False),
    Column("verified_at", UtcTime),  # when an article was first stored from it
)

link = Table(
    "link",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),  # article, feed, sitemap, section
    Column("url", SafeText, nullable=False),
    Column("asked_url", SafeText),  # as it was named, where that redirected to ``url``
    Column("host", SafeText, nullable=False),
    Column("source", SafeText),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("named_in", Integer, nullable=False),  # the run that named it last
    Column("named_at", UtcTime, nullable=False),
    Column("found_on", SafeText),
    Column("claims", SafeJson, nullable=False),
    Column("depth", Integer, nullable=False),  # of a listing: how many pages or indexes before it
    Column("place", Integer, nullable=False),  # which of the source's places led here, from 0
    Column("hops", Integer, nullable=False),  # redirects followed since it was named
    Column("priority", Float, nullable=False),  # seconds since 1970: the newest first
    Column("state", String(8), nullable=False),  # ready, leased, fetching, alone, done
    Column("not_before", UtcTime, nullable=False),
    Column("worker", String(32), index=True),
    Column("attempts", Integer, nullable=False),  # fetches begun
    Column("failures", Integer, nullable=False),  # of those that failed, in a row
    Column("deaths", Integer, nullable=False),  # what workers that died over it weigh: see storage/deaths.py
    Column("etag", SafeText),
    Column("last_modified", SafeText),
    Column("outcome", String(9)),
    Column("why", SafeText),
    Column("article_id", String(16)),
    Column("done_at", UtcTime),
    Column("ask_at", UtcTime),  # when an article is to be looked at again, None for never; a listing: not before
    Column("rest", Float),  # seconds that a listing itself wants between two requests
    Column("missing_at", UtcTime),  # since when the page of an article is gone, as long as that is so
    Index("ix_link_host_state_priority", "host", "state", "priority"),
    Index("ix_link_run_id_state", "run_id", "state"),
    Index("ix_link_source_ask_at", "source", "ask_at"),
)

host = Table(
    "host",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("worker", String(32), index=True),  # who holds it
    Column("due_at", UtcTime, index=True),  # when it may have a link that is ready; None for none
    Column("not_before", UtcTime, nullable=False),  # no request earlier, whoever makes it
    Column("delay", Float, nullable=False),  # seconds between requests, as the holder keeps it
    Column("failures", Integer, nullable=False),  # in a row
)

robots = Table(
    "robots",
    metadata,
    Column("origin", SafeText, primary_key=True),  # https://host:port
    Column("verdict", String(8), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("why", SafeText, nullable=False),
    Column("fetched_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("node", SafeText, nullable=False),  # the machine, as far as its processes can be looked up
    Column("process", SafeText, nullable=False),
    Column("run_id", Integer),  # that it carries out; None for all
    Column("seen_at", UtcTime, nullable=False),
)

shape = Table(
    "shape",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("shape", String(300), primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("others", Integer, nullable=False),
)

skipped = Table(
    "skipped",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(64), nullable=False, index=True),
    Column("first_slot", SafeText, nullable=False),
    Column("last_slot", SafeText, nullable=False),
    Column("number", Integer, nullable=False),
    Column("why", SafeText, nullable=False),
    Column("at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

arrival = Table(
    "arrival",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # see ``storage.times.hour_of``
    Column("number", Integer, nullable=False),
)

pace = Table(
    "pace",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("since", UtcTime, nullable=False),  # from when on it is known what came
    Column("rhythm", SafeJson),  # articles expected in each hour of the week; None for not learned yet
    Column("learned_at", UtcTime),
    Column("next_at", UtcTime),  # the slot that is due next, where the pace decides it
    Column("credit", Float, nullable=False),  # known articles that may be looked at again now
)

_UNDER_WAY = text("finished_at IS NULL AND kind = 'crawl'")
Index("ix_run_source_under_way", run.c.source, unique=True, sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY)
