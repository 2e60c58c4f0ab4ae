"""The tables, for SQLite and PostgreSQL alike. The public face is the view ``articles``; the tables may change.

    run ──< fate                    what was read, and what became of it; the crawl's own: ``storage.crawl_schema``;
                                    what sites teach: ``storage.profile_schema``;
                                    what articles are to each other: ``storage.story_schema``
    capture                         bytes as they came: the body is in the blob store, under ``sha256``
    article ──< version ── removal  an article, its distinct texts, and what was cut from each
       │  └───< address             the keys under which it is known (``storage.url_key``)
       └──────< sighting            each time it was seen, by capture

The search index ``article_words`` is not described here: its shape differs by database (``storage.word_index``).
Keys that come from the outside world are hashes: a PostgreSQL index entry holds 2.7 kB, a URL may be longer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    func,
    select,
)

from storage.columns import Origins, SafeJson, SafeText, Strings, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

count_type = BigInteger().with_variant(Integer, "sqlite")
"""Of what grows for years."""

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", SafeText, nullable=False),
    Column("detail", SafeText),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("source", SafeText),  # of a crawl, unless it is of addresses alone
    Column("slot", String(40)),  # of the schedule; each is run once
    Column("order", SafeJson),  # what a crawl was asked for
    Column("named", Integer, nullable=False, server_default="0"),  # distinct addresses that its places named
    Column("known", Integer, nullable=False, server_default="0"),  # of those, with an outcome from before
    Column("left_out", Integer, nullable=False, server_default="0"),  # named beyond its limit, or dated outside
    Column("summed", SafeJson),  # [whether of listings, outcome, number] each, of fates that were pruned
    Index("uq_run_source_slot", "source", "slot", unique=True),
    Index("ix_run_source_id", "source", "id"),
    sqlite_autoincrement=True,
)

capture = Table(
    "capture",
    metadata,
    Column("key", String(32), primary_key=True),  # of sha256, url, source and fetched_at: the same capture is one row
    Column("sha256", String(64), nullable=False, index=True),
    Column("url", SafeText),
    Column("url_key", String(32), index=True),
    Column("source", SafeText),
    Column("status", Integer),
    Column("content_type", SafeText, nullable=False),
    Column("headers", SafeJson, nullable=False),
    Column("claims", SafeJson, nullable=False),
    Column("fetched_at", UtcTime, nullable=False),
    Column("origin", SafeText),
    Column("size", Integer, nullable=False),
    Column("cut", SafeText),  # why the body is not whole
    Column("profile", String(64)),  # the sha256 of what was known of its site when it was cleaned last
    Column("cleaner", String(40)),  # which edition of the cleaner that was
    Column("asked_url", SafeText),  # the address that redirected to ``url``
    Index("ix_capture_fetched_at_source", "fetched_at", "source"),
)

article = Table(
    "article",
    metadata,
    Column("seq", count_type, primary_key=True),  # in the order of their coming; the search index knows them by it
    Column("id", String(16), nullable=False, unique=True),
    Column("current", Integer, nullable=False),  # the number of the version that was seen last
    Column("seen_at", UtcTime, nullable=False),  # when that was
    Column("dated_at", UtcTime, nullable=False),  # when that version was published, or fetched where that is unknown
    Column("story_id", String(16), nullable=False),
    Column("copy_of", String(16)),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),  # since when its page is gone
    Column("source", SafeText),  # as of that version, like the two below: so that they can be counted quickly
    Column("language", SafeText),
    Column("agency", SafeText),
    Index("ix_article_dated_at_id", "dated_at", "id"),
    Index("ix_article_source_dated_at_id", "source", "dated_at", "id"),
    Index("ix_article_language_dated_at_id", "language", "dated_at", "id"),
    Index("ix_article_story_id", "story_id"),
    sqlite_autoincrement=True,  # a number is never given twice
)

version = Table(
    "version",
    metadata,
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1, in the order of their coming
    Column("capture_key", ForeignKey("capture.key"), nullable=False, index=True),
    Column("url", SafeText),
    Column("source", SafeText),
    Column("fetched_at", UtcTime, nullable=False),
    Column("content_hash", String(32), nullable=False),
    Column("title_hash", String(32), nullable=False),
    Column("norm_version", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("canonical_url", SafeText),
    Column("title", SafeText, nullable=False),
    Column("text", SafeText, nullable=False),
    Column("authors", Strings, nullable=False),
    Column("agency", SafeText),
    Column("dateline", SafeText),
    Column("published_at", UtcTime),
    Column("published_precision", String(6)),
    Column("published_origin", SafeText),
    Column("modified_at", UtcTime),
    Column("language", SafeText),
    Column("section", SafeText),
    Column("keywords", Strings, nullable=False),
    Column("image", SafeText),
    Column("access", SafeText),
    Column("flags", Strings, nullable=False),
    Column("published_zone", String(9)),  # the offset as it was stated
    Column("image_caption", SafeText),
    Column("image_credit", SafeText),
    Column("amp_url", SafeText),
    Column("origins", Origins),  # what each field came from
    Column("profile", String(64)),  # the sha256 of what was known of its site
    Column("cleaner", String(40)),  # which edition of the cleaner made it
    Column("came_by", String(9)),  # reprocess; None for a page as it came
    Column("change", String(10)),  # what it changed: see ``storage.changes``; None for the first, and for reprocess
    Column("changed_since", Integer),  # the version that it was compared with
    Column("words_added", Integer),
    Column("words_removed", Integer),
    Column("numbers_changed", Boolean),
    Column("names_changed", Boolean),
    Index("ix_version_content_hash_title_hash", "content_hash", "title_hash"),
)

removal = Table(  # apart from the version, so that reading texts stays light
    "removal",
    metadata,
    Column("article_id", String(16), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("blocks", SafeJson, nullable=False),  # the fields of ``Removed`` each; the last ones may lack
    ForeignKeyConstraint(["article_id", "number"], ["version.article_id", "version.number"], ondelete="CASCADE"),
)

address = Table(
    "address",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("identity", SafeText, nullable=False),
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(9), nullable=False),  # own, alias, duplicate, shared: see ``storage.duplicates``
)

sighting = Table(
    "sighting",
    metadata,
    Column("capture_key", ForeignKey("capture.key"), primary_key=True),
    Column("article_id", String(16), nullable=False),
    Column("number", Integer, nullable=False),  # the version that was seen
    Column("title", SafeText, nullable=False),
    Column("published_at", UtcTime),
    Column("outcome", String(9), nullable=False),
    ForeignKeyConstraint(["article_id", "number"], ["version.article_id", "version.number"], ondelete="CASCADE"),
    Index("ix_sighting_article_id_number", "article_id", "number"),
)

fate = Table(
    "fate",
    metadata,
    Column("id", count_type, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("origin", SafeText),
    Column("url", SafeText),
    Column("url_key", String(32), index=True),
    Column("outcome", String(9), nullable=False),
    Column("why", SafeText, nullable=False),
    Column("article_id", String(16), index=True),
    Column("capture_key", String(32)),
    Column("listing", Boolean),  # whether it was a place's page, not one that a place named
    Index("ix_fate_run_id_outcome", "run_id", "outcome"),
    Index("ix_fate_origin", "origin", postgresql_using="hash"),  # of any length
    sqlite_autoincrement=True,
)

pruned = Table(  # captures that were taken out, until their lines in the log and their bytes are gone too
    "pruned",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("sha256", String(64), nullable=False),
)

current = and_(version.c.article_id == article.c.id, version.c.number == article.c.current)
"""Joins an article with the version that stands for it."""


def articles(which: ColumnElement[bool] = current) -> Select[Any]:
    """The fields of ``ArchivedArticle``, in its order; what the view ``articles`` shows.

    which: joins an article with the versions to be read.
    """
    kept = version.c
    return select(
        article.c.id,
        kept.url,
        kept.canonical_url,
        kept.source,
        kept.title,
        kept.text,
        kept.authors,
        kept.agency,
        kept.dateline,
        kept.published_at,
        kept.published_precision,
        kept.modified_at,
        kept.language,
        kept.section,
        kept.keywords,
        kept.image,
        kept.access,
        kept.flags,
        kept.content_hash,
        kept.norm_version,
        kept.fetched_at,
        article.c.story_id,
        article.c.copy_of,
        kept.published_zone,
        kept.image_caption,
        kept.image_credit,
        kept.amp_url,
        kept.origins,
    ).select_from(article.join(version, which))


FIRST_SIGHTS = ("stored", "duplicate")
"""The outcomes of sightings that are the first at their address; the others were looked at again."""

sighted_at = func.coalesce(sighting.c.published_at, capture.c.fetched_at)
"""When a sighting is dated."""


def sightings() -> Select[Any]:
    """The fields of ``ArchivedArticle`` for each place that showed an article, as it stood there."""
    there = {
        "url": capture.c.url, "source": capture.c.source, "title": sighting.c.title,
        "published_at": sighting.c.published_at, "fetched_at": capture.c.fetched_at,
    }  # fmt: skip
    seen = and_(version.c.article_id == sighting.c.article_id, version.c.number == sighting.c.number)
    fields = [there.get(column.name, column) for column in articles().selected_columns]
    places = (
        sighting.join(article, article.c.id == sighting.c.article_id)
        .join(version, seen)
        .join(capture, capture.c.key == sighting.c.capture_key)
    )
    return select(*fields).select_from(places).where(sighting.c.outcome.in_(FIRST_SIGHTS))
