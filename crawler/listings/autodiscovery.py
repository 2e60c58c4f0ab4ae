"""Autodiscovery: the feeds and sitemaps that a web page names, and where they usually are when it names none."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree

from crawler.listings.addresses import web_address
from crawler.listings.claimed import LONGEST_TITLE, plain_text
from crawler.listings.html_trees import base_of, html_tree
from crawler.listings.listing import LeftOut, Listed, ListedKind
from storage.records import Claims
from storage.url_key import url_key

MOST_PLACES = 200
"""Places of one page that are named; a page that lists all of a paper's feeds has fewer."""

_FEED_TYPES = frozenset({
    *("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"),
    *("application/rss", "application/atom", "text/rss+xml", "text/rss", "text/atom+xml"),
})  # fmt: skip
_VAGUE_TYPES = frozenset({"application/json", "application/xml", "text/xml"})  # WordPress names its API so, too
_FEED_PATH = re.compile(
    r"/(?:(?:rss|atom|feeds?)(?:[0-9.]+)?(?:\.xml|\.rdf|\.json|/|$)|[^/]*\.(?:rss|atom|rdf)$"
    r"|[^/]*(?:rss|feed|atom)[^/]*\.(?:xml|json|php|aspx?)$|index\.xml$)",
    re.IGNORECASE,
)
_SITEMAP_PATH = re.compile(r"/[^/]*sitemap[^/]*\.xml(?:\.gz)?$", re.IGNORECASE)

_FEED_GUESSES = ("feed/", "rss", "rss.xml", "feed.xml", "atom.xml", "feed", "index.xml", "rss/", "feeds/", "feed.json")
_SITEMAP_GUESSES = (
    *("sitemap_index.xml", "news-sitemap.xml", "sitemap-news.xml", "sitemap_news.xml", "sitemap.xml"),
    *("sitemap-index.xml", "wp-sitemap.xml", "sitemap.xml.gz", "sitemap.txt"),
)


def places_of(body: bytes, content_type: str, url: str) -> tuple[Listed, ...]:
    """The feeds and sitemaps that the page at ``url`` names: first by ``link``, then by links that look like one.

    Comments' feeds are left out. claims.title: what the page calls it. Unreadable: as ``read_section``.
    """
    left_out = LeftOut()
    tree = html_tree(body, content_type, left_out)
    base = base_of(tree, url)
    found: dict[str | None, Listed] = {url_key(url): Listed(url)}
    for element in (*tree.iter("link"), *tree.iter("a")):
        address = web_address(element.get("href") or "", base)
        kind = _kind(element, address) if address else None
        if address and kind and "/comments/" not in address:
            title = element.get("title") or ("".join(element.itertext()) if element.tag == "a" else "")
            claims = Claims(title=plain_text(title, LONGEST_TITLE, left_out, "title"))
            found.setdefault(url_key(address), Listed(address, kind, claims))
    return tuple(found.values())[1 : MOST_PLACES + 1]


def guesses(homepage: str) -> tuple[Listed, ...]:
    """Where the feeds and sitemaps of a site usually are, the likeliest first; none where it is no web address."""
    address = web_address(homepage, homepage)
    if address is None:
        return ()
    parts = urlsplit(address)
    root = f"{parts.scheme}://{parts.netloc}/"
    folder = address.partition("?")[0].rpartition("/")[0] + "/"
    feeds = [Listed(place + guess, "feed") for place in dict.fromkeys((folder, root)) for guess in _FEED_GUESSES]
    return (*feeds, *(Listed(root + guess, "sitemap") for guess in _SITEMAP_GUESSES))


def _kind(element: etree._Element, address: str) -> ListedKind | None:
    path = urlsplit(address).path
    if element.tag == "a":
        return "feed" if _FEED_PATH.search(path) else "sitemap" if _SITEMAP_PATH.search(path) else None
    relations = (element.get("rel") or "").lower().split()
    kind = (element.get("type") or "").partition(";")[0].strip().lower()
    if "sitemap" in relations:
        return "sitemap"
    if "alternate" not in relations and "feed" not in relations:
        return None
    return "feed" if kind in _FEED_TYPES or (kind in _VAGUE_TYPES and _FEED_PATH.search(path)) else None
