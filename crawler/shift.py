"""Shift: what one worker does between signing on and signing off, whatever drives its downloads.

It holds hosts, each served by a task of its own (host_service.py), and turns are in its hand (hand.py) while they are
fetched and read. What came of each link waits a moment, so that many outcomes share one transaction.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

from crawler.archive_thread import ArchiveThread
from crawler.fetching.fetch import Fetcher
from crawler.fetching.robots_desk import RobotsDesk
from crawler.hand import Hand
from crawler.host_service import HostService, More
from crawler.outlets import Outlet
from crawler.parsers import Parsers
from crawler.process_identity import dead_workers, here
from crawler.profiles import NO_ADVICE, Briefing
from crawler.settlements import Settlement, Settler
from crawler.site_desk import SiteDesk
from crawler.turn import Turn
from storage import Archive, StorageError
from storage.frontier import HEARTBEAT
from storage.links import Host, Link, Order, Postponed
from storage.records import Page, Saved

_HOSTS = 256  # held at once: most of them wait for their pause to be over
_HOSTS_AT_ONCE = 32  # leased in one transaction, since other writers wait for it
_IN_HAND = 50  # links of one host leased at once, at most
_PAUSES = (0.05, 0.5)  # seconds between two looks for work: at once after some was found, then less often
_SOON = timedelta(minutes=2)  # a shift that ends with its work does not wait longer for a link

_log = logging.getLogger(__name__)


class Shift:
    """One worker at work, from ``begin`` over ``attend`` to ``end``.

    most_pages: then it is over, so that what libraries leak goes. cleaners: processes that parse; None for one a core.
    kinds: of places to be tried; None for all.
    """

    def __init__(
        self,
        open_archive: Callable[[], Archive],
        *,
        most_pages: int | None = None,
        cleaners: int | None = None,
        agent: str | None = None,
        kinds: frozenset[str] | None = None,
    ) -> None:
        self.over = False
        self.fault: BaseException | None = None
        self.parsers = Parsers(cleaners)
        self._run: int | None = None
        self._forever = False
        self._most_pages = most_pages
        self._kinds = kinds
        self._open_archive = open_archive
        self._fetcher = Fetcher(agent)
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self.hand = Hand(self._stopping)
        self._work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._orders: dict[int, Order] = {}
        self._pages = 0
        self._buried = False
        self._clearing = False  # hosts are let go, because a link is to be fetched alone
        self._id, self._node, self._process = here()

    async def begin(self) -> None:
        """Open the archive. Where it cannot be reached, the shift is over, and ``fault`` tells why."""
        try:
            with self._failing():
                self.archive = await ArchiveThread.open(self._open_archive)
        except StorageError:
            return
        self._sites = await self.archive.do(SiteDesk)
        self.settler = Settler(self.archive, self._sites.learn)
        self._service = HostService(
            self._id, self.archive, self.settler, RobotsDesk(self.archive, self._fetcher), self.hand, self._stopping,
            self._kinds, self._count,
        )  # fmt: skip

    async def attend(self, run: int | None = None, *, forever: bool = False) -> None:
        """Sign on, and carry out a run, None for all of them, until no link is left that is ready soon; or for ever.

        As ``begin`` where the archive cannot be reached.
        """
        self._run = run
        self._forever = forever
        try:
            with self._failing():
                await self.archive.do(self._sign_on)
        except StorageError:
            return
        self._tasks = [self._begun(each) for each in (self._look_for_work(), self._live(), self.settler.work())]

    @property
    def stopping(self) -> bool:
        """Whether it takes no more links."""
        return self._stopping.is_set()

    @property
    def is_tired(self) -> bool:
        """Whether another one is to go on: it has fetched enough, or was taken for dead."""
        return self._buried or (self._most_pages is not None and self._pages >= self._most_pages)

    def stop(self) -> None:
        """Take no more links; what is under way is finished."""
        self._stopping.set()
        self._work.set()
        self.hand.look()

    async def end(self) -> None:
        """Sign off: what was fetched is settled, the rest goes back. After a fault, nothing is: others take it over."""
        self.over = True
        self.stop()
        if not hasattr(self, "settler"):  # the archive could not be opened
            return
        tasks = [*self._serving.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.fault is None:
            await self.settler.flush()
            await self.archive.do(lambda archive: archive.frontier.sign_off(self._id))
            await self.archive.do(lambda archive: archive.frontier.close_runs())
        await self.archive.close()
        await self._fetcher.close()
        await asyncio.to_thread(self.parsers.close)

    def abort(self, error: BaseException) -> None:
        """End because of what must not happen; whoever drives the shift raises it."""
        if self.fault is None:
            self.fault = error
        self.stop()
        self.over = True
        self.hand.drop()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What goes wrong here ends the shift."""
        try:
            yield
        except Exception as error:
            self.abort(error)
            raise

    def _begun(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A task of this shift: when it fails, the shift does."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._look_at)
        return task

    def _look_at(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.abort(error)

    @asynccontextmanager
    async def in_hand(self, turn: Turn) -> AsyncIterator[None]:
        """While an answer is being dealt with; the shift does not end before. What goes wrong there ends it."""
        try:
            with self._failing():
                yield
        finally:
            self.hand.lay_down(turn)

    async def settle(self, turn: Turn, settlement: Settlement) -> Saved | None:
        """Have a lease ended; returns when that is durable. None: it was lost, or the link comes back."""
        if settlement.page is not None or settlement.named:
            self.hand.widen()
        saved = await self.settler.put(settlement)
        if settlement.named or isinstance(settlement.result, Postponed):
            self._work.set()
        if turn.outlet and settlement.taught:
            turn.outlet.learn(settlement.taught)
        return saved

    async def order(self, run: int) -> Order:
        """What a run was asked for."""
        if run not in self._orders:
            self._orders[run] = await self.archive.do(lambda archive: archive.order(run))
        return self._orders[run]

    async def briefing(self, page: Page, outlet: Outlet | None) -> Briefing | None:
        """What is known before a page is cleaned."""
        advice = outlet.source.clean if outlet else NO_ADVICE
        if at_hand := self._sites.at_hand(page, advice):
            return at_hand[0]
        return await self.archive.do(lambda _: self._sites.briefing(page, advice))

    # --- signing on and staying alive

    def _sign_on(self, archive: Archive) -> None:
        dead = dead_workers(archive, self._node)
        archive.frontier.sign_on(self._id, self._node, self._process, dead.workers, self._run, dead.swept)

    async def _live(self) -> None:
        while await self.archive.do(lambda archive: archive.frontier.heartbeat(self._id)):
            await asyncio.sleep(HEARTBEAT.total_seconds())
        _log.warning("this worker was taken for dead: its links are others' now")
        self._buried = True
        self.stop()

    # --- finding work

    async def _look_for_work(self) -> None:
        pause, looked_at = _PAUSES[0], 0.0
        while not self._stopping.is_set():
            self._work.clear()
            found = await self._lease()
            if not found and not self._busy:
                looked_at = time.monotonic()
                await self.archive.do(lambda archive: archive.frontier.close_runs())
                if not self._forever and await self._nothing_soon():
                    break
            elif time.monotonic() - looked_at > 1:
                looked_at = time.monotonic()
                await self.archive.do(lambda archive: archive.frontier.close_runs())
            pause = _PAUSES[0] if found else min(pause * 2, _PAUSES[1])
            try:
                await asyncio.wait_for(self._work.wait(), pause)
            except TimeoutError:
                continue
        while self._busy and not self.over:
            await asyncio.sleep(0.02)
        self.over = True
        self.hand.nudge()

    async def _lease(self) -> bool:
        """Take hosts and serve them; whether there were any."""
        self._clearing = await self.archive.do(lambda archive: archive.frontier.has_suspects(self._run))
        if self._clearing:
            return await self._serve_suspect()
        room = min(_HOSTS - len(self._serving), _HOSTS_AT_ONCE)
        if room <= 0:
            return False
        hosts = await self.archive.do(lambda archive: archive.frontier.lease(self._id, room, _IN_HAND, self._run))
        for host in hosts:
            self._serve(host, self._more)
        return bool(hosts)

    async def _serve_suspect(self) -> bool:
        """Fetch a link over which a worker may have died, with nothing beside it."""
        if self._busy:
            return False
        await self.parsers.ready()  # the shorter a link is alone, the less likely another death is laid at its door
        host = await self.archive.do(lambda archive: archive.frontier.lease_suspect(self._id, self._run))
        if host is None:
            return False
        self._serve(host, None)
        while self._busy and not self._stopping.is_set():
            await self.settler.flush()  # nobody shares its transaction, and others wait for their turn
            await asyncio.sleep(0.01)
        return True

    @property
    def _busy(self) -> bool:
        """Whether anything is under way that is not durable yet."""
        return bool(self._serving or self.hand or self.settler.waiting)

    async def _nothing_soon(self) -> bool:
        due = await self.archive.do(lambda archive: archive.frontier.next_due(self._run))
        return due is None or due > datetime.now(UTC) + _SOON

    # --- serving a host

    def _serve(self, host: Host, more: More | None) -> None:
        self._serving[host.name] = self._begun(self._served(host, more))

    async def _served(self, host: Host, more: More | None) -> None:
        try:
            await self._service.serve(host, more)
        finally:
            del self._serving[host.name]
            self._work.set()

    async def _more(self, host: str) -> Sequence[Link]:
        if self._stopping.is_set() or self._clearing:
            return ()
        await self.settler.flush()  # what its listings named is to be among them
        hosts = await self.archive.do(lambda archive: archive.frontier.lease(self._id, 0, _IN_HAND, self._run, [host]))
        return hosts[0].links if hosts else ()

    def _count(self) -> None:
        self._pages += 1
        if self.is_tired:
            self.stop()
