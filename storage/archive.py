"""The archive: every article once, with each of its texts, each time it was seen, and the bytes it came as."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from storage import inspection, ledger, migrations, reading, search, tombstones
from storage.answers import first_answers
from storage.backup import BackedUp, Backup, Progress, unseen
from storage.blobs import full_place, open_blobs
from storage.captures import Capture, Replayed
from storage.change_log import Changes
from storage.counts import Count, counts
from storage.damages import Damage, NormalForm, Verification
from storage.database import Database
from storage.dataset.splits import Splitting
from storage.dataset.writing import Dataset, write_dataset
from storage.errors import ArchiveUnavailable, Damaged, NotFound, StorageError
from storage.filing import file_run, order_of
from storage.forgetting import Takedown
from storage.frontier import Frontier
from storage.inspection import Statistics
from storage.intake import Intake
from storage.learned import Learned
from storage.leases import clock
from storage.links import Filing, Link, Named, Order, Passed, Postponed, Taught, Validators
from storage.overview import Overview
from storage.paces import Paces
from storage.patience import patience
from storage.problems import Problems
from storage.profiles import Profiles
from storage.pulses import Pulses
from storage.records import (
    ArchivedArticle,
    Article,
    CountedBy,
    Failed,
    Fate,
    Page,
    Query,
    Rejected,
    Removed,
    Results,
    Run,
    Saved,
    Sighting,
)
from storage.relinking import Relinking
from storage.requests import Requests
from storage.rereading import Making, Reread, capture_of, makings, number_of_rereads, rereads
from storage.rulings import Ruling
from storage.snapshot import Snapshot, snapshot
from storage.sources import Sources
from storage.stories import Stories
from storage.takedowns import Takedowns
from storage.terms import Term, terms
from storage.tokens import Tokens
from storage.tombstones import Forgotten
from storage.transfer import Moved, Transfer
from storage.watches import Watches

_REPLAYED_AT_ONCE = 500
_FEW = 500  # answers that may be held at once


class Archive:
    """An open archive. It saves for one thread at a time; others open their own, and may do so all at once.

    Every method may raise ArchiveUnavailable. Answers are of what is committed: a batch under way is not in them.
    An article is named by its id, or by the first 4 or more of its digits; NotFound where none or several fit.
    place: where the kept bytes are, a folder or ``s3://bucket/prefix``.
    """

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._blobs = open_blobs(place)
        self.place = place
        self._intake: Intake | None = None
        self.frontier = Frontier(database, self._writing)
        self.sources = Sources(database, self._writing)
        self.paces = Paces(database, self._writing)
        self.profiles = Profiles(database, self._blobs, self._taking_in)
        self.stories = Stories(database, self._taking_in)
        self.pulses = Pulses(database, self._writing)
        self.problems = Problems(database, self._writing)
        self.relinking = Relinking(database, self._writing)
        self.tokens = Tokens(database, self._writing)
        self.requests = Requests(self._writing)
        self.overview = Overview(database)
        self.watches = Watches(database, self._writing)
        self.changes = Changes(database)
        self.takedowns = Takedowns(database, self._blobs, self._scrubbing, self._writing)
        self._unnamed_run: int | None = None

    @classmethod
    def open(cls, database: str, blobs: str | None = None) -> Self:
        """Open an archive, or make it.

        database: SQLAlchemy URL, ``sqlite:///archive.db`` or ``postgresql://…``. blobs: a folder or
        ``s3://bucket/prefix``; None is the folder ``raw`` beside an SQLite file. Raises ArchiveUnavailable, and
        ArchiveNewer for an archive that a newer copydesk wrote.
        """
        opened = Database.open(database)
        if blobs is None:
            if opened.file is None:
                opened.close()
                raise ArchiveUnavailable(
                    f"{opened.name}: a place for the bytes of pages must be given beside PostgreSQL",
                    "name a folder or s3://bucket/prefix: COPYDESK_BLOBS",
                )
            blobs = str(opened.file.parent / "raw")
        return cls(opened, blobs)

    @property
    def database(self) -> str:
        """The database's URL, without its password."""
        return self._database.name

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what comes in

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Commit all saves of the block together; an exception rolls all of them back.

        A batch within a batch is part of it. Other writers wait until it ends: keep it to some hundred pages.
        """
        with self._taking_in():
            yield

    def save(self, page: Page, result: Article | Rejected, run: int | None = None) -> Saved:
        """Keep a page, and what ``clean`` made of it: new, unchanged, a version, a duplicate, or rejected.

        The very same capture (bytes, url, source, time) may be saved again: it is counted in the run, and seen once.
        run: from ``begin_run``; saves without one are entered under a run of their own.
        """
        with self._taking_in() as intake:
            return intake.save(page, result, run)

    def expect(self, pages: Sequence[tuple[Page, Article | Rejected]], links: Sequence[Link] = ()) -> None:
        """Within a batch, say what it will save, and which leases it will end: to look all of it up in one question
        saves a third of the time."""
        with self._taking_in() as intake:
            intake.expect(pages, links)

    def fail(self, failed: Failed, run: int | None = None) -> Saved:
        """Enter an input that could not be read."""
        with self._taking_in() as intake:
            return intake.fail(failed, run)

    def file_run(
        self,
        source: str | None,
        named: Sequence[Named],
        order: Order = Order(),
        slot: str | None = None,
        detail: str | None = None,
        rechecks: Sequence[Named] = (),
    ) -> Filing:
        """Enter a crawl: it is under way from now on, and any worker carries it out.

        named: the listings or articles that it starts from. slot: of a schedule; it is run once, whoever files it.
        rechecks: known articles that are looked at again besides.
        """
        with self._writing() as connection:
            return file_run(connection, source, named, order, slot, detail, clock(connection), rechecks)

    def order(self, run: int) -> Order:
        """What a crawl was asked for."""
        with self._database.reading() as connection:
            return order_of(connection, run)

    def settle(
        self,
        link: Link,
        page: Page | None,
        result: Article | Rejected | Failed | Passed,
        named: Sequence[Named] = (),
        *,
        otherwise: Sequence[Named] = (),
        validators: Validators | None = None,
        taught: Taught | None = None,
        ask_at: datetime | None = None,
    ) -> Saved | None:
        """End a lease: commit the link's outcome, its page and article, what it named and what it taught, together.

        None: the lease was lost, and all of it is dropped: somebody else has the link. otherwise: what to look at
        where the run's listings have named nothing in the end. ask_at: when a known article is to be looked at again,
        None for never; of a listing, not before.
        """
        with self._taking_in() as intake:
            return intake.settle(link, page, result, named, otherwise, validators, taught, ask_at)

    def postpone(self, link: Link, postponed: Postponed) -> bool:
        """End a lease without an outcome: the link comes back. False: the lease was lost."""
        with self._taking_in() as intake:
            return intake.postpone(link, postponed)

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

    def clean_again(self, page: Page, result: Article | Rejected, run: int | None = None) -> Saved:
        """Note what a kept page has become by cleaning it again; see ``rereads``.

        ``version``: another text, or other facts; the one before stays as a version. ``unchanged``: the same, or
        another text stands for the article by now. ``rejected``: no article; what was kept before stays. ``stored``,
        ``duplicate``: a page that had been rejected.
        """
        with self._taking_in() as intake:
            return intake.clean_again(page, result, run)

    def forget(self, what: str) -> Takedown:
        """Take an article out for good, and let it never come back: see ``docs/operating.md``.

        what: an id, or an address. The tombstones are committed first; where the rest was broken off, the same again
        finishes it. Raises NotFound, and StorageError within a batch.
        """
        takedown = self.takedowns.forget(what)
        self.takedowns.erase()
        return takedown

    def begin_run(self, kind: str, detail: str | None = None) -> int:
        """Enter a run, such as an ``ingest``; its number. detail: what it is about, for people."""
        with self._taking_in() as intake:
            return ledger.begin_run(intake.connection, kind, detail, datetime.now(UTC))

    def finish_run(self, run: int) -> None:
        """Note that a run ended well. Raises NotFound."""
        with self._taking_in() as intake:
            ledger.finish_run(intake.connection, run, datetime.now(UTC))

    def replay(self) -> Iterator[Page | Failed]:
        """Every page that was ever kept, in that order, from the captures log and the blobs alone.

        Cleaning and saving them makes an archive again; nothing is logged twice. Failed: the bytes are damaged.
        """
        for told in self.history():
            if isinstance(told, Failed):
                yield told
            elif isinstance(told, Replayed) and not told.again:
                yield told.page

    def history(self) -> Iterator[Replayed | Learned | Ruling | Failed]:
        """All that the captures log tells, in that order: pages with what was known of their sites when they were
        cleaned, those that gave another text when they were cleaned again, profiles, and rulings on stories.

        Following it makes the archive again as it was; nothing is logged twice. Failed: the bytes are damaged.
        """
        entries = self._blobs.entries()
        while some := list(islice(entries, _REPLAYED_AT_ONCE)):
            with self._taking_in() as intake:
                intake.adopt(each for each in some if isinstance(each, Capture) and not each.again)
            for each in some:
                if isinstance(each, Forgotten):
                    continue
                if isinstance(each, Learned | Ruling):
                    yield each
                    continue
                try:
                    yield Replayed(each.page(self._blobs.get(each.sha256)), each.profile, each.again)
                except (Damaged, NotFound) as error:
                    yield Failed(each.origin or each.sha256, "damaged", str(error), each.url)

    # --- what it answers

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
        """How many articles answer a query by day, week, source, language or agency, whatever its limit."""
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

    def forgotten(self, named: str) -> datetime | None:
        """When the article of that id, of its first digits or at that address was forgotten; None where it was not."""
        return self.takedowns.at(named)

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

    def copy(self, database: str, place: str | None = None, progress: Progress = unseen) -> Moved:
        """Move the archive to an empty database: see ``storage.transfer``. Raises Refused too.

        place: where its kept bytes are to be copied; None: both archives name the same place.
        """
        is_shared = place is None or full_place(place) == full_place(self.place)
        target = Database.open(database)
        try:
            elsewhere = None if is_shared else open_blobs(str(place))
            return Transfer(self._database, self._blobs, target, elsewhere).work(progress)
        finally:
            target.close()

    def migration(self) -> str:
        """The revision of the database's tables."""
        with self._database.reading() as connection:
            return str(migrations.revision(connection))

    def write_probe(self) -> str:
        """Try whether database and blob store can be written to, and bytes be read again; the sha256 of those."""
        with self._taking_in():
            sha256 = self._blobs.put(b"copydesk\n")
        self._blobs.get(sha256)
        return sha256

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """The connection of the transaction under way, or of one for this block."""
        with self._taking_in() as intake:
            yield intake.connection

    @contextmanager
    def _scrubbing(self) -> Iterator[Intake]:
        """A transaction of its own whose deletions leave no trace. Raises StorageError within a batch."""
        if self._intake is not None:
            raise StorageError("an article cannot be forgotten within a batch", "end the batch first")
        with self._taking_in(scrubbing=True) as intake:
            yield intake

    @contextmanager
    def _taking_in(self, *, scrubbing: bool = False) -> Iterator[Intake]:
        """The transaction under way, or one for this block. scrubbing: what it deletes leaves no trace."""
        if self._intake is not None:
            yield self._intake
            return
        try:
            with self._database.scrubbing() if scrubbing else self._database.writing() as connection:
                self._intake = Intake(connection, self._blobs, self._unnamed_run)
                yield self._intake
                self._intake.finish()
            self._unnamed_run = self._intake.unnamed_run
        except BaseException:
            self._blobs.discard()
            raise
        finally:
            self._intake = None
