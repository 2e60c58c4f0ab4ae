"""Feeds: RSS, RDF, Atom or JSON Feed, whatever the label says, to a Listing. Pure: the same bytes give the same."""

from __future__ import annotations

from datetime import datetime

from crawler.errors import Unreadable
from crawler.listings.bodies import text_of
from crawler.listings.json_feeds import read_json_feed
from crawler.listings.listing import LeftOut, Listing
from crawler.listings.safe_xml import Document, document
from crawler.listings.xml_feeds import FEED_ROOTS, read_xml_feed

MOST_BYTES = 10 * 1024 * 1024
"""The largest feed that is read, unpacked."""


def read_feed(body: bytes, content_type: str, url: str, now: datetime) -> Listing:
    """What the feed at ``url`` lists, in its own order.

    Dates are in UTC, which is assumed where no zone is stated; those that cannot be are left out and noted. At most
    5,000 entries are read. A feed that breaks off is read as far as its last whole entry.
    Unreadable: ``html`` for a web page, ``not-a-feed`` for other documents, ``entities`` for a DOCTYPE with
    declarations, ``cut``, ``damaged``, ``empty``, ``not-text``, ``too-large``.
    """
    left_out = LeftOut()
    text = text_of(body, content_type, MOST_BYTES, left_out)
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return read_json_feed(text, url, now, left_out)
    found = document(text)
    if found is None:
        raise Unreadable("not-a-feed", "neither XML nor JSON")
    if found.name not in FEED_ROOTS:
        raise not_a(found, "feed")
    return read_xml_feed(found, url, now, left_out)


def not_a(found: Document, wanted: str) -> Unreadable:
    """The error for a document that is something else than what was wanted, such as ``feed``."""
    if found.name in {"html", "head", "body", "script", "div", "p", "meta", "title"}:
        return Unreadable("html", f"a web page, not a {wanted}", hint="open it: it may ask for a login")
    if found.name in {"urlset", "sitemapindex"}:
        return Unreadable(f"not-a-{wanted}", f"a sitemap, not a {wanted}", hint='say kind = "sitemap"')
    return Unreadable(f"not-a-{wanted}", f"<{found.root[:40]}>, not a {wanted}")
