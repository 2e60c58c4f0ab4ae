"""Paces: what the archive knows of when a source is to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import crawl_schema
from storage.database import Database
from storage.frontier import Writing
from storage.links import LONG_AGO, Named, PaceRecord
from storage.naming import link_key
from storage.rechecks import due
from storage.times import hour_of
from storage.url_key import host_of

_pace, _arrival = crawl_schema.pace.c, crawl_schema.arrival.c
_link, _host = crawl_schema.link.c, crawl_schema.host.c
_RECORD = [_pace[name] for name in PaceRecord.__dataclass_fields__]


class Paces:
    """The rhythms of sources, and the slots that are due next. For one thread; every method may raise
    ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def all(self) -> Mapping[str, PaceRecord]:
        """What is known, by source."""
        with self._database.reading() as connection:
            return {row.source: _record(row) for row in connection.execute(select(*_RECORD))}

    def get(self, source: str) -> PaceRecord | None:
        """What is known of a source; None for nothing."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_RECORD).where(_pace.source == source)).one_or_none()
            return None if row is None else _record(row)

    def planned(self) -> Mapping[str, datetime]:
        """Which slot is due next of each source whose pace decides that."""
        asked = select(_pace.source, _pace.next_at).where(_pace.next_at.is_not(None))
        with self._database.reading() as connection:
            return {row.source: row.next_at for row in connection.execute(asked)}

    def arrivals(self, source: str, since: datetime) -> Mapping[int, int]:
        """How many new articles came from a source in each hour since then; see ``storage.times.hour_of``."""
        with self._database.reading() as connection:
            asked = select(_arrival.hour, _arrival.number)
            rows = connection.execute(asked.where(_arrival.source == source, _arrival.hour >= hour_of(since)))
            return {row.hour: row.number for row in rows}

    def keep_rhythm(self, source: str, rhythm: Sequence[float], now: datetime, forgotten: datetime) -> None:
        """Keep what was learned of a source. forgotten: arrivals before that are no longer needed."""
        with self._writing() as connection:
            connection.execute(
                delete(crawl_schema.arrival).where(_arrival.source == source, _arrival.hour < hour_of(forgotten))
            )
            rounded = [round(number, 5) for number in rhythm]
            connection.execute(
                update(crawl_schema.pace).where(_pace.source == source).values(rhythm=rounded, learned_at=now)
            )

    def plan(self, source: str, now: datetime, next_at: datetime | None, credit: float) -> None:
        """Note which slot is due next, None where the pace does not decide it, and what may be looked at again."""
        with self._writing() as connection:
            insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
            values = {"next_at": next_at, "credit": credit}
            connection.execute(
                insert(crawl_schema.pace)
                .values(source=source, since=now, **values)
                .on_conflict_do_update(index_elements=["source"], set_=values)
            )

    def free_at(self, source: str, listings: Sequence[Named]) -> tuple[datetime, ...]:
        """From when on each of a source's listings may be asked: by its own words, and by those of its host."""
        times = {}
        with self._database.reading() as connection:
            for each in listings:
                key = link_key(each.kind, each.url, source)
                asked = select(_later(_link.ask_at, _host.not_before)).select_from(
                    crawl_schema.host.outerjoin(crawl_schema.link, _link.key == key)
                )
                times[each] = connection.scalar(asked.where(_host.name == host_of(each.url))) or LONG_AGO
        return tuple(times[each] for each in listings)

    def rechecks(self, source: str, limit: int, now: datetime) -> tuple[Named, ...]:
        """Known articles of a source that are due to be looked at again, some of them."""
        with self._database.reading() as connection:
            return due(connection, source, limit, now)


def _later(asked: ColumnElement[datetime], rests: ColumnElement[datetime]) -> ColumnElement[datetime]:
    later = func.coalesce(asked, LONG_AGO, type_=rests.type)
    return case((later > rests, later), else_=rests)


def _record(row: Row[Any]) -> PaceRecord:
    rhythm = row.rhythm and tuple(row.rhythm)
    return PaceRecord(row.source, row.since, rhythm, row.learned_at, row.next_at, row.credit)
