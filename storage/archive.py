"""The archive: every article once, with each of its texts, each time it was seen, and the bytes it came as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from storage import ledger
from storage.backup import Progress, unseen
from storage.blobs import full_place, open_blobs
from storage.captures import Capture, Replayed
from storage.database import Database
from storage.errors import ArchiveUnavailable, Damaged, NotFound, StorageError
from storage.failing_listings import FailingListings
from storage.filing import file_run
from storage.forgetting import Takedown
from storage.frontier import Frontier
from storage.holdings import Holdings
from storage.intake import Intake
from storage.learned import Learned
from storage.leases import clock
from storage.links import Filing, Link, Named, Order, Passed, Postponed, Taught, Validators
from storage.paces import Paces
from storage.problems import Problems
from storage.profiles import Profiles
from storage.pruning import Pruning
from storage.pulses import Pulses
from storage.records import Article, Failed, Page, Rejected, Saved
from storage.relinking import Relinking
from storage.requests import Requests
from storage.rulings import Ruling
from storage.second_looks import SecondLooks
from storage.sources import Sources
from storage.stories import Stories
from storage.takedowns import Takedowns
from storage.tokens import Tokens
from storage.tombstones import Forgotten
from storage.transfer import Moved, Transfer
from storage.watches import Watches
from storage.withdrawals import Withdrawal, Withdrawals

_REPLAYED_AT_ONCE = 500


class Archive(Holdings):
    """An open archive: what it holds, and what comes in and goes. It saves for one thread at a time; others open their
    own, and may do so all at once.

    Every method may raise ArchiveUnavailable. Answers are of what is committed: a batch under way is not in them.
    place: where the kept bytes are, a folder or ``s3://bucket/prefix``.
    """

    def __init__(self, database: Database, place: str) -> None:
        super().__init__(database, open_blobs(place))
        self.place = place
        self._intake: Intake | None = None
        self.frontier = Frontier(database, self._writing)
        self.sources = Sources(database, self._writing)
        self.paces = Paces(database, self._writing)
        self.profiles = Profiles(database, self._blobs, self._taking_in)
        self.stories = Stories(database, self._taking_in)
        self.withdrawals = Withdrawals(self._taking_in)
        self.pulses = Pulses(database, self._writing)
        self.second_looks = SecondLooks(database)
        self.failing_listings = FailingListings(database)
        self.problems = Problems(database, self._writing)
        self.relinking = Relinking(database, self._writing)
        self.tokens = Tokens(database, self._writing)
        self.requests = Requests(self._writing)
        self.watches = Watches(database, self._writing)
        self.takedowns = Takedowns(database, self._blobs, self._scrubbing, self._writing)
        self.pruning = Pruning(database, self._blobs, self._writing, self.pulses)
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

    def forgotten(self, named: str) -> datetime | None:
        """When the article of that id, of its first digits or at that address was forgotten; None where it was not."""
        return self.takedowns.at(named)

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

    def history(self) -> Iterator[Replayed | Learned | Ruling | Withdrawal | Failed]:
        """All that the captures log tells, in that order: pages with what was known of their sites when they were
        cleaned, those that gave another text when they were cleaned again, profiles, rulings on stories, and articles
        whose page went or came back.

        Following it makes the archive again as it was; nothing is logged twice. Failed: the bytes are damaged.
        """
        entries = self._blobs.entries()
        while some := list(islice(entries, _REPLAYED_AT_ONCE)):
            with self._taking_in() as intake:
                intake.adopt(each for each in some if isinstance(each, Capture) and not each.again)
            for each in some:
                if isinstance(each, Forgotten):
                    continue
                if isinstance(each, Learned | Ruling | Withdrawal):
                    yield each
                    continue
                try:
                    yield Replayed(each.page(self._blobs.get(each.sha256)), each.profile, each.again)
                except (Damaged, NotFound) as error:
                    yield Failed(each.origin or each.sha256, "damaged", str(error), each.url)

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
