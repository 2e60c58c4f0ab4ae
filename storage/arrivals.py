"""Arrivals: how many new articles a source named, by the hour. What is learned of its rhythm, and of gaps in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import crawl_schema
from storage.times import hour_of

_arrival, _pace = crawl_schema.arrival.c, crawl_schema.pace.c
_FIRST_LOOK = timedelta(minutes=30)  # at all the listings of a source
_LATE = timedelta(days=7)  # what is named later than this after its publication says nothing of when articles come


def note(connection: Connection, source: str, dates: Sequence[datetime | None], now: datetime) -> None:
    """Count articles that a source names for the first time, in the hours in which they were published.

    dates: as the source states them. Those without a time of day, or in the future, count now; not at the first look
    at a source, where they have gathered for longer than anyone knows.
    """
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    connection.execute(insert(crawl_schema.pace).values(source=source, since=now, credit=0.0).on_conflict_do_nothing())
    since = connection.execute(select(_pace.since).where(_pace.source == source)).scalar_one()
    is_first = now - since < _FIRST_LOOK
    came: Counter[int] = Counter()
    for stated in dates:
        if stated is None or stated > now or stated.time() == time():
            if not is_first:
                came[hour_of(now)] += 1
        elif now - stated <= _LATE:
            came[hour_of(stated)] += 1
    if came:
        upsert = insert(crawl_schema.arrival)
        connection.execute(
            upsert.on_conflict_do_update(
                index_elements=["source", "hour"], set_={"number": _arrival.number + upsert.excluded.number}
            ),
            [{"source": source, "hour": hour, "number": number} for hour, number in sorted(came.items())],
        )
