"""What the archive says of itself: how much it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from storage import schema

_capture = schema.capture.c


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


def _count(connection: Connection, counted: Table) -> int:
    return connection.scalar(select(func.count()).select_from(counted)) or 0
