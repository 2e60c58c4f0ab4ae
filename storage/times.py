"""Times as copydesk writes them: RFC 3339 for programs, a short relative form for people."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def rfc3339(at: datetime) -> str:
    """An aware time in UTC, such as ``2026-11-20T14:05:00Z``; ``datetime.fromisoformat`` reads it back."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ago(at: datetime, now: datetime) -> str:
    """How long before ``now``: ``40 s ago``, ``12 min ago``, ``3 h ago``, ``2 days ago``.

    A time in the future, or more than a week back, is given as it is: ``20 Nov 2026 14:05 UTC``.
    """
    seconds = int((now - at).total_seconds())
    if seconds < 0 or seconds >= 7 * _DAY:
        utc = at.astimezone(UTC)
        return f"{utc.day} {utc:%b} {utc.year} {utc:%H:%M} UTC"
    if seconds < _MINUTE:
        return f"{seconds} s ago"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    days = seconds // _DAY
    return f"{days} day{'s' if days > 1 else ''} ago"
