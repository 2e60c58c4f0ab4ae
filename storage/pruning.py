"""Pruning: what has grown old and tells nothing that the rest does not tell, taken out by rule.

    ledger      looks that found what was known: ``storage.repeats``
    refetches   pages that showed what they had shown: ``storage.refetches``
    changes     changes of an article that a later one of the same kind follows
    notices     what watches have told
    hours       arrivals that no rhythm is learned from any more; keys of requests that are void
    logs        many logs of a day that is over, joined in one

Each step is a transaction of a few thousand rows: others write in between, and a kill costs nothing but that step.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Literal, get_args

import numpy as np
from sqlalchemy import Connection, Table, and_, delete, exists, func, select, update

from storage import crawl_schema, reader_schema, refetches, repeats, schema
from storage.blobs import Blobs
from storage.captures import Capture
from storage.captures_log import LARGEST_LOG, is_whole, read_entry
from storage.database import Database
from storage.errors import NotFound
from storage.pulses import KEPT_HOURS, Pulses
from storage.requests import KEPT
from storage.times import hour_of
from storage.tray import capture_key

Rule = Literal["ledger", "refetches", "changes", "notices", "hours", "logs"]
RULES: tuple[Rule, ...] = get_args(Rule)

LEAST_AGE = timedelta(days=1)
"""Younger things are never pruned: they may still be under way."""

_WINDOW = 4000  # numbers of fates, or of changes, in one step
_OVER = timedelta(days=2)  # since the beginning of a day that nobody logs in any more
_CHANGE, _NOTICE, _HOUR, _ASKED = 80, 120, 40, 160  # bytes of a row and its entries in indexes

_fate, _run, _change = schema.fate.c, schema.run.c, reader_schema.change.c
_notice, _watch, _arrival, _asked = (
    reader_schema.notice.c, reader_schema.watch.c, crawl_schema.arrival.c, reader_schema.asked.c
)  # fmt: skip
_later = reader_schema.change.alias("later").c
Writing = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go: of a table, or of the files beside it. bytes: what it said, and about what indexes had
    of it; of files, as they were on the disk. A database keeps the room, and fills it again."""

    rule: Rule
    what: str
    number: int
    bytes: int


class Pruning:
    """The pruning of an archive. For one thread; several may prune at once. Every method may raise ArchiveUnavailable.

    Not within a batch.
    """

    def __init__(self, database: Database, blobs: Blobs, writing: Writing, pulses: Pulses) -> None:
        self._database = database
        self._blobs = blobs
        self._writing = writing
        self._pulses = pulses

    def prune(
        self,
        before: datetime,
        rules: Collection[Rule] = RULES,
        *,
        dry: bool = False,
        advance: Callable[[int], None] = lambda _: None,
    ) -> tuple[Pruned, ...]:
        """Take out what is older than a moment, at least a day ago. dry: tell what would go, and write nothing.

        advance: told of steps.
        """
        before = min(before, datetime.now(UTC) - LEAST_AGE)
        if not dry:
            self._pulses.fold()  # what the fates tell of the sources is entered before they go
        work = _Dry(self._database) if dry else _Wet(self._database, self._writing)
        told = Counter[tuple[Rule, str]]()
        weighed = Counter[tuple[Rule, str]]()
        for rule in RULES:
            if rule in rules:
                for each in self._RULES[rule](self, work, before):
                    told[rule, each.what] += each.number
                    weighed[rule, each.what] += each.bytes
                    advance(1)
        return tuple(Pruned(*key, number, weighed[key]) for key, number in told.items() if number)

    def _ledger(self, work: _Dry | _Wet, before: datetime) -> Iterator[Pruned]:
        for after, upto in self._windows(schema.fate):

            def look(connection: Connection, after: int = after, upto: int = upto) -> Any:
                return repeats.repeats(connection, after, upto, before, told=work.is_wet)

            rows = work.step(look, repeats.fold)
            yield Pruned("ledger", "fate", len(rows), sum(row.bytes for row in rows))

    def _refetches(self, work: _Dry | _Wet, before: datetime) -> Iterator[Pruned]:
        with self._database.reading() as connection:
            profiles = refetches.profile_hashes(connection)
        after, going, sizes = "", array("Q"), Counter[str]()
        while articles := work.read(lambda connection: refetches.seen_again(connection, after)):  # noqa: B023
            rows = work.step(lambda connection: refetches.refetches(connection, articles, before), refetches.drop)
            after = articles[-1]
            for table in ("capture", "sighting"):
                yield Pruned("refetches", table, len(rows), sum(row.bytes for row in rows) if table == "capture" else 0)
            if not work.is_wet:
                going.extend(_short(row.capture_key) for row in rows)
                for sha256 in work.read(lambda connection: refetches.lonely(connection, rows, profiles)):  # noqa: B023
                    sizes.update(number=1, bytes=self._size(sha256))
        if work.is_wet:
            sweep = refetches.Sweep(self._database, self._blobs, self._writing)
            sweep.work()
            lines, line_bytes, sizes["number"], sizes["bytes"] = (
                sweep.lines, sweep.line_bytes, sweep.bodies, sweep.body_bytes
            )  # fmt: skip
        else:
            lines, line_bytes = self._lines(going)
        yield Pruned("refetches", "lines of captures/", lines, line_bytes)
        yield Pruned("refetches", "bodies", sizes["number"], sizes["bytes"])

    def _lines(self, going: array[int]) -> tuple[int, int]:
        """How many lines of the log are of these captures, and their bytes."""
        known, lines, size = np.unique(np.frombuffer(going, np.uint64)) if going else np.empty(0, np.uint64), 0, 0
        for log in self._blobs.logs() if going else ():
            for line in self._blobs.lines(log):
                if is_whole(line) and isinstance(entry := read_entry(line), Capture):
                    short = np.uint64(_short(capture_key(entry)))
                    at = int(np.searchsorted(known, short))
                    if at < len(known) and known[at] == short:
                        lines, size = lines + 1, size + len(line)
        return lines, size

    def _size(self, sha256: str) -> int:
        try:
            return self._blobs.size(sha256)
        except NotFound:
            return 0

    def _changes(self, work: _Dry | _Wet, before: datetime) -> Iterator[Pruned]:
        followed = exists().where(
            _later.article_id == _change.article_id, _later.kind == _change.kind, _later.seq > _change.seq
        )
        for after, upto in self._windows(reader_schema.change):
            asked = select(_change.seq).where(_change.seq > after, _change.seq <= upto, _change.at < before, followed)
            rows = work.step(
                lambda connection: connection.scalars(asked).all(),  # noqa: B023
                lambda connection, rows: connection.execute(delete(reader_schema.change).where(_change.seq.in_(rows))),
            )
            yield Pruned("changes", "change", len(rows), len(rows) * _CHANGE)

    def _notices(self, work: _Dry | _Wet, before: datetime) -> Iterator[Pruned]:
        """A watch that has told of an article must not find it again: what had come by then is not new to it."""
        for name in work.read(lambda connection: connection.scalars(select(_watch.name)).all()):
            newest = select(func.max(_change.seq)).where(_change.at < before)

            def upto(connection: Connection, name: str = name) -> int:
                seen = connection.scalar(select(_watch.seen).where(_watch.name == name)) or 0
                return min(seen, connection.scalar(newest) or 0)  # noqa: B023

            def old(connection: Connection, name: str = name) -> Any:
                stored = exists().where(
                    _change.article_id == _notice.article_id, _change.kind == "stored", _change.seq <= upto(connection)
                )
                asked = select(_notice.article_id).where(_notice.watch == name, _notice.told_at < before, stored)
                return connection.scalars(asked.limit(_WINDOW if work.is_wet else None)).all()

            def drop(connection: Connection, rows: Any, name: str = name) -> None:
                if rows:
                    since = upto(connection)
                    connection.execute(
                        update(reader_schema.watch).where(_watch.name == name, _watch.since < since).values(since=since)
                    )
                    connection.execute(
                        delete(reader_schema.notice).where(_notice.watch == name, _notice.article_id.in_(rows))
                    )

            while rows := work.step(old, drop):
                yield Pruned("notices", "notice", len(rows), len(rows) * _NOTICE)
                if not work.is_wet:
                    break

    def _hours(self, work: _Dry | _Wet, before: datetime) -> Iterator[Pruned]:
        now = datetime.now(UTC)
        first = min(hour_of(before), hour_of(now) - KEPT_HOURS)
        sources = work.read(lambda connection: connection.scalars(select(_arrival.source).distinct()).all())
        old = [(crawl_schema.arrival, and_(_arrival.source == each, _arrival.hour < first), _HOUR) for each in sources]
        for table, is_old, size in [*old, (reader_schema.asked, _asked.at < now - KEPT, _ASKED)]:
            number = work.step(
                lambda connection: connection.scalar(select(func.count()).select_from(table).where(is_old)) or 0,  # noqa: B023
                lambda connection, _: connection.execute(delete(table).where(is_old)),  # noqa: B023
            )
            yield Pruned("hours", table.name, number, number * size)

    def _logs(self, work: _Dry | _Wet, before: datetime) -> Iterator[Pruned]:
        last = f"{min(before, datetime.now(UTC) - _OVER):%Y-%m-%d}"
        for day, named in groupby(self._blobs.logs(), key=lambda log: log.split("/")[1]):
            if day >= last:
                return
            for logs in self._together(list(named)):
                if work.is_wet:
                    with self._writing():
                        number = self._blobs.join(logs)
                else:
                    number = self._blobs.joinable(logs)
                yield Pruned("logs", "files of captures/", number, 0)

    def _together(self, logs: list[str]) -> Iterator[list[str]]:
        some: list[str] = []
        size = 0
        for log in logs:
            size += self._blobs.log_size(log)
            if some and size > LARGEST_LOG:
                yield some
                some, size = [], self._blobs.log_size(log)
            some.append(log)
        yield some

    def _windows(self, table: Table) -> Iterator[tuple[int, int]]:
        """The numbers of a table, some thousands at a time."""
        (number,) = table.primary_key.columns
        with self._database.reading() as connection:
            first, last = connection.execute(select(func.min(number), func.max(number))).one()
        for after in range((first or 1) - 1, last or 0, _WINDOW):
            yield after, after + _WINDOW

    _RULES: dict[Rule, Callable[..., Iterator[Pruned]]] = {  # noqa: RUF012 - read only
        "ledger": _ledger, "refetches": _refetches, "changes": _changes, "notices": _notices, "hours": _hours,
        "logs": _logs,
    }  # fmt: skip


class _Dry:
    """Steps that only look."""

    is_wet = False

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, look: Callable[[Connection], Any]) -> Any:
        """What a look finds."""
        with self._database.reading() as connection:
            return look(connection)

    def step(self, look: Callable[[Connection], Any], _act: Callable[[Connection, Any], object]) -> Any:
        """What a step would take."""
        return self.read(look)


class _Wet(_Dry):
    """Steps that look without keeping others waiting, and where something is found look again and act."""

    is_wet = True

    def __init__(self, database: Database, writing: Writing) -> None:
        super().__init__(database)
        self._writing = writing

    def step(self, look: Callable[[Connection], Any], act: Callable[[Connection, Any], object]) -> Any:
        """What a step has taken."""
        if not (found := self.read(look)):
            return found
        with self._writing() as connection:
            found = look(connection)
            act(connection, found)
        return found


def _short(key: str) -> int:
    return int(key[:16], 16)
