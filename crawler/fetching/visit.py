"""Visit: a few addresses fetched one after another outside of a crawl, with the manners of one, and nothing kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urljoin, urlsplit

import aiohttp

from crawler.errors import CrawlerError
from crawler.fetching.addresses import Networks
from crawler.fetching.answers import MOST_HOPS
from crawler.fetching.browser import Browser
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.gate import Gate
from crawler.fetching.limits import FetchLimits
from crawler.fetching.robots import RobotsRules, answer_of
from storage.links import LONG_AGO

Step = Literal["address", "connection", "tls", "robots", "status"]
STEPS: tuple[Step, ...] = ("address", "connection", "tls", "robots", "status")
"""What has to go well, in this order, for an address to be fetched."""

_STEP_OF: dict[str, Step] = {
    "address": "address", "scheme": "address", "dns": "address", "connect": "connection", "tls": "tls",
}  # fmt: skip
_LIMITS = FetchLimits()
_ROBOTS_LIMITS = FetchLimits(body_bytes=32 << 20, wire_bytes=32 << 20, seconds=30)

_REFUSED_HINTS = {
    "address": "look at the address; a server of an intranet has to be named in allow_private",
    "connection": "open it in a browser; if that works, the server may shut out programs or this network",
    "tls": "the certificate must be one that this machine trusts: it is always verified",
}


class NotFetched(CrawlerError):
    """Nothing was fetched. step: what went wrong. url: where, after the redirects up to it."""

    def __init__(self, step: Step, url: str, detail: str, hint: str | None = None) -> None:
        super().__init__(detail, hint)
        self.step: Step = step
        self.url = url


class TooManyRequests(CrawlerError):
    """The visit has made as many requests as it may."""


@dataclass(frozen=True, slots=True)
class Visited:
    """A page with a status of 2xx. fetched.url: where the redirects led. hops: the addresses that redirected."""

    fetched: Fetched
    hops: tuple[str, ...]


class Visit:
    """Fetches for one event loop, one address at a time, each only as robots.txt allows.

    delay_seconds: between two requests to a host; robots.txt may ask for more. most: requests in all; None for no
    limit. browser: for pages that are to be rendered. What is found out about a host is forgotten with the visit.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        delay_seconds: float,
        allow_private: Networks = (),
        most: int | None = None,
        browser: Browser | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._browser = browser
        self._delay = delay_seconds
        self.allow_private = allow_private
        self._left = most
        self._gates: dict[str, Gate] = {}
        self._rules: dict[str, RobotsRules | NotFetched] = {}
        self._stopping = asyncio.Event()  # never set: a visit ends by being cancelled

    async def get(
        self,
        url: str,
        limits: FetchLimits = _LIMITS,
        astray: Callable[[str], str | None] | None = None,
        *,
        render: bool = False,
    ) -> Visited:
        """The page at an address, along at most five redirects, each as guarded as the first.

        astray: says of the target of a redirect why it is not followed, or None. render: have the browser, where there
        is one, run its scripts. Raises NotFetched, TooManyRequests.
        """

        async def check(target: str) -> None:
            if astray and target != url and (why := astray(target)):
                raise NotFetched("status", target, why, "name its host under [fetch] hosts, if it is the outlet's")
            await self._check_robots(target)

        try:
            fetched, hops = await self._follow(url, limits, check)
            if render and self._browser:
                allows = (await self.rules(fetched.url)).allows
                fetched = await self._browser.render(fetched, allow_private=self.allow_private, allows=allows)
        except FetchError as error:
            step = _step_of(error) or "status"
            raise NotFetched(step, url, str(error), _REFUSED_HINTS.get(step)) from error
        if 200 <= fetched.status < 300:
            return Visited(fetched, hops)
        if 300 <= fetched.status < 400 and len(hops) == MOST_HOPS:
            raise NotFetched("status", fetched.url, f"more than {MOST_HOPS} redirects", "name where they lead to")
        raise NotFetched("status", fetched.url, *_meaning(fetched))

    async def rules(self, url: str) -> RobotsRules:
        """What robots.txt of the address's host says. Raises NotFetched and TooManyRequests."""
        origin = _origin(url)
        if origin not in self._rules:
            self._rules[origin] = await self._asked(origin)
        rules = self._rules[origin]
        if isinstance(rules, NotFetched):
            raise rules
        return rules

    async def _check_robots(self, url: str) -> None:
        rules = await self.rules(url)
        if not rules.allows(url):
            hint = "this is the outlet's to decide; another place may be open"
            raise NotFetched("robots", url, f"refused by {_origin(url)}/robots.txt", hint)
        self._gate(url).delay = max(self._delay, rules.crawl_delay or 0)

    async def _asked(self, origin: str) -> RobotsRules | NotFetched:
        url = f"{origin}/robots.txt"
        fetched: Fetched | FetchError
        try:
            fetched, _ = await self._follow(url, _ROBOTS_LIMITS)
        except FetchError as error:
            if step := _step_of(error):
                return NotFetched(step, url, str(error), _REFUSED_HINTS[step])
            fetched = error
        answer = answer_of(fetched, datetime.now(UTC), None)
        if answer.verdict == "defer":
            why = f"robots.txt cannot be read, and nothing may be fetched until it can: {answer.why}"
            return NotFetched("robots", url, why, "try again later; a crawl does so by itself")
        return RobotsRules(answer.body)

    async def _follow(
        self, url: str, limits: FetchLimits, check: Callable[[str], Awaitable[None]] | None = None
    ) -> tuple[Fetched, tuple[str, ...]]:
        """Fetch along redirects; the last answer is a redirect where there are too many. check: of each address."""
        hops: list[str] = []
        while True:
            if check:
                await check(url)
            fetched = await self._one(url, limits)
            location = fetched.header("location")
            if not 300 <= fetched.status < 400 or not location or len(hops) == MOST_HOPS:
                return fetched, tuple(hops)
            hops.append(url)
            try:
                url = urljoin(url, location.strip())
            except ValueError as error:
                raise FetchError("address", f"{url} redirects to {location[:200]!r}, which is no address") from error

    async def _one(self, url: str, limits: FetchLimits) -> Fetched:
        if self._left is not None:
            if self._left == 0:
                raise TooManyRequests("as many requests were made as a visit may make")
            self._left -= 1
        gate = self._gate(url)
        await gate.wait(gate.delay, self._stopping)
        try:
            return await self._fetcher.fetch(url, allow_private=self.allow_private, limits=limits)
        finally:
            gate.passed(datetime.now(UTC))

    def _gate(self, url: str) -> Gate:
        host = urlsplit(url).netloc.lower()
        if host not in self._gates:
            self._gates[host] = Gate(LONG_AGO, 0)
            self._gates[host].delay = self._delay
        return self._gates[host]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _step_of(error: FetchError) -> Step | None:
    """Where a request ended; None where the server was reached, and what it sent was the fault."""
    if isinstance(error.__cause__, aiohttp.ConnectionTimeoutError):
        return "connection"
    return _STEP_OF.get(error.reason)


def _meaning(fetched: Fetched) -> tuple[str, str]:
    """What a status says, and what to do."""
    said = f"answered {fetched.status}"
    if (wait := fetched.header("retry-after")) and fetched.status in (429, 503):
        said += f", and asks to wait: Retry-After {wait[:40]}"
    match fetched.status:
        case 401 | 402 | 403 | 407 | 451:
            return said, "open it in a browser; if that works, the server shuts out programs, and may be asked why"
        case 404 | 410:
            return said, "look for its new address: copydesk sources discover"
        case 429 | 503:
            return said, "try again later, with a longer delay_seconds"
        case status if status >= 500:
            return said, "the server is at fault: try again later"
    return said, "open it in a browser and see what it wants"
