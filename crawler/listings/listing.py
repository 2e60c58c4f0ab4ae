"""Listing: what a place lists, as it names it. Whether anything of it is fetched is decided elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.records import Claims

ListedKind = Literal["article", "feed", "sitemap", "section"]

LONGEST_ADDRESS = 2_083
"""Characters of an address that is worth listing: Scrapy's URLLENGTH_LIMIT, so a longer one is not fetched anyway.

A saved page may have a longer one (``storage.url_key.LONGEST``), because nobody has to fetch it any more.
"""

LeftOut = Counter[str]
"""What was left out, and how often. A key begins with a noun in the singular, as ``entry without an address`` does, or
with ``cut``, which is not counted."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An address as a place names it: absolute, http or https, of at most LONGEST_ADDRESS characters, all ASCII.

    claims: what the place says of it. changed_at: when the place says that it last changed, in UTC.
    """

    url: str
    kind: ListedKind = "article"
    claims: Claims = Claims()
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one document of a place lists, in its own order.

    links: articles. more: further listings, such as child sitemaps and next pages. notes: what was left out and how
    much, for people, such as ``12 entries without an address``. rest: seconds that it wants between two requests.
    """

    links: tuple[Listed, ...] = ()
    more: tuple[Listed, ...] = ()
    notes: tuple[str, ...] = ()
    rest: float | None = None


def notes_of(left_out: LeftOut) -> tuple[str, ...]:
    """The counts as notes, in the order in which they first occurred."""
    return tuple(key if key.startswith("cut ") else _counted(count, key) for key, count in left_out.items())


def _counted(count: int, key: str) -> str:
    if count == 1:
        return f"1 {key}"
    noun, space, rest = key.partition(" ")
    if noun.endswith("y"):
        noun = noun[:-1] + "ie"
    return f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}{space}{rest}"
