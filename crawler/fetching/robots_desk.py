"""The robots desk: what each origin's robots.txt says, asked once a day and kept in the archive for all workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit

from crawler.archive_thread import ArchiveThread
from crawler.fetching.addresses import Networks
from crawler.fetching.fetch import Fetcher
from crawler.fetching.gate import Gate
from crawler.fetching.robots import RobotsAnswer, RobotsRules, Verdict, fetch_robots
from crawler.outlets import Outlet
from storage.links import Link, RobotsRecord

_DELAY = 5.0  # seconds between two requests to a host of which no source says anything


@dataclass(frozen=True, slots=True)
class Ruling:
    """What robots.txt means for a host: who may be fetched, how often; or when to ask again, and why.

    is_barred: the address guard refuses the host, so nothing is to be waited for.
    """

    allows: Callable[[str], bool]
    delay: float
    comes_back_at: datetime | None
    why: str
    is_barred: bool = False


class RobotsDesk:
    """Asks origins for their robots.txt, in their host's turn."""

    def __init__(self, archive: ArchiveThread, fetcher: Fetcher) -> None:
        self._archive = archive
        self._fetcher = fetcher
        self._known: dict[str, tuple[RobotsAnswer, RobotsRules]] = {}

    async def ask(self, link: Link, outlet: Outlet | None, gate: Gate, stopping: asyncio.Event) -> Ruling | None:
        """The ruling for a leased link; None when the worker stops meanwhile."""
        delay = outlet.source.fetch.delay_seconds if outlet else _DELAY
        parts = urlsplit(link.url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        known = self._known.get(origin)
        if known is None or known[0].expires_at <= datetime.now(UTC):
            pause = _Pause(gate, delay, stopping)
            try:
                answer = await self._current(origin, link, outlet.source.fetch.allow_private if outlet else (), pause)
            except _Stops:
                return None
            known = answer, RobotsRules(answer.body)
            if not _is_barred(answer):
                self._known[origin] = known
        answer, rules = known
        if answer.verdict == "defer":
            return Ruling(lambda _: False, delay, answer.expires_at, answer.why, _is_barred(answer))
        if answer.verdict == "allow":
            return Ruling(lambda _: True, delay, None, answer.why)
        return Ruling(rules.allows, max(delay, rules.crawl_delay or 0), None, answer.why)

    async def _current(self, origin: str, link: Link, allowed: Networks, pause: _Pause) -> RobotsAnswer:
        """An answer that has not expired: kept by some worker, or asked for now."""
        kept = await self._archive.do(lambda archive: archive.frontier.robots(origin))
        before = None
        if kept is not None:
            verdict = cast(Verdict, kept.verdict)
            before = RobotsAnswer(verdict, kept.body, kept.why, kept.fetched_at, kept.expires_at)
        if before and before.expires_at > datetime.now(UTC):
            return before
        await self._archive.do(lambda archive: archive.frontier.pace(link.worker, link.host, pause.delay))
        answer = await fetch_robots(self._fetcher, origin, allowed, before, pause)
        if _is_barred(answer):
            return answer  # of one source's allowance: another's may differ, and nobody was asked
        record = RobotsRecord(origin, answer.verdict, answer.body, answer.why, answer.fetched_at, answer.expires_at)
        await self._archive.do(lambda archive: archive.frontier.keep_robots(record))
        return answer


class _Stops(Exception):
    """The worker stops."""


@dataclass(frozen=True, slots=True)
class _Pause:
    """What the host wants before and after each request, redirects included, wherever these lead."""

    gate: Gate
    delay: float
    stopping: asyncio.Event

    async def __aenter__(self) -> None:
        if not await self.gate.wait(self.delay, self.stopping):
            raise _Stops

    async def __aexit__(self, *_: object) -> None:
        self.gate.passed(datetime.now(UTC))


def _is_barred(answer: RobotsAnswer) -> bool:
    """Whether the address guard let nobody ask."""
    return answer.verdict == "defer" and answer.why.startswith("address:")
