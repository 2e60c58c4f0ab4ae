"""robots.txt by RFC 9309: what an answer means, how long it holds, and what the rules say."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urljoin

from protego import Protego

from crawler.fetching.addresses import Networks
from crawler.fetching.fetch import PRODUCT, Fetcher
from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.limits import FetchLimits

_KEPT = 512 * 1024  # bytes; the RFC asks for at least 500 KiB (2.5)
_FETCHED = FetchLimits(body_bytes=32 * 1024**2, wire_bytes=32 * 1024**2, seconds=30)
_REDIRECTS = 5  # RFC 9309, 2.3.1.2
_HOLDS = timedelta(hours=24)  # RFC 9309, 2.4
_FIRST_WAIT = timedelta(minutes=10)
_LONGEST_WAIT = timedelta(hours=6)
_LINE = 2000  # characters of a line: longer than any URL that is fetched
_ANCHORS = 20  # in a line: one means something; Protego takes its time over each
_RULES = 5000  # read in less than 0.3 seconds, also where each of them has a pattern
_SITEMAPS = 1000
_LONGEST_DELAY = 60.0  # seconds
_AT_ONCE = nullcontext()
_AGENT = re.compile(r"[a-z_-]+|\*", re.IGNORECASE)  # RFC 9309, 2.2.1
_RULE_KEYS = frozenset({"allow", "disallow", "crawl-delay"})


Verdict = Literal["rules", "allow", "defer"]


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What a host says of itself.

    verdict: ``rules`` when ``body`` holds them (at most 512 KiB are kept), ``allow`` when there are none, ``defer``
    when nobody knows and nothing may be fetched until it is asked again. why: for people. expires_at: when to ask.
    """

    verdict: Verdict
    body: bytes
    why: str
    fetched_at: datetime
    expires_at: datetime


async def fetch_robots(
    fetcher: Fetcher,
    origin: str,
    allow_private: Networks = (),
    before: RobotsAnswer | None = None,
    turn: AbstractAsyncContextManager[None] = _AT_ONCE,
) -> RobotsAnswer:
    """Ask ``origin``, such as ``https://gazette.example``, for its rules, along at most five redirects.

    The guard sees each hop. before: the last answer. turn: entered again for each request. What can go wrong is part of
    the answer.
    """
    fetched = await _fetched(fetcher, origin, allow_private, turn)
    return answer_of(fetched, datetime.now(UTC), before)


def answer_of(fetched: Fetched | FetchError | None, now: datetime, before: RobotsAnswer | None) -> RobotsAnswer:
    """What the answer to a request for robots.txt means. None: it could not even be asked for.

    2xx: its rules; a page of HTML has none. 4xx but 429, and redirects without end: no rules. Everything else means
    that nothing may be fetched (RFC 9309, 2.3.1.4), and is asked again after 10 minutes, doubling to 6 hours; but rules
    of the last 24 hours, in ``before``, stay in force.
    """
    match fetched:
        case Fetched(status=status, truncated=None) if 200 <= status < 300:
            return _read(fetched, now)
        case Fetched(status=status) if 300 <= status < 400 or (400 <= status < 500 and status != 429):
            return RobotsAnswer("allow", b"", f"answered {status}", now, now + _HOLDS)
        case Fetched(status=status, truncated=truncated):
            why = f"answered {status}" + (f", {truncated}" if truncated else "")
        case FetchError():
            why = f"{fetched.reason}: {fetched}"
        case None:
            why = "not to be asked"
    return _deferred(why, now, before)


class RobotsRules:
    """The rules of a robots.txt for copydesk: those of the groups that name it, else of the groups for all.

    sitemaps: addresses of sitemaps, whoever they are meant for. crawl_delay: seconds, at most 60; None where none is
    asked for. ignored: lines left out for being too long, too odd or too many. Any bytes can be read.
    """

    def __init__(self, body: bytes) -> None:
        lines = [line for line in re.split(r"\r\n|\r|\n", _text(body[:_KEPT])) if line.strip()]
        short = [line for line in lines if len(line) <= _LINE and line.count("$") <= _ANCHORS]
        pairs = list(_pairs(short))
        sitemaps = dict.fromkeys(value for key, value in pairs if key == "sitemap" and _is_url(value))
        rules = list(dict.fromkeys(_ours(pairs)))
        self.sitemaps = tuple(sitemaps)[:_SITEMAPS]
        self.ignored = len(lines) - len(short) + max(0, len(rules) - _RULES) + len(sitemaps) - len(self.sitemaps)
        # Protego reads one group: choosing it here keeps its cost to the rules that matter.
        self._protego = Protego.parse("\n".join(["User-agent: *", *rules[:_RULES]]))
        delay = self._protego.crawl_delay(PRODUCT)
        self.crawl_delay = None if delay is None else min(delay, _LONGEST_DELAY)

    def allows(self, url: str) -> bool:
        """Whether ``url``, on the host of these rules, may be fetched."""
        return bool(self._protego.can_fetch(url, PRODUCT))


async def _fetched(
    fetcher: Fetcher, origin: str, allow_private: Networks, turn: AbstractAsyncContextManager[None]
) -> Fetched | FetchError:
    url = urljoin(origin, "/robots.txt")
    hops = 0
    try:
        while True:
            async with turn:
                fetched = await fetcher.fetch(url, allow_private=allow_private, limits=_FETCHED)
            place = fetched.header("location")
            if not 300 <= fetched.status < 400 or not place or hops == _REDIRECTS:
                return fetched
            url = urljoin(url, place)
            hops += 1
    except FetchError as error:
        return error
    except ValueError as error:  # of urljoin, on what cannot be a URL
        return FetchError("address", f"{origin}/robots.txt redirects to no URL: {error}")


def _read(fetched: Fetched, now: datetime) -> RobotsAnswer:
    body = fetched.body[:_KEPT]
    if _text(body[:1000]).lstrip().startswith("<"):
        return RobotsAnswer("allow", b"", "answered with a page, not with rules", now, now + _HOLDS)
    cut = f"; kept the first {_KEPT:,} of {len(fetched.body):,} bytes" if len(fetched.body) > _KEPT else ""
    return RobotsAnswer("rules", body, f"answered {fetched.status}{cut}", now, now + _HOLDS)


def _deferred(why: str, now: datetime, before: RobotsAnswer | None) -> RobotsAnswer:
    if before and before.verdict == "rules" and now < before.fetched_at + _HOLDS:
        until = min(now + _FIRST_WAIT, before.fetched_at + _HOLDS)
        return RobotsAnswer("rules", before.body, f"{why}; earlier rules hold", before.fetched_at, until)
    wait = _FIRST_WAIT
    if before and before.verdict == "defer":
        wait = min(max(2 * (before.expires_at - before.fetched_at), _FIRST_WAIT), _LONGEST_WAIT)
    return RobotsAnswer("defer", b"", why, now, now + wait)


def _text(body: bytes) -> str:
    """Text of any bytes; a NUL is dropped, so that UTF-16 without a mark is read as well."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    return body.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").decode("utf-8", "replace")


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _ours(pairs: list[tuple[str, str]]) -> Iterator[str]:
    """The rules that hold for us: of all groups that name us, else of all for everyone (RFC 9309, 2.2.1)."""
    groups: dict[str, list[str]] = {PRODUCT: [], "*": []}
    named = False
    agents: set[str] = set()
    heading = False  # whether the last line was a User-agent line: they share the rules that follow
    for key, value in pairs:
        if key == "user-agent":
            agents = agents if heading else set()
            heading = True
            token = _AGENT.match(value)
            agents.add(token[0].lower() if token else "")
            named = named or PRODUCT in agents
        elif key in _RULE_KEYS:
            heading = False
            for agent in agents & groups.keys():
                groups[agent].append(f"{key}: {value}")
    yield from groups[PRODUCT] if named else groups["*"]


def _is_url(value: str) -> bool:
    return value.lower().startswith(("http://", "https://"))
