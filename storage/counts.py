"""Counts: how many articles answer a query, by day, week, source, language or agency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, func

from storage import schema
from storage.facets import beginning_of, facets, span
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
        for day, number in _days(connection, asked):
            numbers[day if by == "day" else day - timedelta(days=day.weekday())] += number
        return tuple(Count(day.isoformat(), numbers[day]) for day in sorted(numbers))
    if asked.words.required:  # without words an index of the articles has them in the order of what they are counted by
        asked = asked.to_count()
    key = _key(asked, by)
    named = [
        Count(name, number) for name, number in connection.execute(tallied(asked, key, asked.number).group_by(key))
    ]
    return tuple(sorted(named, key=lambda count: (-count.number, count.key is None, count.key or "")))


def _days(connection: Connection, asked: Asked) -> Iterator[tuple[date, int]]:
    """Days, some more than once, and how many hits are dated on each."""
    asked = asked.to_count()
    if asked.table is facets:
        hours = 24 if asked.words.required else 1  # all the hours there are come in the order of an index
        key = span(hours)
        for number, hits in connection.execute(tallied(asked, key, asked.number).group_by(key)):
            yield beginning_of(number, hours).date(), hits
    else:
        at = asked.dated_at
        text = func.date(at) if asked.dialect == "sqlite" else func.to_char(func.timezone("UTC", at), "YYYY-MM-DD")
        for day, hits in connection.execute(tallied(asked, text, asked.number).group_by(text)):
            yield date.fromisoformat(day), hits


def _key(asked: Asked, by: CountedBy) -> ColumnElement[str | None]:
    if by == "source" and asked.by_place:
        return schema.capture.c.source
    return schema.version.c[by] if asked.by_place else asked.table.c[by]
