"""What the archive says of itself: how much it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

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
    articles, versions, sightings, captures = numbers(connection)
    sources = connection.execute(
        select(_capture.source, func.count().label("captures"), func.max(_capture.fetched_at))
        .group_by(_capture.source)
        .order_by(func.count().desc(), _capture.source)
    )
    return Statistics(
        articles, versions, sightings, captures, captured_bytes(connection),
        tuple(SourceCount(*row) for row in sources),
    )  # fmt: skip


def numbers(connection: Connection) -> tuple[int, int, int, int]:
    """How many articles, versions, sightings and captures there are: quick, for an index has them."""
    articles, versions, sightings, captures = (
        connection.scalar(select(func.count()).select_from(counted)) or 0
        for counted in (schema.article, schema.version, schema.sighting, schema.capture)
    )
    return articles, versions, sightings, captures


def captured_bytes(connection: Connection) -> int:
    """How much was fetched, each capture counted: reads every one of them."""
    return connection.scalar(select(func.coalesce(func.sum(_capture.size), 0))) or 0
