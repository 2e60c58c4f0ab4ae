"""Host service: one host's links, one after the other. robots.txt first, and the pause that the host wants between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from crawler.archive_thread import ArchiveThread
from crawler.fetching.answers import Answer, breaker
from crawler.fetching.gate import Gate
from crawler.fetching.robots_desk import RobotsDesk, Ruling
from crawler.finding import next_place, trapped
from crawler.hand import Hand
from crawler.outlets import Outlet, Outlets
from crawler.settlements import Settlement, Settler
from crawler.turn import Turn
from storage.links import Host, Link, Passed, Postponed, Released
from storage.records import Failed

_CHARGED_AHEAD = 0.25  # seconds of fetches that are charged together, and …
_CHARGED_AT_ONCE = 8  # … at most so many: where there is no pause, waiting for the archive each time would be one

More = Callable[[str], Awaitable[Sequence[Link]]]
"""Leases more links of a host that is held."""


@dataclass(frozen=True, slots=True)
class _Turns:
    """What is left to do at a host. alone: one link, with nothing beside it. charged: keys, until their turn comes."""

    gate: Gate
    links: deque[Link]
    alone: bool
    charged: set[str] = field(default_factory=set)


class HostService:
    """Serves hosts for a worker. kinds: of places to be tried; None for all. fetched: is called after each fetch."""

    def __init__(
        self,
        worker: str,
        archive: ArchiveThread,
        settler: Settler,
        robots: RobotsDesk,
        hand: Hand,
        stopping: asyncio.Event,
        kinds: frozenset[str] | None,
        fetched: Callable[[], None],
    ) -> None:
        self._worker = worker
        self._archive = archive
        self._settler = settler
        self._outlets = Outlets(archive)
        self._robots = robots
        self._hand = hand
        self._stopping = stopping
        self._kinds = kinds
        self._fetched = fetched

    async def serve(self, host: Host, more: More | None) -> None:
        """Fetch the links of a host, and those that follow; then let it go. more: None for one link alone."""
        turns = _Turns(Gate(host.not_before, host.failures), deque(host.links), more is None)
        gate = turns.gate
        try:
            while turns.links and not self._stopping.is_set():
                if not await self._serve_link(turns.links.popleft(), turns):
                    break
                if more and not turns.links:
                    turns.links.extend(await more(host.name))
        finally:
            self._settler.release(
                self._worker, Released(host.name, gate.not_before, gate.failures, gate.delay, tuple(turns.charged))
            )

    async def _serve_link(self, link: Link, turns: _Turns) -> bool:
        """Fetch a link, or find that it must not be. False: the host is to be left alone for now."""
        gate = turns.gate
        outlet = await self._outlets.get(link.source)
        robots = await self._robots.ask(link, outlet, gate, self._stopping)
        if robots is None:
            return False
        if robots.comes_back_at is not None and not robots.is_barred:
            gate.hold(robots.comes_back_at)
            self._settler.put(Settlement(link, Postponed(robots.comes_back_at, robots.why)))
            return False
        if unfetched := self._unfetched(link, outlet, robots):
            self._settler.put(unfetched)
            return True
        if not await gate.wait(robots.delay, self._stopping) or not await self._hand.has_room():
            return False
        turn = Turn(link, outlet, robots.allows)
        async with self._hand.rendered if turn.is_rendered else nullcontext(), self._hand.fetches:
            if not await self._is_charged(link, turns, robots.delay):
                return True
            answered = await self._hand.fetch(turn)
        return await self._heed(answered, link.host, gate)

    def _unfetched(self, link: Link, outlet: Outlet | None, robots: Ruling) -> Settlement | None:
        """The end of a link that must not be fetched."""
        if robots.is_barred:
            barred = Failed(link.found_on or link.url, "address", robots.why.removeprefix("address: "), link.url)
            return Settlement(link, barred, otherwise=next_place(link, outlet, self._kinds))
        if not robots.allows(link.url):
            refused = Passed("refused", f"robots.txt of {link.host} refuses it")
            return Settlement(link, refused, otherwise=next_place(link, outlet, self._kinds))
        if outlet and (why := trapped(link, outlet)):
            return Settlement(link, Passed("outside", why))
        return None

    async def _is_charged(self, link: Link, turns: _Turns, delay: float) -> bool:
        """Have a fetch charged, and with it those that follow in a moment. False: the lease was lost."""
        if link.key not in turns.charged:
            number = 1 if turns.alone or delay > _CHARGED_AHEAD else _CHARGED_AT_ONCE
            keys = [link.key, *(each.key for each in islice(turns.links, number - 1))]
            charged = await self._archive.do(
                lambda archive: archive.frontier.charge(self._worker, *keys, alone=turns.alone, delay=delay)
            )
            turns.charged.update(charged)
        if link.key not in turns.charged:
            return False
        turns.charged.remove(link.key)
        return True

    async def _heed(self, answered: Answer, host: str, gate: Gate) -> bool:
        """Give the host the pause that it wants; whether it may be asked again then."""
        now = datetime.now(UTC)
        gate.passed(now)
        self._fetched()
        gate.failures = gate.failures + 1 if answered.host_failed else 0
        pauses = [until for until in (answered.host_until, breaker(gate.failures, now)) if until is not None]
        for until in pauses:
            gate.hold(until)
        if pauses:  # at once: it must outlive this worker
            rest = gate.not_before, gate.failures
            await self._archive.do(lambda archive: archive.frontier.rest(self._worker, host, *rest))
        return not pauses
