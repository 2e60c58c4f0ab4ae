"""Counts: how many articles answer a query, by hour, day, week, source, language or agency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, func, select, type_coerce

from storage import schema
from storage.facets import beginning_of, facets, hour_of
from storage.records import CountedBy, Query
from storage.search import Asked, tallied

BY_TIME: tuple[CountedBy, ...] = ("hour", "day", "week")
"""What is in the order of time; the others come from the most to the fewest."""

_HOURS = {"hour": 1, "day": 24, "week": 7 * 24}


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
    asked = Asked.of(query, connection.dialect.name)
    if by in _HOURS:
        numbers: Counter[int] = Counter()
        for hour, number in _hours(connection, asked.by_facets(), _HOURS[by]):
            numbers[hour // _HOURS[by]] += number  # the year 1 began on a Monday
        return tuple(Count(_said(span * _HOURS[by], by), numbers[span]) for span in sorted(numbers))
    if asked.words.required:  # without words, indexes of the articles have them in the order of what is counted
        asked = asked.by_facets()
    key = _key(asked, by)
    rows = connection.execute(tallied(asked, key, asked.number).group_by(key))
    named = (Count(name, number) for name, number in rows)
    return tuple(sorted(named, key=lambda count: (-count.number, count.key is None, count.key or "")))


def _hours(connection: Connection, asked: Asked, at_once: int) -> Iterator[tuple[int, int]]:
    """Hours since the year 1, ``at_once`` of them under the first of them, and how many hits are dated in them."""
    if asked.table is facets:
        for span, hits in connection.execute(_by_span(asked, at_once)):
            yield span * at_once, hits
        return
    at = asked.dated_at
    if asked.dialect == "sqlite":
        text = func.strftime("%Y-%m-%d %H:00+00:00" if at_once == 1 else "%Y-%m-%d 00:00+00:00", at)
    else:
        text = func.to_char(func.timezone("UTC", at), f"YYYY-MM-DD {'HH24' if at_once == 1 else '00'}:00+00:00")
    for moment, hits in connection.execute(tallied(asked, text, asked.number).group_by(text)):
        yield hour_of(datetime.fromisoformat(moment)), hits


def _by_span(asked: Asked, hours: int) -> Select[Any]:
    """The number of each span of so many hours since the year 1, and of its hits, by the facets."""
    hour = type_coerce(facets.c.dated_at, Integer)
    if asked.words.required:
        return tallied(asked, hour // hours, asked.number).group_by(hour // hours)
    each = tallied(asked, hour.label("hour"), asked.number.label("hits")).group_by(hour).subquery().c
    spans: list[ColumnElement[Any]] = [each.hour // hours, func.sum(each.hits)]
    return select(*spans).group_by(spans[0])  # an index has the hours in their order


def _said(hour: int, by: CountedBy) -> str:
    at = beginning_of(hour).isoformat(timespec="minutes")
    return at.replace("+00:00", "Z") if by == "hour" else at[: len("2026-07-15")]


def _key(asked: Asked, by: CountedBy) -> ColumnElement[str | None]:
    if by == "source" and asked.by_place:
        return schema.capture.c.source
    return schema.version.c[by] if asked.by_place else asked.table.c[by]
