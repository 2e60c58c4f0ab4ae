"""Counts: how many articles answer a query, by day, week, source, language or agency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, func, select, type_coerce

from storage import schema
from storage.facets import beginning_of, day_of, facets
from storage.records import CountedBy, Query
from storage.search import Asked, tallied


@dataclass(frozen=True, slots=True)
class Count:
    """How many articles, or sightings, have one ``key``.

    key: a day ``2026-07-15`` in UTC, for a week its Monday; or a source, language or agency, None where it is unknown.
    """

    key: str | None
    number: int


def counts(connection: Connection, query: Query, by: CountedBy) -> tuple[Count, ...]:
    """The counts of all that answers a query, its limit apart; they add up to ``Archive.count``.

    Days and weeks in their order, those without an article left out; the others from the most to the fewest.
    """
    asked = Asked.of(query, connection.dialect.name)
    if by in {"day", "week"}:
        numbers: Counter[date] = Counter()
        for day, number in _days(connection, asked.to_count()):
            numbers[day if by == "day" else day - timedelta(days=day.weekday())] += number
        return tuple(Count(day.isoformat(), numbers[day]) for day in sorted(numbers))
    if asked.words.required:
        asked = asked.to_count()
    key = _key(asked, by)
    rows = connection.execute(tallied(asked, key, asked.number).group_by(key))
    named = (Count(name, number) for name, number in rows)
    return tuple(sorted(named, key=lambda count: (-count.number, count.key is None, count.key or "")))


def _days(connection: Connection, asked: Asked) -> Iterator[tuple[date, int]]:
    """Each day, and how many hits are dated on it."""
    if asked.table is facets:
        rows = connection.execute(_by_day(asked))
        return ((beginning_of(24 * day).date(), hits) for day, hits in rows)
    at = asked.dated_at
    text = func.date(at) if asked.dialect == "sqlite" else func.to_char(func.timezone("UTC", at), "YYYY-MM-DD")
    rows = connection.execute(tallied(asked, text, asked.number).group_by(text))
    return ((date.fromisoformat(day), hits) for day, hits in rows)


def _by_day(asked: Asked) -> Select[Any]:
    """The number of each day since the year 1, and of its hits, by the facets."""
    hour = type_coerce(facets.c.dated_at, Integer)
    if asked.words.required:
        return tallied(asked, day_of(hour), asked.number).group_by(day_of(hour))
    hours = tallied(asked, hour.label("hour"), asked.number.label("hits")).group_by(hour).subquery().c
    by_day: list[ColumnElement[Any]] = [day_of(hours.hour), func.sum(hours.hits)]
    return select(*by_day).group_by(by_day[0])  # an index has the hours in their order


def _key(asked: Asked, by: CountedBy) -> ColumnElement[str | None]:
    if by == "source" and asked.by_place:
        return schema.capture.c.source
    return schema.version.c[by] if asked.by_place else asked.table.c[by]
