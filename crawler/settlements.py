"""Settlements: the ends of leases, gathered for a moment so that many share one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crawler.archive_thread import ArchiveThread
from crawler.site_desk import taught
from storage import Archive
from storage.links import Link, Named, Passed, Postponed, Released, Taught, Validators
from storage.records import Article, Failed, Page, Rejected, Saved

_MOST = 64  # in one transaction
_SECONDS = 0.3  # that the first of them waits for others; an outcome is durable within twice that, and its saving


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """What ends a lease; see ``Archive.settle`` and ``Archive.postpone``. saved: None where the lease was lost, or
    the link comes back."""

    link: Link
    result: Article | Rejected | Failed | Passed | Postponed
    page: Page | None = None
    named: Sequence[Named] = ()
    otherwise: Sequence[Named] = ()
    validators: Validators | None = None
    taught: Taught | None = None
    ask_at: datetime | None = None
    saved: asyncio.Future[Saved | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Settler:
    """Commits what it is given, in the order of its coming. learn: told, in the archive's thread, of the sites that
    what was committed taught something."""

    def __init__(self, archive: ArchiveThread, learn: Callable[[Collection[str]], None] = lambda _: None) -> None:
        self._archive = archive
        self._learn = learn
        self._waiting: list[Settlement] = []
        self._released: list[tuple[str, Released]] = []
        self._under_way = 0
        self._come = asyncio.Event()
        self._turn = asyncio.Lock()
        self._fault: Exception | None = None

    @property
    def waiting(self) -> bool:
        """Whether something is not durable yet."""
        return bool(self._waiting or self._released or self._under_way)

    def put(self, settlement: Settlement) -> Awaitable[Saved | None]:
        """Have a lease ended; what is returned can be awaited for the outcome."""
        self._waiting.append(settlement)
        if self._fault is not None:
            self._give_up(self._fault)
        self._come.set()
        return settlement.saved

    def release(self, worker: str, host: Released) -> None:
        """Have a host let go, after what was put before."""
        self._released.append((worker, host))
        self._come.set()

    async def work(self) -> None:
        """Commit, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            if len(self._waiting) < _MOST:
                await asyncio.sleep(_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Commit all that waits. When the archive fails, so does everyone who waits for an outcome, now and later."""
        async with self._turn:
            while self._waiting or self._released:
                some, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                released, self._released = (self._released, []) if not self._waiting else ([], self._released)
                self._under_way = 1
                try:
                    outcomes = await self._archive.do(lambda archive: self._commit(archive, some, released))  # noqa: B023 - awaited here
                except Exception as error:
                    self._waiting = [*some, *self._waiting]
                    self._give_up(error)
                    raise
                finally:
                    self._under_way = 0
                for settlement, saved in zip(some, outcomes, strict=True):
                    if not settlement.saved.done():
                        settlement.saved.set_result(saved)

    def _commit(
        self, archive: Archive, some: Sequence[Settlement], released: Sequence[tuple[str, Released]]
    ) -> list[Saved | None]:
        outcomes = _commit(archive, some, released)
        sites = {taught(each.page, each.result, saved) for each, saved in zip(some, outcomes, strict=True)}
        self._learn({site for site in sites if site})
        return outcomes

    def _give_up(self, error: Exception) -> None:
        self._fault = error
        for settlement in self._waiting:
            if not settlement.saved.done():
                settlement.saved.set_exception(error)
                settlement.saved.exception()  # not everyone waits for it
        self._waiting.clear()


def _commit(
    archive: Archive, settlements: Sequence[Settlement], released: Sequence[tuple[str, Released]]
) -> list[Saved | None]:
    with archive.batch():
        pages = [
            (each.page, each.result)
            for each in settlements
            if each.page is not None and isinstance(each.result, Article | Rejected)
        ]
        archive.expect(pages, [each.link for each in settlements])
        outcomes = [_settle(archive, each) for each in settlements]
        for worker, host in released:
            archive.frontier.release(worker, [host])
    return outcomes


def _settle(archive: Archive, each: Settlement) -> Saved | None:
    if isinstance(each.result, Postponed):
        archive.postpone(each.link, each.result)
        return None
    return archive.settle(
        each.link, each.page, each.result, each.named,
        otherwise=each.otherwise, validators=each.validators, taught=each.taught, ask_at=each.ask_at,
    )  # fmt: skip
