"""Probe: what a source's places would bring, looked at outside of a run; nothing of it is kept."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from crawler.fetching.browser import Browser
from crawler.fetching.chromium import Chromium
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import Fetched
from crawler.fetching.visit import Visit, Visited
from crawler.finding import astray, named_of
from crawler.listings.feeds import read_feed
from crawler.listings.listing import Listing
from crawler.listings.sections import read_section
from crawler.listings.sitemaps import read_sitemap
from crawler.outlets import Outlet
from crawler.parsers import Parsers
from crawler.profiles import Briefing
from crawler.sandbox import clean_page
from crawler.settings import Settings
from crawler.source import Source
from crawler.turn import is_rendered, limits_of
from storage.links import Link, LinkKind, Named, Order
from storage.records import Article, Claims, Page, Rejected

Brief = Callable[[Page], Briefing | None]
"""Says what is known before a page is cleaned."""

_FURTHER = 2  # sitemaps of an index that are looked into for articles; a crawl goes through all


@dataclass(frozen=True, slots=True)
class Looked:
    """A listing as a crawl would read it. articles: with a verdict where they are not to be fetched; newest first.

    within: the listings that it named and that were looked into, because it named no articles itself.
    """

    visited: Visited
    listing: Listing
    articles: tuple[Named, ...]
    within: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[Named, ...]:
        """The articles that a crawl would fetch, if they are not known."""
        return tuple(article for article in self.articles if article.verdict is None)


@dataclass(frozen=True, slots=True)
class Sample:
    """An article as a crawl would read it."""

    visited: Visited
    page: Page
    result: Article | Rejected


class Probe:
    """Looks at a source. learned: what its addresses taught, as ``Sources.shapes`` tells it. brief: what is known
    before a page is cleaned; None for what the source's file says alone."""

    def __init__(
        self,
        source: Source,
        visit: Visit,
        parsers: Parsers,
        learned: Mapping[str, tuple[int, int]] | None = None,
        brief: Brief | None = None,
    ) -> None:
        patterns = tuple(re.compile(pattern) for pattern in source.fetch.article)
        self.source = source
        self._outlet = Outlet(source, patterns, dict(learned or {}))
        self._brief = brief or (lambda _: Briefing.of(source.clean, None))
        self._visit = visit
        self._parsers = parsers

    async def listing(self, named: Named) -> Looked:
        """A listing, fetched and read. Raises NotFetched, Unreadable, CrawlerError."""
        return await self.read(named, await self.fetch(named))

    async def fetch(self, named: Named) -> Visited:
        """The page of a listing. Raises NotFetched."""
        return await self._visit.get(named.url, limits_of(named.kind), render=is_rendered(named.kind, self.source))

    async def read(self, named: Named, visited: Visited) -> Looked:
        """A listing, and where it is an index, some of what it names. Raises as ``listing``."""
        listing, found = await self._named(named, visited)
        further = [each for each in found if each.kind != "article"]
        within: list[str] = []
        while named.kind == "sitemap" and further and not _articles(found) and len(within) < _FURTHER:
            child = further.pop(0)
            within.append(child.url)
            _, found = await self._named(child, await self.fetch(child))
        return Looked(visited, listing, _articles(found), tuple(within))

    async def article(self, named: Named) -> Sample:
        """An article, cleaned. Raises NotFetched, Unreadable, CrawlerError."""
        link = _link(named, named.url)

        def why_astray(url: str) -> str | None:
            verdict = astray(url, link, self._outlet)
            return verdict.why if verdict else None

        visited = await self._visit.get(named.url, astray=why_astray, render=is_rendered("article", self.source))
        page = page_of(visited.fetched, self.source.name, named.claims)
        return Sample(visited, page, await self._parsers.run(clean_page, page, self._brief(page)))

    async def _named(self, named: Named, visited: Visited) -> tuple[Listing, tuple[Named, ...]]:
        listing = await read_listing(self._parsers, named.kind, visited.fetched, self._outlet)
        link = _link(named, visited.fetched.url)
        return listing, named_of(listing, link, self._outlet, Order(), datetime.now(UTC))


@asynccontextmanager
async def probing(
    source: Source,
    settings: Settings,
    learned: Mapping[str, tuple[int, int]] | None = None,
    brief: Brief | None = None,
) -> AsyncIterator[Probe]:
    """A probe with connections, a worker process and, where the source is rendered, a browser of its own.

    Raises NoBrowser.
    """
    if source.fetch.render:
        Chromium.find(settings.chromium, sandbox=settings.is_sandboxed)
    async with (
        Fetcher(settings.contact) as fetcher,
        Browser(settings.agent(), settings.chromium, sandbox=settings.is_sandboxed) as browser,
        Parsers(1) as parsers,
    ):
        visit = Visit(fetcher, source.fetch.delay_seconds, source.fetch.allow_private, browser=browser)
        yield Probe(source, visit, parsers, learned, brief)


async def fetch_listing(visit: Visit, url: str, kind: LinkKind) -> Visited:
    """The page of a listing. Raises NotFetched."""
    return await visit.get(url, limits_of(kind))


async def read_listing(parsers: Parsers, kind: LinkKind, fetched: Fetched, outlet: Outlet | None = None) -> Listing:
    """What a fetched listing lists. Raises Unreadable, CrawlerError."""
    body, content_type, now = fetched.body, fetched.header("content-type") or "", datetime.now(UTC)
    if kind == "feed":
        return await parsers.run(read_feed, body, content_type, fetched.url, now)
    if kind == "sitemap":
        return await parsers.run(read_sitemap, body, content_type, fetched.url, now)
    patterns, learned = (outlet.patterns, outlet.learned) if outlet else ((), {})
    return await parsers.run(read_section, body, content_type, fetched.url, patterns, learned)


def page_of(fetched: Fetched, source: str | None, claims: Claims) -> Page:
    """What was fetched as a page that can be cleaned."""
    return Page(
        fetched.url, fetched.body, fetched.header("content-type") or "", fetched.fetched_at, source, fetched.status,
        fetched.headers, claims, cut=fetched.truncated,
    )  # fmt: skip


def _articles(found: tuple[Named, ...]) -> tuple[Named, ...]:
    """The articles, newest first; the sort keeps the place's order where it gives no dates."""
    return tuple(sorted((each for each in found if each.kind == "article"), key=lambda each: -(each.priority or 0)))


def _link(named: Named, url: str) -> Link:
    """The link that a lease of the address would be."""
    return Link(
        key="", kind=named.kind, url=url, host="", source=None, run=0, claims=named.claims, found_on=named.found_on,
        depth=named.depth, place=named.place, hops=0, attempts=0, failures=0, alone=False, etag=None,
        last_modified=None, article_id=None, worker="",
    )  # fmt: skip
