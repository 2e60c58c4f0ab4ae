"""XML feeds: RSS of every version, RDF and Atom, read by feedparser within bounds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import feedparser

from crawler.errors import Unreadable
from crawler.listings.addresses import web_address
from crawler.listings.feed_cut import cut
from crawler.listings.feed_entries import MOST_ENTRIES, Entry, listed_entries
from crawler.listings.listing import LeftOut, Listed, Listing, notes_of
from crawler.listings.safe_xml import Document

FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})

_MORE = frozenset({"next", "prev-archive"})  # the pages and archives of RFC 5005
_IN_BRACKETS = re.compile(r"\(([^()]+)\)")
_MAIL = re.compile(r"[<(]?[^\s<>()@]+@[^\s<>()@]+[>)]?")
_WHOLE = re.compile(r"[0-9]{1,6}", re.ASCII)
_PERIODS = {"hourly": 3600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 31_536_000.0}
_PAGES = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/plain", ""})


def read_xml_feed(feed: Document, url: str, now: datetime, left_out: LeftOut) -> Listing:
    """The listing that a feed is; Unreadable where feedparser cannot make anything of it."""
    text = cut(feed, MOST_ENTRIES, left_out)
    if feed.name == "rss" and feed.root != "rss":  # RSS has no namespace; feedparser looks for it in none
        text = re.sub(rf"(</?){re.escape(feed.root[: -len(feed.name)])}", r"\1", text)
    parsed = _parsed(text, url)
    links = listed_entries(_entries(parsed), url, now, left_out)
    return Listing(links, _more(parsed.feed, url), notes_of(left_out), _rest(parsed.feed))


def _parsed(text: str, url: str) -> Any:
    """What feedparser makes of the text. It is given a stream, because bytes may be a file's name to it."""
    headers = {
        "content-type": "application/xml; charset=utf-8",
        "content-location": url if "xml:base" in text else "",  # else it would make an address of any guid
    }
    stream = io.BytesIO(text.encode("utf-8", "replace"))
    try:
        return feedparser.parse(stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # it runs into many kinds of defects on broken markup
        raise Unreadable("damaged", f"the feed cannot be parsed: {type(error).__name__}: {error}") from error


def _entries(parsed: Any) -> Iterator[Entry]:
    language = parsed.feed.get("language")
    dates_are_updates = parsed.version.startswith("atom")
    for entry in parsed.entries:
        published = entry.get("published") or entry.get("created")
        updated = dict.get(entry, "updated")  # feedparser's own get gives the publication where there is no update
        if not published and not dates_are_updates:
            published, updated = updated, None  # the dc:date of RSS is the publication
        yield Entry(
            addresses=tuple(_addresses(entry)),
            title=entry.get("title", ""),
            authors=tuple(_authors(entry)),
            published=published,
            updated=updated,
            language=entry.get("title_detail", {}).get("language") or language,
            categories=tuple(tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", ())),
            image=next(_images(entry), None),
            description=entry.get("summary") or "",
        )


def _addresses(entry: Any) -> Iterator[str]:
    """Where the article may be: behind a counter's address, the alternate link, or the guid that is an address."""
    links = entry.get("links", ())
    alternate = [link for link in links if link.get("rel", "alternate") == "alternate"]
    candidates = [
        entry.get("feedburner_origlink"),
        entry.get("pheedo_origlink"),
        *(link.get("href") for link in alternate if link.get("type", "") in _PAGES),
    ]
    identifier = entry.get("id") or ""
    if entry.get("link") != identifier:
        candidates.append(entry.get("link"))
    if identifier.startswith(("http:", "https:")):
        candidates.append(identifier)
    yield from (candidate for candidate in candidates if candidate and candidate.strip())


def _authors(entry: Any) -> Iterator[str]:
    written = entry.get("author") or ""
    if "@" in written:  # feedparser takes mail addresses apart, but not those of every domain
        in_brackets = _IN_BRACKETS.search(written)
        yield in_brackets[1] if in_brackets else _MAIL.sub(" ", written)
        return
    people = [person.get("name") or "" for person in entry.get("authors", ())]
    yield from people if any(people) else [written]


def _images(entry: Any) -> Iterator[str]:
    for medium in [*entry.get("media_content", ()), *entry.get("enclosures", ())]:
        if medium.get("medium") == "image" or medium.get("type", "").startswith("image/"):
            yield from (address for key in ("url", "href") if (address := medium.get(key)))
    for thumbnail in entry.get("media_thumbnail", ()):
        yield from (address for key in ("url", "href") if (address := thumbnail.get(key)))
    if image := entry.get("image"):
        yield from (address for key in ("href", "url") if (address := image.get(key)))


def _rest(feed: Any) -> float | None:
    """Seconds between two requests: the ttl of RSS, in minutes, or what the syndication module says."""
    ttl = str(feed.get("ttl") or "").strip()
    if _WHOLE.fullmatch(ttl):
        return float(ttl) * 60
    period = _PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower())
    times = str(feed.get("sy_updatefrequency") or "1").strip()
    return period / max(1, int(times)) if period and _WHOLE.fullmatch(times) else None


def _more(feed: Any, url: str) -> tuple[Listed, ...]:
    written = (link.get("href") or "" for link in feed.get("links", ()) if link.get("rel") in _MORE)
    addresses = dict.fromkeys(address for each in written if (address := web_address(each, url)))
    return tuple(Listed(address, "feed") for address in addresses if address != url)
