"""What the archive says of itself: what it holds, and what of it is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Connection,
    Table,
    column,
    exists,
    func,
    not_,
    or_,
    select,
    table,
    union,
)

from storage import profile_schema, schema
from storage.blobs import Blobs
from storage.errors import Damaged, NotFound

_centre = schema.article.alias("centre").c
_article, _version, _sighting, _capture = schema.article.c, schema.version.c, schema.sighting.c, schema.capture.c


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was kept. subject: a blob's sha256, an article's id, or the database."""

    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class SourceCount:
    """One source of the archive; None for pages that named none. last_seen_at: of its newest capture."""

    source: str | None
    captures: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much the archive holds. captured_bytes: as fetched, each capture counted."""

    articles: int
    versions: int
    sightings: int
    captures: int
    captured_bytes: int
    sources: tuple[SourceCount, ...]


def statistics(connection: Connection) -> Statistics:
    """Count everything; sources with the most captures first."""
    captures, captured = connection.execute(
        select(func.count(), func.coalesce(func.sum(_capture.size), 0)).select_from(schema.capture)
    ).one()
    sources = connection.execute(
        select(_capture.source, func.count().label("captures"), func.max(_capture.fetched_at))
        .group_by(_capture.source)
        .order_by(func.count().desc(), _capture.source)
    )
    return Statistics(
        articles=_count(connection, schema.article),
        versions=_count(connection, schema.version),
        sightings=_count(connection, schema.sighting),
        captures=captures,
        captured_bytes=captured,
        sources=tuple(SourceCount(*row) for row in sources),
    )


def damages(connection: Connection, blobs: Blobs) -> Iterator[Damage]:
    """Read every kept body and check every article; blobs that nothing names are no damage."""
    yield from _damaged_tables(connection)
    named = union(
        select(_capture.sha256),
        select(_capture.profile).where(_capture.profile.is_not(None)),
        select(_version.profile).where(_version.profile.is_not(None)),
        select(profile_schema.profile.c.sha256),
    ).subquery()
    for sha256 in connection.execution_options(yield_per=500).scalars(select(named.c.sha256).order_by(named.c.sha256)):
        try:
            blobs.get(sha256)
        except (Damaged, NotFound) as error:
            yield Damage(sha256, str(error))


def _damaged_tables(connection: Connection) -> Iterator[Damage]:
    if connection.dialect.name == "sqlite":
        for finding in connection.exec_driver_sql("PRAGMA integrity_check").scalars():
            if finding != "ok":
                yield Damage("database", finding)
    indexed = table("article_words", column("rowid" if connection.dialect.name == "sqlite" else "seq"))
    lacking = {
        "has no current version": exists().where(
            _version.article_id == _article.id, _version.number == _article.current
        ),
        "has no sighting": exists().where(_sighting.article_id == _article.id),
        "has no search entry": _article.seq.in_(select(*indexed.c)),
        "is a copy of none that its story stands around": or_(
            _article.copy_of.is_(None),
            exists().where(
                _centre.id == _article.copy_of, _centre.story_id == _article.story_id, _centre.copy_of.is_(None)
            ),
        ),
    }
    for what, there in lacking.items():
        for article_id in connection.scalars(select(_article.id).where(not_(there)).order_by(_article.seq)):
            yield Damage(article_id, f"the article {what}")


def _count(connection: Connection, counted: Table) -> int:
    return connection.scalar(select(func.count()).select_from(counted)) or 0
