"""Overview: what pages show around the articles. Each look is bounded: by rows, by an index, or by time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import TypeVar

from sqlalchemy import CTE, ColumnElement, Connection, Integer, String, column, exists, func, or_, select, true, values

from storage import crawl_schema, inspection, ledger, schema, search
from storage.columns import UtcTime
from storage.counts import Count, counts
from storage.database import Database
from storage.errors import OutOfTime
from storage.records import CountedBy, Fate, FateOutcome, Query, Run
from storage.spread import FirstSights, first_sights
from storage.url_key import host_of

MOST_SPANS = 400
"""Of which it is asked at once whether they are covered."""

_LOOKED_AT = 500  # addresses of a host among which the nearest are sought
_article, _version, _capture = schema.article.c, schema.version.c, schema.capture.c
_run, _fate, _link, _source = schema.run.c, schema.fate.c, crawl_schema.link.c, crawl_schema.source.c

T = TypeVar("T")
Span = tuple[datetime, datetime]
"""From, inclusive, and until, exclusive."""


class Overview:
    """What is around the articles of an archive. It may be asked in any thread. Raises ArchiveUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, query: Query, seconds: float) -> int | None:
        """How many articles answer a query, whatever its limit; None where counting takes longer than that."""
        return self._within(
            seconds,
            lambda connection: connection.scalar(search.number_of_hits(query, connection.dialect.name)) or 0,
        )

    def counts(self, query: Query, by: CountedBy, seconds: float) -> tuple[Count, ...] | None:
        """As ``Archive.counts``; None where counting takes longer than that."""
        return self._within(seconds, lambda connection: counts(connection, query, by))

    def numbers(self, seconds: float) -> tuple[int, int, int, int] | None:
        """How many articles, versions, sightings and captures there are; None where counting takes longer than that."""
        return self._within(seconds, inspection.numbers)

    def newest(self, sources: Sequence[str]) -> Mapping[str, datetime]:
        """Of when the newest article of each of these sources is; those without one left out. At most 400: each is
        looked up in an index."""
        if not sources:
            return {}
        named = values(column("name", String)).data([(name,) for name in sources[:MOST_SPANS]]).cte("named")
        last = select(func.max(_article.dated_at)).where(_article.source == named.c.name).scalar_subquery()
        with self._database.reading() as connection:
            rows = connection.execute(select(named.c.name, last.label("at"))).all()
        return {row.name: row.at for row in rows if row.at}

    def captured_bytes(self, seconds: float) -> int | None:
        """How much was fetched in all; None where adding it up takes longer than that."""
        return self._within(seconds, inspection.captured_bytes)

    def covered(self, spans: Sequence[Span], source: str | None = None) -> tuple[bool, ...]:
        """Of each span, whether anything was captured in it (by a source), or an article is dated there.

        At most 400 spans: each is looked up in an index.
        """
        if not spans:
            return ()
        span = _spans(spans)
        asked = select(span.c.at).where(_is_covered(span.c.start, span.c.until, source))
        with self._database.reading() as connection:
            found = set(connection.scalars(asked))
        return tuple(at in found for at in range(len(spans)))

    def volumes(self, since: date, until: date, source: str | None = None) -> Mapping[str, Mapping[date, int]]:
        """How many articles of each known source, or of one, are dated on each of these days; those without any left
        out.

        At most 400 days: each is counted in an index, source by source.
        """
        days = [since + timedelta(days=at) for at in range((until - since).days)]
        day = _spans([(_midnight(each), _midnight(each + timedelta(days=1))) for each in days])
        number = (
            select(func.count())
            .where(_article.source == _source.name, _article.dated_at >= day.c.start, _article.dated_at < day.c.until)
            .scalar_subquery()
        )
        asked = select(_source.name, day.c.at, number.label("number")).join_from(crawl_schema.source, day, true())
        found: dict[str, dict[date, int]] = defaultdict(dict)
        with self._database.reading() as connection:
            for row in connection.execute(asked if source is None else asked.where(_source.name == source)):
                if row.number:
                    found[row.name][days[row.at]] = row.number
        return found

    def sights(self, stories: Sequence[str]) -> Mapping[str, FirstSights]:
        """In how many outlets, and at how many addresses, each story was seen."""
        with self._database.reading() as connection:
            return first_sights(connection, stories)

    def member(self, story: str) -> str | None:
        """The article in the centre of a story of exactly that id; None where there is no such story."""
        of_story = select(_article.id).where(_article.story_id == story)
        asked = of_story.order_by(_article.copy_of.is_not(None), _article.seq)
        with self._database.reading() as connection:
            found: str | None = connection.scalar(asked.limit(1))
            return found

    def runs(
        self, limit: int, *, source: str | None = None, before: int | None = None, failing: bool = False
    ) -> tuple[Run, ...]:
        """The latest runs, newest first. before: those with a lower number. failing: that something failed in."""
        asked = select(_run.id).order_by(_run.id.desc()).limit(limit)
        if source is not None:
            asked = asked.where(_run.source == source)
        if before is not None:
            asked = asked.where(_run.id < before)
        if failing:
            asked = asked.where(exists().where(_fate.run_id == _run.id, _fate.outcome.in_(ledger.BAD)))
        with self._database.reading() as connection:
            return ledger.runs_of(connection, connection.scalars(asked).all())

    def last_runs(self) -> Mapping[str, Run]:
        """The latest run of each known source that has one: each is looked up in an index."""
        last = select(func.max(_run.id)).where(_run.source == _source.name).scalar_subquery()
        with self._database.reading() as connection:
            numbers = [number for number in connection.scalars(select(last).select_from(crawl_schema.source)) if number]
            found = ledger.runs_of(connection, numbers)
        return {run.source: run for run in found if run.source is not None}

    def causes(self, runs: Sequence[int]) -> Mapping[int, tuple[tuple[str, int], ...]]:
        """Why things failed in runs, and how many each time, the most frequent cause first."""
        asked = (
            select(_fate.run_id, _fate.why, func.count().label("number"))
            .where(_fate.run_id.in_(runs), _fate.outcome.in_(ledger.BAD))
            .group_by(_fate.run_id, _fate.why)
            .order_by(func.count().desc(), _fate.why)
        )
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(asked):
                found[row.run_id].append((row.why, row.number))
        return {run: tuple(causes) for run, causes in found.items()}

    def inputs(
        self, run: int, outcome: FateOutcome, limit: int, after: int | None = None
    ) -> tuple[tuple[Fate, ...], int | None]:
        """What had that outcome in a run, latest first, or waits; and what ``after`` takes for more (None: the end)."""
        with self._database.reading() as connection:
            if outcome == "pending":
                found = ledger.waiting(connection, run, limit + 1, after or 0)
            else:
                asked = ledger.inputs(run, outcome).limit(limit + 1)
                rows = connection.execute(asked if after is None else asked.where(_fate.id < after))
                found = tuple((row[0], Fate(*row[1:])) for row in rows)
        if len(found) <= limit:
            return tuple(fate for _, fate in found), None
        shown = [(number, fate) for number, fate in found[:limit] if number != found[limit][0]]
        return tuple(fate for _, fate in shown), shown[-1][0]

    def dated(self) -> tuple[datetime, datetime] | None:
        """Of when the oldest and the newest articles are; None where there is none."""
        with self._database.reading() as connection:
            first, last = (connection.scalar(select(each(_article.dated_at))) for each in (func.min, func.max))
        return (first, last) if first and last else None

    def withdrawn_at(self, article_id: str) -> datetime | None:
        """Since when the page of an article is gone; None where it is not."""
        with self._database.reading() as connection:
            found: datetime | None = connection.scalar(select(_article.withdrawn_at).where(_article.id == article_id))
            return found

    def nearest(self, url: str, limit: int) -> tuple[str, ...]:
        """Known addresses of the same host that begin most like ``url``, of the 500 that were named last."""
        host = host_of(url)
        asked = select(_link.url).where(_link.host == host, _link.kind == "article")
        with self._database.reading() as connection:
            known = connection.scalars(asked.order_by(_link.priority.desc()).limit(_LOOKED_AT)).all()
        return tuple(sorted(known, key=lambda each: (-_common(each, url), each))[:limit])

    def _within(self, seconds: float, look: Callable[[Connection], T]) -> T | None:
        try:
            with self._database.within(seconds) as connection:
                return look(connection)
        except OutOfTime:
            return None


def _spans(spans: Sequence[Span]) -> CTE:
    """A table of spans, with the place of each."""
    if len(spans) > MOST_SPANS:
        raise ValueError(f"{len(spans)} spans: at most {MOST_SPANS} are looked up at once")
    rows = [(at, start, until) for at, (start, until) in enumerate(spans)]
    return values(column("at", Integer), column("start", UtcTime), column("until", UtcTime)).data(rows).cte("span")


def _is_covered(
    start: ColumnElement[datetime], until: ColumnElement[datetime], source: str | None
) -> ColumnElement[bool]:
    captured = [_capture.fetched_at >= start, _capture.fetched_at < until]
    dated = [_article.dated_at >= start, _article.dated_at < until]
    if source is not None:
        captured.append(_capture.source == source)
        dated += [schema.current, _version.source == source]
    return or_(exists().where(*captured), exists().where(*dated))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _common(one: str, other: str) -> int:
    """With how many characters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
