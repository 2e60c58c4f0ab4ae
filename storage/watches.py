"""Watches: saved searches, and what each has found, until somebody was told of it.

A watch reads the log of changes from where it stands, and asks its query of the articles that came; each that answers
becomes a notice, once for the watch and the article. Notices are told in deliveries: whoever asks for one that is due
holds it for some minutes, and says afterwards what became of it. One that was told without a word of it being kept,
since a process died in between, is told again under the same id: at least once, and hardly ever twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from storage import reader_schema, schema
from storage.database import Database
from storage.errors import NotFound, Unruly
from storage.frontier import Writing
from storage.leases import clock
from storage.notices import ATTEMPTS, delay, enter, hold, next_watch, of
from storage.records import Query
from storage.search import tally
from storage.watch import Delivery, Watch, Way, asked_query, kept_query, untold, watches

_CHANGES = 1_000  # that are read at once
_NAME = re.compile(r"\w[\w.-]{0,99}")

_change, _watch, _notice = reader_schema.change.c, reader_schema.watch.c, reader_schema.notice.c


class Watches:
    """The watches of an archive. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def add(
        self, name: str, query: Query, way: Way, target: str, secret: str | None = None, *, from_start: bool = False
    ) -> Watch:
        """Watch for articles that are stored from now on; with ``from_start`` for those that are there too.

        The filters of ``query`` count, not its limit and order. Whether ``target`` can be told is not looked at here.
        Raises Unruly for a name that is taken, or is none.
        """
        if not _NAME.fullmatch(name):
            raise Unruly(f"{name[:100]!r} is no name of a watch", "use letters, digits, and . - _ within: flood-gate")
        with self._writing() as connection:
            if connection.scalar(select(_watch.name).where(_watch.name == name)) is not None:
                raise Unruly(f"there is a watch {name!r} already", f"copydesk watch remove {name}, or another name")
            last = 0 if from_start else connection.scalar(select(func.max(_change.seq))) or 0
            at = {"made_at": clock(connection), "since": last, "seen": last}
            told = {"way": way, "target": target, "secret": secret}
            connection.execute(insert(reader_schema.watch).values(name=name, query=kept_query(query), **told, **at))
            return watches(connection, name)[0]

    def all(self) -> tuple[Watch, ...]:
        """Every watch, by name."""
        with self._database.reading() as connection:
            return watches(connection)

    def get(self, name: str) -> Watch:
        """A watch. Raises NotFound."""
        with self._database.reading() as connection:
            found = watches(connection, name)
        if not found:
            raise NotFound(f"no watch {name!r}", "copydesk watch list")
        return found[0]

    def remove(self, name: str) -> None:
        """Forget a watch, and what it has found. Raises NotFound."""
        with self._writing() as connection:
            gone = connection.execute(delete(reader_schema.watch).where(_watch.name == name))
            if not gone.rowcount:
                raise NotFound(f"no watch {name!r}", "copydesk watch list")

    def match(self) -> int:
        """Ask each watch's query of what came since it was asked last; how many notices there are more."""
        with self._database.reading() as connection:
            last = connection.scalar(select(func.max(_change.seq))) or 0
            behind = connection.scalars(select(_watch.name).where(_watch.seen < last).order_by(_watch.name)).all()
        return sum(self._match(name) for name in behind)

    def due(self) -> Delivery | None:
        """A delivery to be made now, held for ``HELD``; of the watch that waits longest. None where none is due.

        A watch makes one delivery at a time: while one fails, what is found meanwhile waits with it.
        """
        with self._database.reading() as connection:
            if next_watch(connection, clock(connection)) is None:
                return None  # without waiting for those who write
        with self._writing() as connection:
            now = clock(connection)
            while (name := next_watch(connection, now)) is not None:
                if delivery := hold(connection, name, now):
                    return delivery
        return None

    def told(self, delivery: Delivery) -> None:
        """Note that a delivery has arrived."""
        with self._writing() as connection:
            now = clock(connection)
            connection.execute(
                of(delivery).where(_notice.told_at.is_(None)).values(told_at=now, given_up_at=None, why=None)
            )
            connection.execute(
                update(reader_schema.watch).where(_watch.name == delivery.watch.name).values(told_at=now)
            )

    def failed(self, delivery: Delivery, why: str, wait: timedelta | None = None) -> None:
        """Note that a delivery has failed: it is due again after a delay that grows, and not before ``wait``.

        After ``ATTEMPTS`` it is given up. A hold that was lost meanwhile changes nothing.
        """
        with self._writing() as connection:
            now = clock(connection)
            mine = of(delivery).where(untold, _notice.attempts == delivery.attempt)
            not_before = now + max(delay(delivery.attempt), wait or timedelta())
            given_up_at = now if delivery.attempt >= ATTEMPTS else None
            connection.execute(mine.values(not_before=not_before, given_up_at=given_up_at, why=why))

    def retry(self, name: str) -> int:
        """Make everything of a watch that waits or was given up due now; how many articles. Raises NotFound."""
        self.get(name)
        with self._writing() as connection:
            failed = update(reader_schema.notice).where(_notice.watch == name, _notice.told_at.is_(None))
            now = clock(connection)
            return connection.execute(failed.values(not_before=now, given_up_at=None, attempts=0)).rowcount

    def _match(self, name: str) -> int:
        """The query is asked before others must wait, and what it found is entered if nobody else was quicker."""
        found = 0
        while True:
            with self._database.reading() as connection:
                watch = connection.execute(select(reader_schema.watch).where(_watch.name == name)).one_or_none()
                if watch is None or not (changes := _changes(connection, watch.seen)):
                    return found
                hits = _hits(connection, watch, list({change.article_id for change in changes}))
            with self._writing() as connection:
                now = clock(connection)
                is_mine = connection.execute(
                    update(reader_schema.watch)
                    .where(_watch.name == name, _watch.seen == watch.seen)
                    .values(seen=changes[-1].seq, matched_at=now)
                ).rowcount
                if is_mine and hits:
                    found += enter(connection, name, hits, now)


def _changes(connection: Connection, seen: int) -> Sequence[Row[int, str]]:
    return connection.execute(
        select(_change.seq, _change.article_id).where(_change.seq > seen).order_by(_change.seq).limit(_CHANGES)
    ).all()


def _hits(connection: Connection, watch: Row[*tuple[object, ...]], articles: Sequence[str]) -> Sequence[str]:
    """Which of the articles are new to the watch and answer its query: the search's own answer."""
    is_new = exists().where(
        _change.article_id == schema.article.c.id, _change.kind == "stored", _change.seq > watch.since
    )
    asked = tally(asked_query(watch.query), connection.dialect.name, schema.article.c.id)
    return connection.scalars(asked.where(schema.article.c.id.in_(articles), is_new)).all()
