"""Answers: what a server's answer, or its silence, means for the link that asked and for the host."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.fetching.fetched import FetchError
from crawler.fetching.retry_after import retry_after
from crawler.listings.addresses import web_address
from storage.links import Link, Passed, Postponed
from storage.records import Failed

MOST_HOPS = 5
"""Redirects followed from the address that was named."""

_TRIES = 3  # fetches of a link that may fail before it counts as failed
_FIRST_PAUSE, _LONGEST_PAUSE = (
    5.0,
    300.0,
)  # seconds before a link that failed is tried again; four times as long each time
_ASKED_PAUSE = 30.0  # seconds that a host is left alone that is asked too much and does not say for how long
_BROWSER_PAUSE = timedelta(hours=1)  # until it is looked whether there is a browser now
_BREAKER = 5  # failures of a host in a row that open its breaker …
_FIRST_BREAK, _LONGEST_BREAK = timedelta(minutes=5), timedelta(hours=6)  # … for so long, doubling

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_ASKING_FOR_TIME = frozenset({429, 503})

Header = Callable[[str], str | None]
"""The value of a header by its name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows from an answer. end: of the lease; None for a page to be read. host_until: no request to the host
    earlier. host_failed: whether the host, not the page, did not answer as a host should."""

    end: Passed | Failed | Postponed | None = None
    host_until: datetime | None = None
    host_failed: bool = False


def answer(link: Link, status: int, header: Header, now: datetime) -> Answer:
    """What an answer means."""
    if status == 304:
        return Answer(Passed("unchanged" if link.kind == "article" else "listed", "304: not modified since"))
    if status in _REDIRECTS:
        return Answer(_redirected(link, status, header("Location"), now))
    if status in _ASKING_FOR_TIME and (pause := retry_after(header("Retry-After"), now)) is not None:
        until = now + pause
        return Answer(Postponed(until, f"http-{status}: {link.host} asks to wait"), until, host_failed=True)
    if status in _TRANSIENT:
        pause = timedelta(seconds=_ASKED_PAUSE * 2**link.failures)
        again = _again(link, f"http-{status}", f"answered {status}", now)
        return Answer(again, now + pause if status == 429 else None, host_failed=status != 408)
    if status >= 400 or status < 200:
        return Answer(_failed(link, f"http-{status}", f"answered {status}"))
    return Answer()


def silence(link: Link, error: FetchError, now: datetime) -> Answer:
    """What it means that nothing was fetched."""
    if error.reason == "browser":  # this machine's fault: nothing is lost, and the host is not charged with it
        return Answer(Postponed(now + _BROWSER_PAUSE, f"browser: {error}"))
    if error.transient:
        return Answer(_again(link, error.reason, str(error), now), host_failed=True)
    return Answer(_failed(link, error.reason, str(error)))


def broken_off(link: Link, why: str, now: datetime) -> Postponed | Failed | None:
    """What it means that a page did not come whole: one more try; None where it had that, and is taken as it is."""
    return _again(link, "cut", why, now) if link.failures == 0 else None


def breaker(failures: int, now: datetime) -> datetime | None:
    """Until when a host is left alone that failed so often in a row; one probe then; None for not yet."""
    if failures < _BREAKER:
        return None
    doubled = min(failures - _BREAKER, 12)
    return now + min(_LONGEST_BREAK, _FIRST_BREAK * (1 << doubled))


def _redirected(link: Link, status: int, location: str | None, now: datetime) -> Postponed | Failed:
    if not location:
        return _failed(link, "redirect", f"answered {status} without saying where to")
    if link.hops >= MOST_HOPS:
        return _failed(link, "redirect", f"more than {MOST_HOPS} redirects, the last to {location[:200]}")
    target = web_address(location, link.url)
    if target is None:
        return _failed(link, "redirect", f"redirects to {location[:200]!r}, which is no web address")
    if target.split("#")[0] == link.url.split("#")[0]:
        return _failed(link, "redirect", "redirects to itself")
    return Postponed(now, f"http-{status}: redirects to {target[:500]}", url=target)


def _again(link: Link, reason: str, detail: str, now: datetime) -> Postponed | Failed:
    """Another try later, unless there were enough."""
    tries = link.failures + 1
    if tries >= _TRIES:
        return _failed(link, reason, f"{detail}, {tries} times")
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 4**link.failures)
    pause *= random.uniform(0.75, 1.25)  # noqa: S311 - so that links that failed together do not come back together
    return Postponed(now + timedelta(seconds=pause), f"{reason}: {detail}; try {tries + 1} of {_TRIES}", failed=True)


def _failed(link: Link, reason: str, detail: str) -> Failed:
    return Failed(link.found_on or link.url, reason, detail, url=link.url)
