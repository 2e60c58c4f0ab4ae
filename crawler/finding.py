"""Finding: which of the addresses that a place lists are wanted, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from crawler.listings.listing import Listed, Listing
from crawler.listings.shapes import shape
from crawler.listings.sitemaps import within
from crawler.listings.traps import trap, worth
from crawler.outlets import Outlet, listings_of
from storage.links import Link, Named, Order, Passed
from storage.records import Failed
from storage.url_key import url_key

_RECENT = timedelta(days=7)  # what a crawl without dates takes from sitemaps, which list everything there ever was
_DEEPEST_INDEX = 4  # sitemaps within sitemaps
_ALL_PAGES = 1000  # of a section, when a time in the past is asked for


def named_of(listing: Listing, link: Link, outlet: Outlet, order: Order, now: datetime) -> tuple[Named, ...]:
    """What a listing names: articles, each with a verdict where it is not to be fetched, and further listings."""
    since = order.since
    if link.kind == "sitemap" and since is None:
        since = now - _RECENT
    wanted = within(listing, since, order.until)
    articles = _articles(wanted.links, link, outlet, now)
    return (*articles, *_further(wanted.more, link, outlet, order))


def _articles(listed: Iterable[Listed], link: Link, outlet: Outlet, now: datetime) -> Iterator[Named]:
    for at, each in enumerate(listed):
        dated = each.claims.published_at or each.changed_at
        priority = (min(dated, now) if dated else now - timedelta(seconds=at)).timestamp()
        yield Named(
            each.url, "article", each.claims, link.url, priority, each.changed_at, place=link.place,
            verdict=_verdict(each.url, outlet, now),
        )  # fmt: skip


def astray(url: str, link: Link, outlet: Outlet | None) -> Passed | None:
    """The verdict on where a listed article leads by a redirect; None where it may be followed. What a user named may
    lead anywhere."""
    if outlet is None or link.kind != "article" or link.found_on is None:
        return None
    verdict = _verdict(url, outlet)
    return verdict and Passed(verdict.outcome, f"redirects to {url[:500]}: {verdict.why}")


def given_up(url: str, link: Link, outlet: Outlet | None) -> Failed | None:
    """That an article is gone, where its page leads to the front page, or to a section that it stood in, instead."""
    if outlet is None or link.article_id is None or not outlet.source.covers(url):
        return None
    target, own = urlsplit(url), urlsplit(link.url).path.rstrip("/")
    path = target.path.rstrip("/")
    is_folder = own != path and not target.query and f"{own}/".startswith(f"{path}/")
    places = [outlet.source.homepage, *(each for place in outlet.source.places for each in place.urls)]
    if is_folder or url_key(url) in map(url_key, places):
        return Failed(link.found_on or link.url, "gone", f"redirects to {url[:500]} instead", link.url)
    return None


def _verdict(url: str, outlet: Outlet, now: datetime | None = None) -> Passed | None:
    if not outlet.source.covers(url):
        return Passed("outside", f"not on the site of {outlet.source.homepage}, nor one of its hosts")
    if why := trap(url, now):
        return Passed("outside", f"a trap by its look: {why}")
    return None


def _further(more: Iterable[Listed], link: Link, outlet: Outlet, order: Order) -> Iterator[Named]:
    """Next pages and child sitemaps, as deep as is sensible."""
    pages = outlet.source.places[link.place].pages if link.place < len(outlet.source.places) else 1
    deepest = _DEEPEST_INDEX if link.kind == "sitemap" else (_ALL_PAGES if order.since else pages) - 1
    if link.depth >= deepest:
        return
    for at, each in enumerate(more):
        if outlet.source.covers(each.url) and not trap(each.url):
            yield Named(each.url, each.kind, found_on=link.url, depth=link.depth + 1, place=link.place, priority=-at)


def next_place(link: Link, outlet: Outlet | None, kinds: frozenset[str] | None) -> tuple[Named, ...]:
    """The listings of the place after a listing's, for when that one yields nothing. kinds: None for all."""
    if link.kind == "article" or outlet is None:
        return ()
    return listings_of(outlet.source, link.place + 1, kinds)


def trapped(link: Link, outlet: Outlet) -> str | None:
    """Why an address that a listing named is not worth a fetch by now: others of its shape held no articles."""
    if (
        link.kind != "article"
        or link.found_on is None
        or link.article_id
        or any(pattern.search(link.url) for pattern in outlet.patterns)
    ):
        return None
    of_shape = shape(link.url)
    articles, others = outlet.learned.get(of_shape, (0, 0))
    if worth(articles, others):
        return None
    return f"a trap by its yield: {articles} of {articles + others} addresses like {of_shape} were articles"
