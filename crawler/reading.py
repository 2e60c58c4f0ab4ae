"""Reading: what was fetched is parsed or cleaned in workers that can be killed, and becomes the end of its lease."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from crawler.errors import Unreadable
from crawler.finding import named_of
from crawler.listings.feeds import read_feed
from crawler.listings.listing import Listing
from crawler.listings.sections import read_section
from crawler.listings.shapes import shape
from crawler.listings.sitemaps import read_sitemap
from crawler.outlets import Outlet, listings_of
from crawler.parsers import Parsers
from crawler.sandbox import clean_page
from crawler.settlements import Settlement
from crawler.turn import Turn
from storage.links import Link, Named, Order, Passed, Postponed, Taught, Validators
from storage.records import Article, Failed, Page, Rejected

_LONGEST_VALIDATOR = 1000  # characters: it is sent back with the next request


class Reading:
    """Reads pages for a shift. order: what a run was asked for. kinds: of places to be tried; None for all."""

    def __init__(
        self, parsers: Parsers, order: Callable[[int], Awaitable[Order]], kinds: frozenset[str] | None = None
    ) -> None:
        self._parsers = parsers
        self._order = order
        self._kinds = kinds

    async def end(self, turn: Turn, end: Passed | Failed | Postponed) -> Settlement:
        """The end of a lease without a page to be read."""
        return Settlement(turn.link, end, otherwise=self._otherwise(turn) if isinstance(end, Failed) else ())

    async def page(self, turn: Turn, page: Page) -> Settlement:
        """The end of a lease with the page that came."""
        if turn.link.kind == "article":
            return await self._article(turn.link, page)
        try:
            return await self._listing(turn, page)
        except Unreadable as error:
            return await self.end(turn, _failed(turn.link, error))

    async def _article(self, link: Link, page: Page) -> Settlement:
        result: Article | Rejected | Failed
        try:
            result = await self._parsers.run(clean_page, page)
        except Unreadable as error:
            return Settlement(link, _failed(link, error))
        taught = Taught(shape(link.url), isinstance(result, Article))
        if isinstance(result, Rejected) and result.unreadable:
            result = Failed(link.found_on or link.url, result.reason, result.detail, link.url)
            return Settlement(link, result, taught=taught)
        return Settlement(link, result, page, validators=_validators(page), taught=taught)

    async def _listing(self, turn: Turn, page: Page) -> Settlement:
        link, outlet = turn.link, turn.outlet
        if outlet is None:
            return Settlement(link, _failed(link, Unreadable("source", f"there is no source {link.source} any more")))
        now = datetime.now(UTC)
        order = await self._order(link.run)
        listing = await self._read(link, outlet, page, now)
        named = named_of(listing, link, outlet, order, now)
        notes = [f"{len(listing.links)} addresses", *listing.notes]
        if page.cut:
            notes.append(f"cut off: {page.cut}")
        is_whole = order == Order() and not page.cut  # else the rest is still to be named when nothing has changed
        return Settlement(
            link, Passed("listed", ", ".join(notes)), named=named,
            otherwise=() if named else self._otherwise(turn), validators=_validators(page) if is_whole else None,
        )  # fmt: skip

    async def _read(self, link: Link, outlet: Outlet, page: Page, now: datetime) -> Listing:
        match link.kind:
            case "feed":
                return await self._parsers.run(read_feed, page.body, page.content_type, link.url, now)
            case "sitemap":
                return await self._parsers.run(read_sitemap, page.body, page.content_type, link.url, now)
            case _:
                return await self._parsers.run(
                    read_section, page.body, page.content_type, link.url, outlet.patterns, dict(outlet.learned)
                )

    def _otherwise(self, turn: Turn) -> Sequence[Named]:
        """The listings of the next place, for when this one yields nothing."""
        if turn.link.kind == "article" or turn.outlet is None:
            return ()
        return listings_of(turn.outlet.source, turn.link.place + 1, self._kinds)


def _failed(link: Link, error: Unreadable) -> Failed:
    return Failed(link.found_on or link.url, error.reason, str(error), link.url, error.hint)


def _validators(page: Page) -> Validators:
    said = {name.lower(): value for name, value in page.headers if len(value) <= _LONGEST_VALIDATOR}
    return Validators(said.get("etag"), said.get("last-modified"))
