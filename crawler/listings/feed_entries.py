"""Feed entries: what any kind of feed says of one article, made a Listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crawler.listings.addresses import web_address
from crawler.listings.claimed import LONGEST_DESCRIPTION, LONGEST_TITLE, claimed_date, names, plain_text
from crawler.listings.listing import LeftOut, Listed
from storage.records import Claims
from storage.url_key import url_key

MOST_ENTRIES = 5_000
"""Entries of one feed that are read: feedparser takes some 3 seconds for so many."""

_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as written. addresses: where the article may be, the best first; texts may hold HTML."""

    addresses: tuple[str, ...]
    title: str = ""
    authors: tuple[str, ...] = ()
    published: str | None = None
    updated: str | None = None
    language: str | None = None
    categories: tuple[str, ...] = ()
    image: str | None = None
    description: str = ""


def listed_entries(entries: Iterable[Entry], url: str, now: datetime, left_out: LeftOut) -> tuple[Listed, ...]:
    """The articles of a feed at ``url``, each address once, in the order of the feed."""
    found: dict[str | None, Listed] = {}
    for entry in entries:
        address = _address(entry, url)
        if address is None:
            left_out["entry whose address is no web page" if entry.addresses else "entry without an address"] += 1
        elif (key := url_key(address)) in found:
            left_out["entry with the address of another"] += 1
        else:
            found[key] = _listed(entry, address, url, now, left_out)
    return tuple(found.values())


def _address(entry: Entry, url: str) -> str | None:
    return next((address for written in entry.addresses if (address := web_address(written, url))), None)


def _listed(entry: Entry, address: str, url: str, now: datetime, left_out: LeftOut) -> Listed:
    changed_at = claimed_date(entry.updated, now, left_out)
    categories = names(entry.categories, left_out, "category")
    claims = Claims(
        title=plain_text(entry.title, LONGEST_TITLE, left_out, "title"),
        authors=names(entry.authors, left_out, "author"),
        published_at=claimed_date(entry.published, now, left_out),
        modified_at=changed_at,
        language=entry.language if entry.language and _LANGUAGE.fullmatch(entry.language) else None,
        section=categories[0] if categories else None,
        keywords=categories,
        image=web_address(entry.image, url) if entry.image else None,
        description=plain_text(entry.description, LONGEST_DESCRIPTION, left_out, "description"),
    )
    return Listed(address, "article", claims, changed_at)
