"""Discovery: the feeds and sitemaps of a site, found as a polite visitor would, and the source that they make."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from crawler.catalogue import draft, name_for
from crawler.errors import UnknownSource, Unreadable
from crawler.fetching.addresses import Networks
from crawler.fetching.fetched import Fetched
from crawler.fetching.visit import NotFetched, TooManyRequests, Visit
from crawler.listings.autodiscovery import guesses
from crawler.listings.front_page import FrontPage, language_of, read_front_page
from crawler.listings.listing import Listed, Listing
from crawler.parsers import Parsers
from crawler.probe import fetch_listing, read_listing
from crawler.scope import checked_url, host_and_port
from crawler.source import Place, Source

MOST_REQUESTS = 25
"""Of one discovery, robots.txt among them."""

FoundKind = Literal["feed", "sitemap", "section"]
NamedBy = Literal["homepage", "robots.txt", "guess"]

_LOOKED_FOR: tuple[Literal["feed", "sitemap"], ...] = ("feed", "sitemap")
_MOST_NAMED = 8  # feeds, and as many sitemaps, that the site itself names and that are looked at
_FEWEST_LINKS = 5  # to articles, for a homepage to be a place
_STALE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Found:
    """A listing that was read. entries: articles, or sitemaps of an index, which ``is_index`` says.

    outside: how many of the articles are not on the site. news: whether it says when articles were published.
    """

    kind: FoundKind
    url: str
    named_by: NamedBy
    entries: int
    newest: datetime | None
    language: str | None
    outside: int
    is_index: bool = False
    news: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether all its articles are on other sites."""
        return not self.is_index and self.outside == self.entries


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a site has. found: the best of each kind first. remarks: what was named and is not among it, and why.

    definition: the text of a source file; None where nothing was found that lists articles.
    """

    name: str
    homepage: str
    found: tuple[Found, ...]
    remarks: tuple[str, ...]
    definition: str | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: Literal["feed", "sitemap"]
    url: str
    named_by: NamedBy


async def discover(homepage: str, visit: Visit, parsers: Parsers, tell: Callable[[int], None]) -> Discovery:
    """Look through a site: its homepage, robots.txt, and where feeds usually are. tell: of addresses done.

    visit: of at most MOST_REQUESTS. Raises NotFetched where the site cannot be reached at all or nobody knows whether
    it may be, and CrawlerError.
    """
    return await _Search(homepage, visit, parsers, tell).through()


class _Search:
    """One discovery under way."""

    def __init__(self, homepage: str, visit: Visit, parsers: Parsers, tell: Callable[[int], None]) -> None:
        self._homepage = homepage
        self._site = _site(homepage)
        self._visit = visit
        self._parsers = parsers
        self._tell = tell
        self._found: dict[str, Found] = {}
        self._tried: set[str] = set()
        self._remarks: list[str] = []

    async def through(self) -> Discovery:
        """Look through the site that the homepage leads to."""
        front, fetched = await self._front(self._homepage)
        homepage = fetched.url if fetched else self._homepage
        if not self._site.covers(homepage):
            self._remarks.append(f"{self._homepage}: it leads to {homepage}")
            self._site = _site(homepage)
        named = [*_candidates(front.places, "homepage"), *await self._of_robots(homepage)]
        usual = list(_candidates(guesses(homepage), "guess"))
        try:
            for kind in _LOOKED_FOR:
                await self._look(self._worth_a_look(each for each in named if each.kind == kind))
            for kind in _LOOKED_FOR:
                if not any(found.kind == kind for found in self._found.values()):
                    await self._look((each for each in usual if each.kind == kind), until_found=True)
        except TooManyRequests:
            self._remarks.append(f"stopped after {MOST_REQUESTS} requests; there may be more")
        if fetched and (section := await self._section(fetched)):
            self._found[section.url] = section
        found = tuple(sorted(self._found.values(), key=_rank))
        name = name_for(homepage)
        definition = _definition(name, front, homepage, found, self._visit.allow_private)
        return Discovery(name, homepage, found, tuple(self._remarks), definition)

    async def _front(self, homepage: str) -> tuple[FrontPage, Fetched | None]:
        """The homepage; nothing of it where it is refused, while other addresses of the site may be open."""
        try:
            fetched = (await self._visit.get(homepage)).fetched
        except NotFetched as error:
            await self._visit.rules(homepage)  # raises where nothing of the site can be fetched
            self._remarks.append(f"{error.url}: {error}")
            return FrontPage(None, None, ()), None
        self._tell(1)
        content_type = fetched.header("content-type") or ""
        try:
            return await self._parsers.run(read_front_page, fetched.body, content_type, fetched.url), fetched
        except Unreadable as error:
            self._remarks.append(f"{fetched.url}: no homepage that can be read: {error}")
            return FrontPage(None, None, ()), None

    async def _of_robots(self, homepage: str) -> list[_Candidate]:
        sitemaps = (await self._visit.rules(homepage)).sitemaps
        return [_Candidate("sitemap", url, "robots.txt") for url in sitemaps]

    def _worth_a_look(self, candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
        """Those on the site, and feeds that its homepage names wherever they are; not more than some."""
        elsewhere: list[str] = []
        taken, left = 0, 0
        for each in candidates:
            if not self._site.covers(each.url) and (each.kind, each.named_by) != ("feed", "homepage"):
                elsewhere.append(each.url)
            elif taken == _MOST_NAMED:
                left += 1
            else:
                taken += 1
                yield each
        if elsewhere:
            more = f", and {len(elsewhere) - 1:,} more" if len(elsewhere) > 1 else ""
            self._remarks.append(f"{elsewhere[0]}{more}: not looked at, on another site")
        if left:
            self._remarks.append(f"{left:,} more are named, and were not looked at")

    async def _look(self, candidates: Iterable[_Candidate], *, until_found: bool = False) -> None:
        for each in candidates:
            if each.url in self._tried:
                continue
            self._tried.add(each.url)
            try:
                fetched = (await fetch_listing(self._visit, each.url, each.kind)).fetched
                listing = await read_listing(self._parsers, each.kind, fetched)
            except (NotFetched, Unreadable) as error:
                if each.named_by != "guess":
                    self._remarks.append(f"{each.url}: {error}")
                continue
            finally:
                self._tell(1)
            if not listing.links and not listing.more:
                self._remarks.append(f"{each.url}: it lists nothing")
            elif fetched.url not in self._found:
                self._found[fetched.url] = self._judged(each.kind, fetched.url, each.named_by, listing)
                if until_found:
                    return

    async def _section(self, fetched: Fetched) -> Found | None:
        try:
            listing = await read_listing(self._parsers, "section", fetched)
        except Unreadable:
            return None
        found = self._judged("section", fetched.url, "homepage", listing)
        return found if found.entries - found.outside >= _FEWEST_LINKS else None

    def _judged(self, kind: FoundKind, url: str, named_by: NamedBy, listing: Listing) -> Found:
        entries = listing.links or listing.more
        dates = [each.claims.published_at or each.changed_at for each in entries]
        languages = Counter(language_of(each.claims.language or "") for each in listing.links)
        return Found(
            kind, url, named_by, len(entries), max((date for date in dates if date), default=None),
            languages.most_common(1)[0][0] if languages else None,
            outside=sum(not self._site.covers(each.url) for each in listing.links),
            is_index=not listing.links,
            news=any(each.claims.published_at for each in listing.links),
        )  # fmt: skip


def homepage_of(site: str) -> str:
    """The address that a host or an address means. Raises UnknownSource for what is neither."""
    address = site if "://" in site else f"https://{site}"
    address = address if address.count("/") > 2 else f"{address}/"
    try:
        return checked_url(address)
    except ValueError as error:
        raise UnknownSource(f"{site[:100]!r}: {error}", "write gazette.example or https://gazette.example/") from None


def _candidates(listed: Iterable[Listed], named_by: NamedBy) -> Iterator[_Candidate]:
    for each in listed:
        if each.kind in ("feed", "sitemap"):
            yield _Candidate(each.kind, each.url, named_by)


def _rank(found: Found) -> tuple[int, bool, bool, bool]:
    """The best first; the order in which they were found decides the rest."""
    is_stale = found.newest is not None and found.newest < datetime.now(UTC) - _STALE
    return ("feed", "sitemap", "section").index(found.kind), found.is_elsewhere, is_stale, not found.news


def _site(homepage: str) -> Source:
    """A source that stands for the site as long as there is none: it knows which addresses are on it."""
    return Source.parse("site", draft("site", "site", homepage, None, None, [Place("section", (homepage,))]))


def _definition(
    name: str, front: FrontPage, homepage: str, found: Iterable[Found], allow_private: Networks
) -> str | None:
    """The text of a source with the best place of each kind; None where there is none."""
    best: dict[FoundKind, Found] = {}
    for each in found:
        if not each.is_elsewhere:
            best.setdefault(each.kind, each)
    if not best:
        return None
    host, _ = host_and_port(homepage) or (name, 0)
    language = front.language or next((each.language for each in best.values() if each.language), None)
    places = [Place(each.kind, (each.url,)) for each in best.values()]
    text = draft(name, front.title or host, homepage, language, None, places)
    if allow_private:
        text += f"\n[fetch]\nallow_private = {json.dumps([str(network) for network in allow_private])}\n"
    return text
