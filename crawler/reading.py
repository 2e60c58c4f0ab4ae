"""Reading: what was fetched is parsed or cleaned in workers that can be killed, and becomes the end of its lease."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from crawler.errors import Unreadable
from crawler.fetching.answers import broken_off
from crawler.finding import astray, given_up, named_of, next_place
from crawler.listings.feeds import read_feed
from crawler.listings.listing import Listing
from crawler.listings.sections import read_section
from crawler.listings.shapes import shape
from crawler.listings.sitemaps import read_sitemap
from crawler.outlets import Outlet
from crawler.parsers import Parsers
from crawler.profiles import Briefing
from crawler.rechecks import ask_at
from crawler.sandbox import clean_page
from crawler.settlements import Settlement
from crawler.turn import Turn
from storage.links import Link, Order, Passed, Postponed, Taught, Validators
from storage.records import Article, Failed, Page, Rejected

_LONGEST_VALIDATOR = 1000  # characters: it is sent back with the next request


class Reading:
    """Reads pages for a shift. order: what a run was asked for. briefing: what is known before a page is cleaned.
    kinds: of places to be tried; None for all."""

    def __init__(
        self,
        parsers: Parsers,
        order: Callable[[int], Awaitable[Order]],
        briefing: Callable[[Page, Outlet | None], Awaitable[Briefing | None]],
        kinds: frozenset[str] | None = None,
    ) -> None:
        self._parsers = parsers
        self._order = order
        self._briefing = briefing
        self._kinds = kinds

    async def end(self, turn: Turn, end: Passed | Failed | Postponed, fresh: timedelta = timedelta()) -> Settlement:
        """The end of a lease without a page to be read. fresh: for how long the answer says that it holds."""
        link = turn.link
        if isinstance(end, Postponed) and end.url is not None:
            end = given_up(end.url, link, turn.outlet) or astray(end.url, link, turn.outlet) or end
        otherwise = next_place(link, turn.outlet, self._kinds) if isinstance(end, Failed) else ()
        return Settlement(link, end, otherwise=otherwise, ask_at=ask_at(link, datetime.now(UTC), fresh))

    async def page(self, turn: Turn, page: Page, fresh: timedelta = timedelta()) -> Settlement:
        """The end of a lease with the page that came. fresh: for how long it says that it holds."""
        if turn.link.kind == "article":
            return await self._article(turn, page, fresh)
        try:
            return await self._listing(turn, page, fresh)
        except Unreadable as error:
            return await self.end(turn, _failed(turn.link, error))

    async def _article(self, turn: Turn, page: Page, fresh: timedelta) -> Settlement:
        link = turn.link
        if page.cut and (again := broken_off(link, page.cut, page.fetched_at)):
            return Settlement(link, again)
        result: Article | Rejected | Failed
        briefing = await self._briefing(page, turn.outlet)
        try:
            result = await self._parsers.run(clean_page, page, briefing)
        except Unreadable as error:
            return Settlement(link, _failed(link, error))
        taught = Taught(shape(link.url), isinstance(result, Article))
        if isinstance(result, Rejected) and result.unreadable:
            result = Failed(link.found_on or link.url, result.reason, result.detail, link.url)
            return Settlement(link, result, taught=taught, ask_at=ask_at(link, page.fetched_at, fresh))
        validators = None if page.cut else _validators(page)  # else the rest would never come
        published_at = result.published_at if isinstance(result, Article) else None
        when = ask_at(link, page.fetched_at, fresh, published_at)
        return Settlement(link, result, page, validators=validators, taught=taught, ask_at=when)

    async def _listing(self, turn: Turn, page: Page, fresh: timedelta) -> Settlement:
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
        is_index = any(each.kind == "sitemap" for each in listing.more)
        # What is unchanged names nothing. So the rest of a list that was not taken whole is still to be named then, the
        # sitemaps of an index change without it, and where nothing was named the next place is to be tried again.
        may_stand = bool(named) and order == Order() and not page.cut and not is_index
        otherwise = () if named else next_place(link, outlet, self._kinds)
        return Settlement(
            link, Passed("listed", ", ".join(notes)), named=named, otherwise=otherwise,
            validators=_validators(page, listing.rest) if may_stand else None,
            ask_at=now + max(fresh, timedelta(seconds=listing.rest or 0)),
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


def _failed(link: Link, error: Unreadable) -> Failed:
    return Failed(link.found_on or link.url, error.reason, str(error), link.url, error.hint)


def _validators(page: Page, rest: float | None = None) -> Validators:
    said = {name.lower(): value for name, value in page.headers if len(value) <= _LONGEST_VALIDATOR}
    return Validators(said.get("etag"), said.get("last-modified"), rest)
