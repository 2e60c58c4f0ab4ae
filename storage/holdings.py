"""Holdings: what an archive has, as whoever asks gets it. Nothing here changes anything; ``storage.archive`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from storage import inspection, ledger, migrations, reading, search, tombstones
from storage.answers import first_answers
from storage.backup import BackedUp, Backup, Progress, unseen
from storage.blobs import Blobs
from storage.change_log import Changes
from storage.counts import Count, counts
from storage.damages import Damage, NormalForm, Verification
from storage.database import Database
from storage.dataset.splits import Splitting
from storage.dataset.writing import Dataset, write_dataset
from storage.errors import NotFound
from storage.filing import order_of
from storage.inspection import Statistics
from storage.links import Order
from storage.overview import Overview
from storage.patience import patience
from storage.records import (
    ArchivedArticle,
    CountedBy,
    Fate,
    Page,
    Query,
    Removed,
    Results,
    Run,
    Sighting,
)
from storage.rereading import Making, Reread, capture_of, makings, number_of_rereads, rereads
from storage.snapshot import Snapshot, snapshot
from storage.terms import Term, terms

_FEW = 500  # answers that may be held at once


class Holdings:
    """The articles of an archive, each text of them, how they came, and what became of everything that was read.

    It may be asked in any thread. Every method may raise ArchiveUnavailable. Answers are of what is committed.
    An article is named by its id, or by the first 4 or more of its digits; NotFound where none or several fit.
    """

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs
        self.changes = Changes(database)
        self.overview = Overview(database)

    @property
    def database(self) -> str:
        """The database's URL, without its password."""
        return self._database.name

    def get(self, article: str) -> ArchivedArticle:
        """An article."""
        with self._database.reading() as connection:
            return reading.get(connection, reading.full_id(connection, article))

    def find(self, query: Query) -> Iterator[ArchivedArticle]:
        """The articles that answer a query, one after the other: newest first, or as its ``sort`` says."""
        if query.limit is not None and query.limit <= _FEW:
            yield from self.results(query).articles
            return
        with self._database.reading() as connection:
            yield from reading.stream(connection, search.hits(query, connection.dialect.name))

    @contextmanager
    def snapshot(self, query: Query) -> Iterator[Snapshot]:
        """The answers to a query and how many they are, of one moment: to be read within the block, in any threads.

        It takes as long as it takes, whatever ``storage.patience`` says.
        """
        with ExitStack() as held:
            with patience(None):
                found = snapshot(held.enter_context(self._database.reading(one_state=True)), query)
            yield found

    def results(self, query: Query) -> Results:
        """Some of the answers to a query, and the position behind which the next ones come."""
        with self._database.reading() as connection:
            one_more = None if query.limit is None else max(0, query.limit) + 1
            return reading.results(first_answers(connection, replace(query, limit=one_more)), query.limit)

    def dataset(
        self,
        query: Query,
        folder: Path,
        splitting: Splitting = Splitting(),
        form: str = "jsonl",
        done: Callable[[int], None] = lambda _: None,
    ) -> Dataset:
        """Write the articles that answer a query to a folder: see ``storage.dataset.writing.write_dataset``."""
        with self._database.reading(one_state=True) as connection:
            return write_dataset(connection, query, folder, splitting, form, done)

    def count(self, query: Query) -> int:
        """How many articles answer a query, whatever its limit."""
        with self._database.reading() as connection:
            return connection.scalar(search.number_of_hits(query, connection.dialect.name)) or 0

    def counts(self, query: Query, by: CountedBy) -> tuple[Count, ...]:
        """How many articles answer a query by hour, day, week, source, language or agency, whatever its limit."""
        with self._database.reading() as connection:
            return counts(connection, query, by)

    def terms(self, query: Query, limit: int = 20) -> tuple[Term, ...]:
        """What the articles that answer a query have more often than the rest of the archive: ``storage.terms``."""
        with self._database.reading() as connection:
            return terms(connection, query, limit)

    def versions(self, article: str) -> tuple[ArchivedArticle, ...]:
        """Every distinct text of an article, in the order of their coming."""
        with self._database.reading() as connection:
            return reading.versions(connection, reading.full_id(connection, article))

    def makings(self, article: str) -> tuple[Making, ...]:
        """By which cleaner, with what knowledge of its site, each version of an article was made."""
        with self._database.reading() as connection:
            return makings(connection, reading.full_id(connection, article))

    def removed(self, article: str) -> tuple[Removed, ...]:
        """What was cut from the article's current version, in reading order."""
        with self._database.reading() as connection:
            return reading.removed(connection, reading.full_id(connection, article))

    def sightings(self, article: str) -> tuple[Sighting, ...]:
        """Each time an article was seen, at its own address or elsewhere, oldest first."""
        with self._database.reading() as connection:
            return reading.sightings(connection, reading.full_id(connection, article))

    def raw(self, article: str) -> bytes:
        """The bytes that the article's current version was cleaned from. Raises Damaged too."""
        with self._database.reading() as connection:
            sha256 = reading.current_sha256(connection, reading.full_id(connection, article))
        return self.body(sha256)

    def page(self, article: str) -> Page:
        """The page that the article's current version was cleaned from. Raises Damaged too."""
        with self._database.reading() as connection:
            capture = capture_of(connection, reading.full_id(connection, article))
        return capture.page(self.body(capture.sha256))

    def body(self, sha256: str) -> bytes:
        """Kept bytes. Raises NotFound, and Damaged where they are not what their name says."""
        return self._blobs.get(sha256)

    def fates(self, named: str) -> tuple[Fate, ...]:
        """What became of an address, an origin or an article, each time, newest first. Empty for what is unknown."""
        with self._database.reading() as connection:
            article: str | None
            try:
                article = reading.full_id(connection, named)
            except NotFound:
                article = tombstones.forgotten_id(connection, named)
            return ledger.fates(connection, named, article)

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        with self._database.reading() as connection:
            return ledger.runs(connection, limit)

    def run(self, number: int) -> Run:
        """A run. Raises NotFound."""
        with self._database.reading() as connection:
            found = ledger.runs(connection, 1, number)
        if not found:
            raise NotFound(f"no run {number}", "copydesk status lists the latest")
        return found[0]

    def failures(self, run: int, limit: int = 100) -> tuple[Fate, ...]:
        """What failed or was set aside in a run, latest first."""
        with self._database.reading() as connection:
            return ledger.failures(connection, run, limit)

    def statistics(self) -> Statistics:
        """How much the archive holds."""
        with self._database.reading() as connection:
            return inspection.statistics(connection)

    def verify(self) -> Iterator[Damage]:
        """Check everything that is kept, and name what is damaged. Reads every body: it takes its time."""
        return self.verification().damages(lambda _: None)

    def verification(self, normal_form: NormalForm | None = None, *, quick: bool = False) -> Verification:
        """A check of everything that is kept. normal_form: that of ``pipelines``, so that each text is held against its
        hashes. quick: without reading the bodies."""
        return Verification(self._database, self._blobs, normal_form, quick=quick)

    def backup(self, folder: Path, progress: Progress = unseen, *, database_only: bool = False) -> BackedUp:
        """Copy the archive to a folder while others write to it: see ``storage.backup``. Raises Refused too."""
        return Backup(self._database, self._blobs, folder).work(progress, database_only=database_only)

    def migration(self) -> str:
        """The revision of the database's tables."""
        with self._database.reading() as connection:
            return str(migrations.revision(connection))

    def order(self, run: int) -> Order:
        """What a crawl was asked for."""
        with self._database.reading() as connection:
            return order_of(connection, run)

    def rereads(
        self, limit: int, after: str = "", source: str | None = None, since: datetime | None = None
    ) -> tuple[Reread, ...]:
        """The pages that stand for articles, and those that were rejected, by their keys: the next ones ``after`` one.

        since: fetched then or later. ``body`` has their bytes.
        """
        with self._database.reading() as connection:
            return rereads(connection, limit, after, source, since)

    def number_of_rereads(self, source: str | None = None, since: datetime | None = None) -> int:
        """How many pages ``rereads`` gives in all."""
        with self._database.reading() as connection:
            return number_of_rereads(connection, source, since)
