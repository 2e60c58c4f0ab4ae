"""Freshness: for how long an answer says that it holds. Asking earlier would bring the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from crawler.fetching.answers import Header

_LONGEST = timedelta(days=7)
_DIRECTIVE = re.compile(
    r"(?:^|[,\s])(max-age|no-cache|no-store)\b(?:\s*=\s*\"?([0-9]{1,12}))?", re.ASCII | re.IGNORECASE
)


def fresh_for(header: Header, now: datetime) -> timedelta:
    """How long an answer is fresh, nothing to 7 days: ``max-age`` less ``Age``, else ``Expires``; RFC 9111, 4.2."""
    stated = {name.lower(): value for name, value in _DIRECTIVE.findall((header("Cache-Control") or "")[:1000])}
    if "no-cache" in stated or "no-store" in stated:
        return timedelta()
    if seconds := stated.get("max-age"):
        age = header("Age") or "0"
        spent = int(age) if age.isascii() and age.isdigit() and len(age) < 12 else 0
        return _within(timedelta(seconds=min(int(seconds), 10**9) - min(spent, 10**9)))
    try:
        expires = parsedate_to_datetime((header("Expires") or "")[:100])
        return _within((expires if expires.tzinfo else expires.replace(tzinfo=UTC)) - now)
    except (ValueError, OverflowError):
        return timedelta()


def _within(span: timedelta) -> timedelta:
    return min(max(span, timedelta()), _LONGEST)
