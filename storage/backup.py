"""Backup: an archive copied while others write to it, to a folder that is an archive itself, and grows with each run.

    archive.db    as one moment had it; it takes the place of the one before when it is whole
    raw/          the logs as they were after that moment, and every body that they name
    backup.json   says that the folder is a backup: what is not is never written to

Bytes are copied, not linked: a damage to one copy must not be one to the other. What was forgotten since the run before
is removed from the folder too.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from storage.blobs import Blobs, open_blobs
from storage.database import Database, sqlite_module
from storage.erasing import Stale
from storage.errors import ArchiveUnavailable, Refused
from storage.folder import sync_one
from storage.times import rfc3339

DATABASE, RAW, MARK = "archive.db", "raw", "backup.json"

_PAGES = 1_000  # of the database that are copied in one step
_BODIES = 500  # that are made durable together

Progress: TypeAlias = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Begins a stage of so many steps; what it yields is told of steps done."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds. made_at: the moment whose state it has. new_bodies: that this run has copied."""

    made_at: datetime
    articles: int
    captures: int
    last_change: int
    new_bodies: int


def unseen(_what: str, _total: int | None) -> AbstractContextManager[Callable[[int], None]]:
    """Progress that nobody looks at."""
    return nullcontext(lambda _: None)


def copy_logs(blobs: Blobs, target: Blobs, progress: Progress) -> None:
    """Have another place hold the logs as they are, and no others."""
    logs = list(blobs.logs())
    with progress("logs", len(logs)) as advance:
        for log in logs:
            blobs.copy_log(log, target)
            advance(1)
    for log in set(target.logs()) - set(logs):
        target.strike(log, lambda _: True)


def copy_bodies(blobs: Blobs, target: Blobs, progress: Progress) -> int:
    """Copy what another place lacks of all bodies there are by now; how many. The logs copied before name no others."""
    new = 0
    hashes = list(blobs.hashes())
    with progress("pages", len(hashes)) as advance:
        for some in _chunks(hashes):
            lacking = [sha256 for sha256 in some if not target.has(sha256)]
            blobs.copy(lacking, target)
            new += len(lacking)
            advance(len(some))
    return new


class Backup:
    """One run that copies an archive to a folder. Raises Refused where that cannot be done, and ArchiveUnavailable."""

    def __init__(self, database: Database, blobs: Blobs, folder: Path) -> None:
        if database.file is None:
            address = database.name.replace("+psycopg", "")
            raise Refused(
                "PostgreSQL makes its own backups, and this one has the archive",
                f"pg_dump --format=custom --file={folder}.dump '{address}', then copy the kept bytes",
            )
        self._database, self._file, self._blobs, self._folder = database, database.file, blobs, folder
        self._target = open_blobs(str(folder / RAW))

    def work(self, progress: Progress = unseen, *, database_only: bool = False) -> BackedUp:
        """Copy the database, and unless that is all that is wanted, the logs and bodies that the folder lacks."""
        with _told(), self._claimed():
            aside = self._folder / f"{DATABASE}.part"
            self._sweep()
            try:
                tombstones, done = self._copy_database(aside, progress)
                if not database_only:
                    copy_logs(self._blobs, self._target, progress)
                    new = copy_bodies(self._blobs, self._target, progress)
                    done = BackedUp(done.made_at, done.articles, done.captures, done.last_change, new)
                if self._tombstones() != tombstones:
                    raise Refused("something was forgotten while the backup was made", "make it again")
                self._put_in_place(aside)
            finally:
                self._sweep()
            with self._database.reading() as connection:
                for sha256 in Stale(connection).bodies():
                    self._target.remove(sha256)
            self._mark(done)
        return done

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        """The folder is a backup, or becomes one, and nobody else writes to it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        is_one = (self._folder / MARK).exists()
        if not is_one and any(self._folder.iterdir()):
            raise Refused(
                f"{self._folder} is not empty, and no backup", "name an empty folder, or one that a backup was made in"
            )
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused(f"{self._folder}: another backup is being made there", "wait for it") from None
            if not is_one:
                self._mark(None)
            yield
        finally:
            os.close(handle)

    def _sweep(self) -> None:
        """Remove what a run that was killed has left."""
        for left in self._folder.glob("*.part*"):
            left.unlink()

    def _mark(self, done: BackedUp | None) -> None:
        said: dict[str, object] = {"copydesk": "backup"}
        if done is not None:
            said |= {"made_at": rfc3339(done.made_at), "articles": done.articles, "captures": done.captures,
                     "last_change": done.last_change}  # fmt: skip
        aside = self._folder / f"{MARK}.part"
        aside.write_text(json.dumps(said) + "\n", encoding="utf-8")
        sync_one(aside)
        aside.replace(self._folder / MARK)
        sync_one(self._folder)

    def _copy_database(self, aside: Path, progress: Progress) -> tuple[int, BackedUp]:
        """Copy the state of one moment. While a transaction reads it, other writers do not have the copy begin anew."""
        connect = sqlite_module().connect
        with closing(connect(self._file, isolation_level=None)) as source, closing(connect(aside)) as target:
            source.execute("BEGIN")
            made_at = datetime.now(UTC)
            counted = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), {}"
            articles, captures, tombstones, last = source.execute(
                counted.format("article", "capture", "tombstone", "(SELECT coalesce(max(seq), 0) FROM change)")
            ).fetchone()
            (pages,) = source.execute("PRAGMA page_count").fetchone()
            with progress("database", pages) as advance:
                left = pages

                def copied(_status: int, remaining: int, _total: int) -> None:
                    nonlocal left
                    advance(left - remaining)
                    left = remaining

                source.backup(target, pages=_PAGES, progress=copied)
        sync_one(aside)
        return tombstones, BackedUp(made_at, articles, captures, last, 0)

    def _tombstones(self) -> int:
        with closing(sqlite_module().connect(self._file)) as connection:
            return int(connection.execute("SELECT count(*) FROM tombstone").fetchone()[0])

    def _put_in_place(self, aside: Path) -> None:
        """Have the copy be the database of the folder. A log of the one before would be read as if it were its own."""
        for ending in ("-wal", "-shm"):
            beside = self._folder / f"{DATABASE}{ending}"
            if ending == "-wal" and beside.exists() and beside.stat().st_size:
                raise Refused(
                    f"{self._folder}: the backup is in use, or was not closed",
                    f"COPYDESK_DATABASE=sqlite:///{self._folder / DATABASE} copydesk status closes it",
                )
            beside.unlink(missing_ok=True)
        aside.replace(self._folder / DATABASE)
        sync_one(self._folder)


def _chunks(hashes: list[str]) -> Iterator[list[str]]:
    waiting = iter(hashes)
    while some := list(islice(waiting, _BODIES)):
        yield some


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, sqlite_module().Error) as error:
        where = getattr(error, "filename", None)
        raise ArchiveUnavailable(
            f"backup: {f'{where}: ' if where else ''}{error}", "make room, or check who may write"
        ) from error
