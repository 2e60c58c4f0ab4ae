"""Names: what an article is called and dated as in the formats of others."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from urllib.parse import quote
from uuid import UUID, uuid5

from storage.records import ArchivedArticle
from storage.times import rfc3339

_ARTICLES = UUID("8f3c1d0a-6b1e-5a57-9d64-0c6f70796465")  # any fixed one: the names of articles are derived from it
_DIGITS = {"day": 10, "month": 7, "year": 4}  # of 2026-11-20 that are known
_ZONE = re.compile(r"UTC([+-])([01]\d|2[0-3]):([0-5]\d)")
_OF_URIS = "%/:?#[]@!$&'()*+,;=~"  # characters that stand for something in a URI, or are escaped already
EXACT = frozenset({"second", "minute"})
"""Precisions of a time of day."""


def urn(named: str) -> str:
    """A name of an article or a feed that is a URI, the same for ever: ``urn:uuid:…`` (RFC 9562, version 5)."""
    return uuid5(_ARTICLES, named.encode("utf-8", "replace").decode()).urn


def link(address: str | None) -> str | None:
    """An address on the web as a URI, other scripts and spaces escaped; None for any other: it might run."""
    if address is None or not address.lower().startswith(("http://", "https://")):
        return None
    return quote(address, safe=_OF_URIS, errors="replace")


def published(article: ArchivedArticle) -> str | None:
    """When it was published, as exactly as it is known: a time in its stated zone, a day, a month or a year."""
    at, precision = article.published_at, article.published_precision
    if at is None:
        return None
    if precision in _DIGITS:
        return at.date().isoformat()[: _DIGITS[precision]]
    if stated := _ZONE.fullmatch(article.published_zone or ""):
        away = timedelta(hours=int(stated[2]), minutes=int(stated[3]))
        return at.astimezone(timezone(-away if stated[1] == "-" else away)).isoformat().replace("+00:00", "Z")
    return rfc3339(at)
