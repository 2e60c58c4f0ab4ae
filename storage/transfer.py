"""Transfer: an archive moved to another database, SQLite or PostgreSQL, and its kept bytes to another place.

All rows of one moment are written in one transaction of the new database, and read back within it: it holds the same
rows, or none. Bytes come before it is committed, and those that are there already are not copied again; so what was
broken off is begun again by the same command. The word index is made anew: its shape is the database's own. Numbers
that the old database has given are not given again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, Table, func, insert, select, text

from storage import change_log
from storage.backup import Progress, copy_bodies, copy_logs, unseen
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import Damaged, Refused
from storage.patience import patience
from storage.schema import article, current, metadata, version
from storage.word_index import Entry, index

_ROWS = 500  # that are held at once
_SUM_BITS = 256


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds. digest: the sum of the sha256 of all its rows, whatever their order, in hex."""

    table: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What a transfer has written and read back. new_bodies: that were copied; 0 where both share a place."""

    tables: tuple[Content, ...]
    articles: int
    last_change: int
    new_bodies: int

    @property
    def rows(self) -> int:
        """In all tables."""
        return sum(each.rows for each in self.tables)


class Transfer:
    """One run that moves an archive to an empty one.

    target_blobs: None where both are to share the kept bytes. Raises Refused where the target holds something, or
    where something is forgotten meanwhile, Damaged where it reads back otherwise than it was written, and
    ArchiveUnavailable; after any of them the target database is as empty as before.
    """

    def __init__(self, source: Database, blobs: Blobs, target: Database, target_blobs: Blobs | None) -> None:
        self._source, self._blobs = source, blobs
        self._target, self._target_blobs = target, target_blobs

    def work(self, progress: Progress = unseen) -> Moved:
        """Write, read back, and commit."""
        with patience(None), self._target.writing() as there:
            _refuse_unless_empty(there, self._target.name)
            self._refuse_bytes_of_others()
            with self._source.reading(one_state=True) as here:
                written = self._copy_rows(here, there, progress)
                _carry_numbers(here, there)
                articles, last = _number(here, article), change_log.last(here)
                tombstones = _number(here, metadata.tables["tombstone"])
            _index(there, articles, progress)
            self._read_back(there, written, progress)
            new = self._copy_bytes(progress)
            with self._source.reading() as now:
                if _number(now, metadata.tables["tombstone"]) != tombstones:
                    raise Refused("something was forgotten while the archive was copied", "copy it again")
        return Moved(written, articles, last, new)

    def _copy_rows(self, here: Connection, there: Connection, progress: Progress) -> tuple[Content, ...]:
        """Parents come before what refers to them."""
        written: list[Content] = []
        tables = metadata.sorted_tables
        with progress("rows", sum(_number(here, table) for table in tables)) as advance:
            for table in tables:
                tally = _Tally(table)
                for rows in _batches(here, table):
                    there.execute(insert(table), [dict(row._mapping) for row in rows])
                    tally.add(rows)
                    advance(len(rows))
                written.append(tally.content())
        return tuple(written)

    def _read_back(self, there: Connection, written: Sequence[Content], progress: Progress) -> None:
        with progress("reading back", sum(each.rows for each in written)) as advance:
            for expected in written:
                tally = _Tally(metadata.tables[expected.table])
                for rows in _batches(there, metadata.tables[expected.table]):
                    tally.add(rows)
                    advance(len(rows))
                if (found := tally.content()) != expected:
                    raise Damaged(
                        f"{self._target.name}: the table {expected.table} reads back otherwise than it was written"
                        f" ({found.rows:,} rows of {expected.rows:,}); nothing was committed",
                        "copydesk verify, for what is wrong with the archive that was read",
                    )

    def _refuse_bytes_of_others(self) -> None:
        if self._target_blobs is not None and set(self._target_blobs.logs()) - set(self._blobs.logs()):
            raise Refused("the place for the kept bytes has those of another archive", "name one that nobody has used")

    def _copy_bytes(self, progress: Progress) -> int:
        if self._target_blobs is None:
            return 0
        copy_logs(self._blobs, self._target_blobs, progress)
        return copy_bodies(self._blobs, self._target_blobs, progress)


class _Tally:
    """Counts and sums up rows, as Python has them: both databases give the same."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows = self._sum = 0

    def add(self, rows: Sequence[Row[Any]]) -> None:
        """Some more."""
        for row in rows:
            said = json.dumps(list(row), ensure_ascii=True, sort_keys=True, default=_plain).encode()
            self._sum += int.from_bytes(hashlib.sha256(said).digest())
        self._rows += len(rows)

    def content(self) -> Content:
        """All so far."""
        return Content(self._table.name, self._rows, f"{self._sum % (1 << _SUM_BITS):064x}")


def _plain(value: object) -> str:
    """What JSON does not have: times and bytes."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"{type(value).__name__} in a table")


def _refuse_unless_empty(there: Connection, name: str) -> None:
    for table in metadata.sorted_tables:
        if there.execute(select(table).limit(1)).first() is not None:
            raise Refused(
                f"{name} is not empty: its table {table.name} has rows", "name a database that nobody has used"
            )


def _number(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    with connection.execute(select(table).execution_options(yield_per=_ROWS)) as rows:
        yield from rows.partitions()


def _index(there: Connection, articles: int, progress: Progress) -> None:
    fields = (version.c.title, version.c.text, version.c.authors, version.c.agency)
    asked = select(article.c.seq, *fields).join(version, current).order_by(article.c.seq).limit(_ROWS)
    last = 0
    with progress("word index", articles) as advance:  # by pages: what a cursor reads must not be written to meanwhile
        while rows := there.execute(asked.where(article.c.seq > last)).all():
            index(there, [(seq, Entry(*fields)) for seq, *fields in rows])
            last = rows[-1].seq
            advance(len(rows))


def _carry_numbers(here: Connection, there: Connection) -> None:
    """Have the new database go on counting where the old one stood, also where the last rows are gone."""
    for table in metadata.sorted_tables:
        number = table.autoincrement_column
        if number is None or not isinstance(number.type, Integer):
            continue
        highest = here.scalar(select(func.max(number))) or 0
        if last := max(highest, _given(here, table)):
            _go_on_from(there, table, last)


def _given(connection: Connection, table: Table) -> int:
    """The highest number that the database remembers to have given; 0 where it keeps none."""
    if connection.dialect.name == "sqlite":
        asked = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        return connection.scalar(asked, {"table": table.name}) or 0
    sequence = _sequence(connection, table)
    if sequence is None:
        return 0
    asked = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608 - the server's own
    return connection.scalar(asked) or 0


def _go_on_from(connection: Connection, table: Table, last: int) -> None:
    if connection.dialect.name == "sqlite":
        said = {"table": table.name, "last": last}
        remembered = text("UPDATE sqlite_sequence SET seq = :last WHERE name = :table")
        if table.dialect_options["sqlite"]["autoincrement"] and not connection.execute(remembered, said).rowcount:
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), said)
    elif (sequence := _sequence(connection, table)) is not None:
        connection.execute(
            text("SELECT setval(CAST(:sequence AS regclass), :last)"), {"sequence": sequence, "last": last}
        )


def _sequence(connection: Connection, table: Table) -> str | None:
    """PostgreSQL's name for what gives a table its numbers, quoted."""
    number = table.autoincrement_column
    asked = text("SELECT pg_get_serial_sequence(quote_ident(:table), :column)")
    named = {"table": table.name, "column": number.name if number is not None else ""}
    name: str | None = connection.scalar(asked, named)
    return name
