"""The archive's frontier as a Scrapy scheduler: Scrapy asks for requests, and the shift says whose turn it is.

Scrapy's methods are synchronous and the archive is not to be waited for in an event loop, so the shift leases ahead in
tasks of its own, and wakes the engine when a turn has come. Requests of anyone else are passed on as they come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.utils.defer import deferred_from_coro
from twisted.internet.defer import Deferred

from crawler.shift import Shift
from crawler.turn import Turn


class Crew(Protocol):
    """A spider that works a shift."""

    shift: Shift

    def request(self, turn: Turn) -> Request:
        """The request for a turn."""


class FrontierScheduler(BaseScheduler):
    """For spiders that work a shift; its own queue is nothing but the turns that have come."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._others: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FrontierScheduler:
        """As Scrapy makes it."""
        return cls(crawler)

    def open(self, spider: Spider) -> Deferred[None] | None:
        """Sign on, and look for work."""
        self._spider = cast(Crew, spider)
        return deferred_from_coro(self._begin())

    def close(self, reason: str) -> Deferred[None] | None:  # noqa: ARG002 - Scrapy's
        """Sign off."""
        return deferred_from_coro(self._spider.shift.end())

    def has_pending_requests(self) -> bool:
        """Whether the shift goes on; Scrapy closes an idle spider where this is False."""
        return bool(self._others) or not self._spider.shift.over

    def enqueue_request(self, request: Request) -> bool:
        """Take a request that does not come from the frontier, such as one of a spider's own."""
        self._others.append(request)
        return True

    def next_request(self) -> Request | None:
        """The request whose turn has come."""
        if self._others:
            return self._others.popleft()
        turn = self._spider.shift.hand.next()
        return self._spider.request(turn) if turn else None

    async def _begin(self) -> None:
        await self._spider.shift.begin()
        self._spider.shift.hand.nudge = self._wake  # the engine cannot be woken sooner

    def _wake(self) -> None:
        engine = self._crawler.engine
        slot = engine and engine._slot  # Scrapy gives no other way to say that there is work
        if slot:
            cast(Callable[[], None], slot.nextcall.schedule)()
