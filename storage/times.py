"""Times as copydesk writes them, RFC 3339 for programs, a short relative form for people; and as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

_DAYS = re.compile(r"([0-9]{1,4})d")
_MONTH = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def rfc3339(at: datetime) -> str:
    """An aware time in UTC, such as ``2026-11-20T14:05:00Z``; ``datetime.fromisoformat`` reads it back."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def hour_of(at: datetime) -> int:
    """The hour of a moment, counted from 1970 in UTC."""
    return int(at.timestamp() // _HOUR)


def hour_at(number: int) -> datetime:
    """When the hour of that number begins."""
    return datetime.fromtimestamp(number * _HOUR, UTC)


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


def moment(said: str, today: date) -> datetime | None:
    """When it begins: ``2026-07-15``, ``2026-07``, ``2026``, ``2026-07-15T08:00``, today, yesterday, 7d (days ago).

    Without a zone it is UTC. None for what is no time.
    """
    midnight = datetime.combine(today, time(), UTC)
    try:
        if said.lower() in {"today", "yesterday"}:
            return midnight - timedelta(days=said.lower() == "yesterday")
        if days := _DAYS.fullmatch(said):
            return midnight - timedelta(days=int(days[1]))
        if month := _MONTH.fullmatch(said):
            return datetime(int(month[1]), int(month[2] or 1), 1, tzinfo=UTC)
        at = datetime.fromisoformat(said)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
