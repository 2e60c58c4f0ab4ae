"""Pulses: how each source did lately, folded from the fates of the crawl, each once and in their order.

The fold is pure (``Fold``): whoever only looks folds what is not folded yet in memory, whoever keeps it writes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import crawl_schema, health_schema, schema
from storage.database import Database
from storage.filing import is_second_look
from storage.frontier import NETWORK, Writing
from storage.leases import clock
from storage.profiles import site_of

KEPT_HOURS, KEPT_DAYS = 84 * 24, 400
FEW_WORDS = 50
"""Of an article: teasers and notices have fewer."""

_AT_ONCE = 2000  # fates of one transaction
_LATE = timedelta(days=3)  # after its publication: no usual look finds an article so late
_NEW = ("stored", "duplicate")
_READ = (*_NEW, "version", "unchanged")
_RECENT_RUNS = 5000

_fate, _run, _capture = schema.fate.c, schema.run.c, schema.capture.c
_sighting, _version = schema.sighting.c, schema.version.c
_pulse, _hour, _day = health_schema.pulse.c, health_schema.source_hour.c, health_schema.source_day.c
_link, _folded = crawl_schema.link.c, health_schema.folded.c


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a source did lately; see the table ``pulse``."""

    source: str
    listed_at: datetime | None = None
    article_at: datetime | None = None
    article_id: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    why: str | None = None
    missed: int = 0
    missing_since: datetime | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class SourceDay:
    """A day of a source, in UTC. seen: articles published on it; late: of those, how many came days later, as by a
    backfill. expected, least: None before its rhythm was known; fewer than ``least`` are a gap."""

    day: datetime
    seen: int
    late: int
    expected: float | None
    least: float | None

    @property
    def is_gap(self) -> bool:
        """Whether too few articles of it are there."""
        return self.least is not None and self.seen < self.least

    @property
    def is_filled(self) -> bool:
        """Whether it was a gap, before articles came late."""
        return self.least is not None and self.seen - self.late < self.least <= self.seen


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The runs of a source since one of its listings was read last: they ended, and brought nothing."""

    number: int
    since: datetime
    last: datetime


@dataclass
class Fold:
    """What some fates say. hours: (source, hour) to articles, missed, listed. days: (source, day) to seen, late."""

    pulses: dict[str, Pulse]
    upto: int = 0
    hours: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    days: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def take(self, row: Any) -> None:
        """A fate: id, at, listing, outcome, why, url, article_id, source, order, published_at, precision, words."""
        self.upto = row.id
        if row.source is None:
            return
        if is_second_look(row.order):
            if row.outcome in _NEW:
                self._seen(row, published(row))
            return
        pulse = self.pulses.get(row.source, Pulse(row.source))
        self.pulses[row.source] = self._listing(pulse, row) if row.listing else self._article(pulse, row)

    def _listing(self, pulse: Pulse, row: Any) -> Pulse:
        if row.outcome == "listed":
            self.hours[row.source, hour_of(row.at)][2] += 1
            listed_at = max(row.at, pulse.listed_at or row.at)
            return replace(pulse, listed_at=listed_at, failures=0, failing_since=None, failed_at=None, why=None)
        since = pulse.failing_since or row.at
        why = row.why[:500]
        return replace(pulse, failures=pulse.failures + 1, failing_since=since, failed_at=row.at, why=why)

    def _article(self, pulse: Pulse, row: Any) -> Pulse:
        if row.outcome in _READ and (row.words is None or row.words >= FEW_WORDS):
            pulse = replace(pulse, missed=0, missing_since=None, site=site_of(row.url) or pulse.site)
            if row.outcome not in _NEW:
                return pulse
            at = published(row)
            self.hours[row.source, hour_of(at)][0] += 1
            self._seen(row, at)
            if pulse.article_at is None or at >= pulse.article_at:
                pulse = replace(pulse, article_at=at, article_id=row.article_id)
            return pulse
        if row.outcome == "outside" or row.why.startswith(NETWORK):
            return pulse
        self.hours[row.source, hour_of(row.at)][1] += 1
        return replace(
            pulse, missed=pulse.missed + 1, missing_since=pulse.missing_since or row.at,
            site=site_of(row.url) or pulse.site,
        )  # fmt: skip

    def _seen(self, row: Any, at: datetime) -> None:
        day = self.days[row.source, hour_of(at) // 24]
        day[0] += 1
        day[1] += row.at - at > _LATE


def hour_of(at: datetime) -> int:
    """The number of the hour that a moment is in, since 1970."""
    return int(at.timestamp() // 3600)


def published(row: Any) -> datetime:
    """When an article came out: as it says, if it says so to the minute and not of the future."""
    at: datetime = row.at
    stated: datetime | None = row.published_at
    if stated is None or stated > at:
        return at
    if row.precision == "day":
        return at if stated.date() == at.date() else datetime.combine(stated.date(), time(12), UTC)
    return stated


class Pulses:
    """How the sources of an archive do. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def fold(self) -> int:
        """Fold the fates that have come since it was done last; how many there were. Any number may do so at once."""
        number = 0
        while True:
            with self._database.reading() as connection:
                if not _behind(connection):
                    return number
            with self._writing() as connection:
                fold, taken = _folded_in(connection, _AT_ONCE)
                _write(connection, fold)
                number += taken

    def look(self) -> Fold:
        """The pulses as they are, with what is not folded yet; nothing is written. hours, days: of the latter alone."""
        with self._database.reading() as connection:
            return _folded_in(connection, None)[0]

    def hours(self, since: int) -> Mapping[str, list[tuple[int, int, int, int]]]:
        """Of each source, its hours from that one on, in order: hour, articles, missed, listed."""
        asked = select(_hour.source, _hour.hour, _hour.articles, _hour.missed, _hour.listed)
        found: dict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(asked.where(_hour.hour >= since).order_by(_hour.source, _hour.hour)):
                found[row.source].append((row.hour, row.articles, row.missed, row.listed))
        return found

    def days(self, source: str, since: datetime | None = None, until: datetime | None = None) -> tuple[SourceDay, ...]:
        """The gap ledger of a source, oldest day first."""
        asked = select(_day.day, _day.seen, _day.late, _day.expected, _day.least).where(_day.source == source)
        if since is not None:
            asked = asked.where(_day.day >= hour_of(since) // 24)
        if until is not None:
            asked = asked.where(_day.day < -(-hour_of(until) // 24))
        with self._database.reading() as connection:
            return tuple(
                SourceDay(datetime.fromtimestamp(row.day * 86400, UTC), row.seen, row.late, row.expected, row.least)
                for row in connection.execute(asked.order_by(_day.day))
            )

    def gaps(self, since: date) -> Mapping[str, tuple[date, ...]]:
        """Of each source, the days since then that are gaps, in order; a source without any is left out."""
        first = (since - date(1970, 1, 1)).days
        asked = select(_day.source, _day.day).where(_day.day >= first, _day.seen < _day.least)
        found: dict[str, list[date]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(asked.order_by(_day.source, _day.day)):
                found[row.source].append(date(1970, 1, 1) + timedelta(days=row.day))
        return {source: tuple(days) for source, days in found.items()}

    def expect(self, expected: Mapping[tuple[str, int], tuple[float, float]]) -> None:
        """Enter what was expected of days (since 1970), and the least of it that is no gap; not where that is known."""
        rows = [
            {"source": source, "day": day, "seen": 0, "late": 0, "expected": most, "least": least}
            for (source, day), (most, least) in expected.items()
        ]
        if rows:
            with self._writing() as connection:
                _upsert(connection, health_schema.source_day, rows, (), (), ("expected", "least"))

    def unanswered(self) -> Mapping[str, Unanswered]:
        """Of each source, the runs that ended since a listing was read last; a source without any is left out."""
        with self._database.reading() as connection:
            recent = (connection.scalar(select(func.max(_run.id))) or 0) - _RECENT_RUNS
            rows = connection.execute(
                select(_run.source, func.count(), func.min(_run.started_at), func.max(_run.finished_at))
                .join(health_schema.pulse, _pulse.source == _run.source)
                .where(
                    _run.id > recent, _run.kind == "crawl", _run.slot.is_not(None), _run.finished_at.is_not(None),
                    _run.started_at > _pulse.listed_at,
                )
                .group_by(_run.source)
            )  # fmt: skip
            return {row[0]: Unanswered(row[1], row[2], row[3]) for row in rows}

    def waiting(self, source: str) -> str | None:
        """Why a listing of a source waits, if one does."""
        asked = select(_link.why).where(
            _link.source == source, _link.kind != "article", _link.state != "done", _link.why.is_not(None)
        )
        with self._database.reading() as connection:
            return connection.scalar(asked.limit(1))


def _behind(connection: Connection) -> bool:
    upto = connection.scalar(select(_folded.fate_id)) or 0
    return connection.execute(select(_fate.id).where(_fate.id > upto).limit(1)).first() is not None


def _folded_in(connection: Connection, limit: int | None) -> tuple[Fold, int]:
    """The pulses with the fates that are not in them yet, up to so many; how many those were."""
    names = [_pulse[name] for name in Pulse.__dataclass_fields__]
    pulses = {row.source: Pulse(*row) for row in connection.execute(select(*names))}
    fold = Fold(pulses, connection.scalar(select(_folded.fate_id)) or 0)
    asked = (
        select(
            _fate.id, _fate.at, _fate.listing, _fate.outcome, _fate.why, _fate.url, _fate.article_id,
            func.coalesce(_run.source, _capture.source).label("source"), _run.order, _sighting.published_at,
            _version.published_precision.label("precision"), _version.words,
        )
        .join(schema.run, _run.id == _fate.run_id)
        .outerjoin(schema.capture, _capture.key == _fate.capture_key)
        .outerjoin(schema.sighting, _sighting.capture_key == _fate.capture_key)
        .outerjoin(
            schema.version, and_(_version.article_id == _sighting.article_id, _version.number == _sighting.number)
        )
        .where(_fate.id > fold.upto, _run.kind == "crawl")
        .order_by(_fate.id)
        .limit(limit)
    )  # fmt: skip
    taken = 0
    for taken, row in enumerate(connection.execute(asked), start=1):  # noqa: B007  (returned)
        fold.take(row)
    if not taken:  # what is left is of no crawl
        fold.upto = connection.scalar(select(func.max(_fate.id))) or fold.upto
    return fold, taken


def _write(connection: Connection, fold: Fold) -> None:
    now = clock(connection)
    first_hour, first_day = hour_of(now) - KEPT_HOURS, hour_of(now) // 24 - KEPT_DAYS
    _upsert(connection, health_schema.pulse, [asdict(pulse) for pulse in fold.pulses.values()], (), _FIELDS)
    hours = [
        {"source": source, "hour": hour, "articles": told[0], "missed": told[1], "listed": told[2]}
        for (source, hour), told in fold.hours.items()
        if hour >= first_hour
    ]
    _upsert(connection, health_schema.source_hour, hours, ("articles", "missed", "listed"), ())
    days = [
        {"source": source, "day": day, "seen": told[0], "late": told[1]}
        for (source, day), told in fold.days.items()
        if day >= first_day
    ]
    _upsert(connection, health_schema.source_day, days, ("seen", "late"), ())
    _upsert(connection, health_schema.folded, [{"one": 1, "fate_id": fold.upto, "at": now}], (), ("fate_id", "at"))
    connection.execute(delete(health_schema.source_hour).where(_hour.hour < first_hour))
    connection.execute(delete(health_schema.source_day).where(_day.day < first_day))


_FIELDS = tuple(name for name in Pulse.__dataclass_fields__ if name != "source")


def _upsert(
    connection: Connection, table: Table, rows: list[dict[str, Any]], added: tuple[str, ...], replaced: tuple[str, ...],
    filled: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Enter rows; of those that are there, columns are added to, replaced, or filled where they are empty."""
    if not rows:
        return
    dialect_insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    upsert = dialect_insert(table)
    changed: dict[str, Any] = {name: table.c[name] + upsert.excluded[name] for name in added}
    changed |= {name: upsert.excluded[name] for name in replaced}
    changed |= {name: func.coalesce(table.c[name], upsert.excluded[name]) for name in filled}
    connection.execute(upsert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed), rows)
