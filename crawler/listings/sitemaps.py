"""Sitemaps: XML, news sitemaps, indexes, plain text and gzip files to a Listing. Pure: the same bytes give the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from crawler.errors import Unreadable
from crawler.listings.addresses import web_address
from crawler.listings.bodies import text_of
from crawler.listings.claimed import LONGEST_TITLE, claimed_date, names, plain_text
from crawler.listings.feeds import not_a, read_feed
from crawler.listings.listing import LeftOut, Listed, Listing, notes_of
from crawler.listings.periods import Period, period_of
from crawler.listings.safe_xml import Document, document, pull_parser
from crawler.listings.xml_feeds import FEED_ROOTS
from storage.records import Claims

MOST_BYTES = 50 * 1024 * 1024
"""The largest sitemap, unpacked, as sitemaps.org has it."""
MOST_ADDRESSES = 50_000
"""Addresses in one sitemap, as sitemaps.org has it."""

_PIECE = 128 * 1024  # characters that a parser is given at once
_LONGEST_ENTRY = 1024 * 1024  # characters; an entry with a thousand images has a third of that
_MARGIN = timedelta(days=1)  # for zones that are not stated, and for dates without a time


def read_sitemap(body: bytes, content_type: str, url: str, now: datetime) -> Listing:
    """What the sitemap at ``url`` lists, in its own order; the sitemaps of an index come as ``more``.

    Images and other languages' addresses are passed over; addresses of other sites stay. A feed is read as one. A
    sitemap that breaks off is read as far as its last whole entry, which is noted.
    Unreadable: ``html``, ``not-a-sitemap``, ``entities``, ``damaged``, ``empty``, ``not-text``, ``too-large``.
    """
    left_out = LeftOut()
    text = text_of(body, content_type, MOST_BYTES, left_out)
    found = document(text)
    if found is None:
        return _read_lines(text, url, left_out)
    if found.name in FEED_ROOTS:
        return read_feed(body, content_type, url, now)
    if found.name not in ("urlset", "sitemapindex"):
        raise not_a(found, "sitemap")
    listed: dict[str, Listed] = {}
    of_index = found.name == "sitemapindex"
    for entry in _entries(found, left_out):
        written = _child(entry, "loc")
        address = web_address(written, url) if written else None
        if address is None:
            left_out["entry whose address is no web page" if written else "entry without an address"] += 1
        elif address in listed:
            left_out["entry with the address of another"] += 1
        elif address == url and of_index:
            left_out["entry that is the index itself"] += 1
        else:
            listed[address] = _listed(entry, address, of_index, now, left_out)
    entries = tuple(listed.values())
    return Listing(() if of_index else entries, entries if of_index else (), notes_of(left_out))


def within(listing: Listing, since: datetime | None, until: datetime | None) -> Listing:
    """The listing without what, by its dates or its address, cannot be from ``[since, until)``; noted.

    None for no bound. Whatever names no date stays; so does what is out by less than a day.
    """
    left_out = LeftOut()
    links = tuple(link for link in listing.links if _may_be(link, since, until, left_out))
    more = tuple(link for link in listing.more if _may_be(link, since, until, left_out))
    return Listing(links, more, listing.notes + notes_of(left_out))


def _may_be(link: Listed, since: datetime | None, until: datetime | None, left_out: LeftOut) -> bool:
    is_list = link.kind != "article"
    published_at = link.claims.published_at
    named: Period | None = (published_at, published_at) if published_at else period_of(link.url, of_list=is_list)
    over = link.changed_at is not None and since is not None and link.changed_at < since - _MARGIN
    early = named is not None and since is not None and named[1] < since - _MARGIN
    late = named is not None and until is not None and named[0] >= until + _MARGIN
    if over or early or late:
        left_out[f"{'list' if is_list else 'address'} from another time"] += 1
        return False
    return True


def _read_lines(text: str, url: str, left_out: LeftOut) -> Listing:
    """A sitemap of plain text: an address a line."""
    if "<" in text[:_PIECE] or "http" not in text[:_PIECE]:
        raise Unreadable("not-a-sitemap", "neither XML nor a list of addresses")
    found: dict[str, Listed] = {}
    lines = (line for line in text.split("\n") if line.strip())
    for number, line in enumerate(lines):
        if number == MOST_ADDRESSES:
            left_out[f"cut after {MOST_ADDRESSES:,} entries"] += 1
            break
        address = web_address(line, url) if line.lstrip("\ufeff \t").lower().startswith("http") else None
        if address is None:
            left_out["line that is no web address"] += 1
        else:
            found[address] = Listed(address)
    return Listing(tuple(found.values()), (), notes_of(left_out))


def _entries(sitemap: Document, left_out: LeftOut) -> Iterator[etree._Element]:
    """The entries, one at a time; each is gone when the next is asked for, so that memory stays flat."""
    prefix = sitemap.root.rpartition(":")[0]
    ends = [f"</{prefix}:{name}>" if prefix else f"</{name}>" for name in ("url", "sitemap")]
    text = sitemap.text
    whole = len(text)
    if f"</{sitemap.root}" not in text[-_PIECE:]:
        whole = max((at + len(end) for end in ends if (at := text.rfind(end)) >= 0), default=0)
        left_out["cut off: its whole entries were read"] += 1
    tags = tuple(f"{wild}{name}" for name in ("url", "sitemap") for wild in ("{*}", f"{prefix}:" if prefix else "{*}"))
    parser = pull_parser(tuple(dict.fromkeys(tags)))
    count, read_to = 0, 0
    for start in range(0, whole, _PIECE):
        parser.feed(text[start : min(start + _PIECE, whole)])
        for _, entry in parser.read_events():
            if count == MOST_ADDRESSES:
                left_out[f"cut after {MOST_ADDRESSES:,} entries"] += 1
                return
            yield entry
            count, read_to = count + 1, start
            _forget(entry)
        if start - read_to > _LONGEST_ENTRY:
            raise Unreadable("too-large", f"no entry in {_LONGEST_ENTRY:,} characters of the sitemap")
    mistakes = parser.feed_error_log.filter_from_fatals()
    if any(mistake.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for mistake in mistakes):
        left_out["cut off: nested too deeply, or too long a text"] += 1
    elif mistakes:
        left_out["mistake in the markup"] += len(mistakes)


def _forget(entry: etree._Element) -> None:
    entry.clear()
    parent = entry.getparent()
    while parent is not None and (before := entry.getprevious()) is not None:
        parent.remove(before)


def _listed(entry: etree._Element, address: str, of_index: bool, now: datetime, left_out: LeftOut) -> Listed:
    changed_at = claimed_date(_child(entry, "lastmod"), now, left_out)
    if of_index:
        return Listed(address, "sitemap", changed_at=changed_at)
    news = _within(entry, "news")
    if news is None:
        return Listed(address, changed_at=changed_at)
    publication = _within(news, "publication")
    claims = Claims(
        title=plain_text(_text(_within(news, "title")), LONGEST_TITLE, left_out, "title"),
        published_at=claimed_date(_text(_within(news, "publication_date")), now, left_out),
        modified_at=changed_at,
        language=(_text(_within(publication, "language")) or None) if publication is not None else None,
        keywords=names(_text(_within(news, "keywords")).split(","), left_out, "keyword"),
    )
    return Listed(address, claims=claims, changed_at=changed_at)


def _child(entry: etree._Element, name: str) -> str:
    """The text of the child of that name, in the same namespace as the entry: an image has a ``loc`` too."""
    tag = str(entry.tag)
    before = tag[: len(tag) - len(re.split("[}:]", tag)[-1])]
    return _text(next(entry.iterchildren(before + name), None))


def _within(parent: etree._Element, name: str) -> etree._Element | None:
    """The first child of that name, whatever its prefix and namespace."""
    for child in parent.iterchildren(etree.Element):
        if str(child.tag).rpartition("}")[2].rpartition(":")[2] == name:
            return child
    return None


def _text(element: Any) -> str:
    return "" if element is None else "".join(element.itertext()).strip()
