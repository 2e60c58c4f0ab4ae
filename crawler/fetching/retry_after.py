"""Retry-After: how long a server asks to be left alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST = timedelta(hours=24)  # who asks for more is asked again the next day
_SECONDS = re.compile(r"[0-9]{1,40}(?:\.[0-9]{0,40})?", re.ASCII)  # the standard says digits; fractions do occur
_DATE = re.compile(r"[A-Za-z]{3,9},? [A-Za-z0-9 :+-]{1,60}", re.ASCII)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The wait from ``now`` on, 0 to 24 hours; None where the header is missing or says nothing that can be read.

    value: seconds, or a date in one of the three forms of RFC 9110 (5.6.7). A date that is past means no wait.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=min(float(text), _LONGEST.total_seconds()))
    if not _DATE.fullmatch(text):
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = date.replace(tzinfo=UTC) if date.tzinfo is None else date  # the form of asctime names no zone and is UTC
    return min(max(moment - now, timedelta()), _LONGEST)
