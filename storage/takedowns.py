"""Takedowns: articles taken out of an archive for good, and what is told of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Connection

from storage import ledger, reading
from storage.blobs import Blobs
from storage.database import Database
from storage.erasing import Erased, erase
from storage.errors import NotFound
from storage.forgetting import Takedown, named, others_like
from storage.records import ArchivedArticle
from storage.tombstones import Forgotten, forgotten_at


class Scrubbing(Protocol):
    """The part of a transaction that forgets: see ``storage.intake``."""

    connection: Connection

    def forget(self, what: str, run: int) -> Takedown:
        """Take an article out."""

    def bury(self, forgotten: Sequence[Forgotten]) -> None:
        """Enter what the log says was forgotten."""


class Takedowns:
    """What was forgotten, and what is to be. ``what`` is an article's id, its first digits, or an address. Every method
    may raise ArchiveUnavailable.

    scrubbing: a transaction of its own, whose deletions leave no trace.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        scrubbing: Callable[[], AbstractContextManager[Scrubbing]],
        writing: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._scrubbing = scrubbing
        self._writing = writing

    def forget(self, what: str, run: int | None = None) -> Takedown:
        """See ``Archive.forget``. What is beside the tables is left to ``erase``, so that one look at the log does for
        many. run: from ``begin_run``; None for one of its own."""
        try:
            with self._scrubbing() as intake:
                under = ledger.begin_run(intake.connection, "forget", None, datetime.now(UTC)) if run is None else run
                takedown = intake.forget(what, under)
                if run is None:
                    ledger.finish_run(intake.connection, under, datetime.now(UTC))
        except NotFound:
            at = self.at(what)
            if at is None:
                raise
            takedown = Takedown(None, at)
        return takedown

    def erase(self, advance: Callable[[int], None] = lambda _: None) -> Erased:
        """Remove what is left beside the tables: lines of the log, bytes. advance: told of logs done."""
        return erase(self._database, self._blobs, self._writing, advance)

    def vacuum(self) -> None:
        """Write an SQLite file anew, so that no gap in it holds what was deleted; PostgreSQL has its own VACUUM."""
        self._database.vacuum()

    def bury(self) -> None:
        """Enter the tombstones that the captures log tells of, before its ``history`` is followed: what was forgotten
        does not come back when the archive is made again."""
        told = [entry for entry in self._blobs.entries() if isinstance(entry, Forgotten)]
        with self._scrubbing() as intake:
            intake.bury(told)

    def at(self, what: str) -> datetime | None:
        """When something was forgotten; None where it was not."""
        with self._database.reading() as connection:
            return forgotten_at(connection, what)

    def find(self, what: str) -> ArchivedArticle | None:
        """The article that would go; None for an address that was read without one. Raises NotFound."""
        with self._database.reading() as connection:
            id_ = named(connection, what)
            return None if id_ is None else reading.get(connection, id_)

    def copies(self, what: str) -> tuple[str, ...]:
        """The other articles that say the same, of its story and elsewhere: they would stay. Raises NotFound."""
        with self._database.reading() as connection:
            id_ = named(connection, what)
            return () if id_ is None else others_like(connection, id_)
