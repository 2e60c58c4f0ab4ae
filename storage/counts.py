"""Counts: how many articles answer a query, by hour, day, week, source, language or agency."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, func

from storage import schema
from storage.records import CountedBy, Query
from storage.search import tally

BY_TIME: tuple[CountedBy, ...] = ("hour", "day", "week")
"""What is in the order of time; the others come from the most to the fewest."""

_FORMS = {"day": ("%Y-%m-%d", "YYYY-MM-DD"), "hour": ("%Y-%m-%dT%H:00Z", 'YYYY-MM-DD"T"HH24":00Z"')}


@dataclass(frozen=True, slots=True)
class Count:
    """How many articles, or sightings, have one ``key``.

    key: a day ``2026-07-15`` in UTC, for a week its Monday, an hour ``2026-07-15T08:00Z``; or a source, language or
    agency, None where it is unknown.
    """

    key: str | None
    number: int


def counts(connection: Connection, query: Query, by: CountedBy) -> tuple[Count, ...]:
    """The counts of all that answers a query, its limit apart; they add up to ``Archive.count``.

    Hours, days and weeks in their order, those without an article left out; the others from the most to the fewest.
    """
    dialect = connection.dialect.name
    key = _key(query, by, dialect)
    found = tally(query, dialect, key, func.count(schema.article.c.seq))
    rows = connection.execute(found.group_by(key)).all()
    if by in ("hour", "day"):
        return tuple(sorted((Count(key, number) for key, number in rows), key=lambda count: count.key or ""))
    if by == "week":
        weeks: Counter[str] = Counter()
        for day, number in rows:
            weeks[_monday(day)] += number
        return tuple(Count(week, weeks[week]) for week in sorted(weeks))
    named = (Count(name, number) for name, number in rows)
    return tuple(sorted(named, key=lambda count: (-count.number, count.key is None, count.key or "")))


def _key(query: Query, by: CountedBy, dialect: str) -> ColumnElement[str | None]:
    by_place = query.by == "sighting"
    if by in BY_TIME:
        at = schema.sighted_at if by_place else schema.article.c.dated_at
        sqlite, postgresql = _FORMS["hour" if by == "hour" else "day"]
        return func.strftime(sqlite, at) if dialect == "sqlite" else func.to_char(func.timezone("UTC", at), postgresql)
    if by == "source" and by_place:
        return schema.capture.c.source
    return schema.version.c[by] if by_place else schema.article.c[by]


def _monday(day: str) -> str:
    at = date.fromisoformat(day)
    return (at - timedelta(days=at.weekday())).isoformat()  # 0001-01-01 was a Monday
