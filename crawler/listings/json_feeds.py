"""JSON feeds: version 1.x, and what has its shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from crawler.errors import Unreadable
from crawler.listings.addresses import web_address
from crawler.listings.feed_entries import MOST_ENTRIES, Entry, listed_entries
from crawler.listings.listing import LeftOut, Listed, Listing, notes_of

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*+")
_BROKEN = (ValueError, RecursionError)  # ValueError: also a number of more than 4,300 digits


def read_json_feed(text: str, url: str, now: datetime, left_out: LeftOut) -> Listing:
    """The listing that a JSON feed is. Of a feed that is cut off the whole items are kept, which is noted.

    Unreadable: ``not-a-feed`` where there are no items.
    """
    feed = _feed(text, left_out)
    items = feed.get("items")
    if not isinstance(items, list):
        raise Unreadable("not-a-feed", "JSON without a list of items")
    if len(items) > MOST_ENTRIES:
        left_out[f"cut after {MOST_ENTRIES:,} of {len(items):,} entries"] += 1
    language = _word(feed, "language")
    entries = (_entry(item, language) for item in items[:MOST_ENTRIES])
    links = listed_entries(entries, url, now, left_out)
    following = web_address(_word(feed, "next_url") or "", url)
    more = (Listed(following, "feed"),) if following and following != url else ()
    return Listing(links, more, notes_of(left_out))


def _feed(text: str, left_out: LeftOut) -> dict[str, Json]:
    try:
        feed: Json = json.loads(text)
    except _BROKEN as error:
        items = list(_whole_items(text))
        if not items:
            raise Unreadable("not-a-feed", f"no sound JSON: {str(error)[:200]}") from error
        left_out[f"cut off after entry {len(items):,}"] += 1
        return {"items": items}
    return feed if isinstance(feed, dict) else {}


def _whole_items(text: str) -> Iterator[Json]:
    """The items before the place where the JSON breaks off."""
    decoder = json.JSONDecoder()
    start = _ITEMS.search(text)
    position = start.end() if start else len(text)
    for _ in range(MOST_ENTRIES):
        if between := _BETWEEN.match(text, position):
            position = between.end()
        try:
            item, position = decoder.raw_decode(text, position)
        except _BROKEN:
            return
        yield item


def _entry(item: Json, language: str | None) -> Entry:
    if not isinstance(item, dict):
        return Entry(())
    identifier = _word(item, "id") or ""
    addresses = [_word(item, "url"), _word(item, "external_url")]
    addresses.append(identifier if identifier.startswith(("http:", "https:")) else None)
    people = item.get("authors")
    people = people if isinstance(people, list) else [item.get("author")]
    tags = item.get("tags")
    return Entry(
        addresses=tuple(address for address in addresses if address and address.strip()),
        title=_word(item, "title") or "",
        authors=tuple(name for person in people if isinstance(person, dict) and (name := _word(person, "name"))),
        published=_word(item, "date_published"),
        updated=_word(item, "date_modified"),
        language=_word(item, "language") or language,
        categories=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        image=_word(item, "image") or _word(item, "banner_image"),
        description=_word(item, "summary") or _word(item, "content_text") or _word(item, "content_html") or "",
    )


def _word(item: dict[str, Json], key: str) -> str | None:
    value = item.get(key)
    return value if isinstance(value, str) else None
