"""Dates as machines write them in pages: ISO 8601 in its many forms, RFC 2822, Unix time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from storage.records import Precision

_LONGEST = 80  # characters; no machine writes a longer date
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before the web: a default of some software, not a date
_AHEAD = timedelta(hours=48)  # a clock or a zone may be wrong by so much

_ISO = re.compile(
    r"(?P<year>\d{4})(?:[-/.]?W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?"
    r"|[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?(?!\d)"
    r"|(?P<month2>\d\d)(?P<day2>\d\d)|-?(?P<ordinal>\d{3}))?"
    r"(?:[T\s,_]+(?P<hour>\d{1,2})(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,:]\d+)?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT)?\s*(?:(?P<sign>[+\-−])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?)?(?:\[[\w/]+\])?)?",
    re.IGNORECASE,
)
_UNIX = re.compile(r"\d{9,10}|\d{12,13}")  # seconds or milliseconds
_SCRIPT_ZONE = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d{4})|\([^)]*\)")  # as JavaScript prints it: GMT+0200 (CEST)
_CLOCK = re.compile(r"\d{1,2}:\d\d(?P<second>:\d\d)?(?:\s*(?P<half>[ap])\.?m\b)?", re.IGNORECASE)
_WORLD_TIME = re.compile(r"\b(?:GMT|UTC|UT|Z)\b|[+-]0000\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, in UTC, as exactly as it was stated. zoned: the zone was stated too, else UTC is assumed.

    zone: the stated offset, such as ``UTC+02:00``: it tells which day it was there. None where a day is all there is.

    A month, year or day stands for its first second. What is stated as midnight is a day: most software writes a date
    without a time that way.
    """

    at: datetime
    precision: Precision
    zoned: bool
    zone: str | None = field(default=None, compare=False)


def read_date(value: str) -> Moment | None:
    """The moment that a machine-written date says; None for anything else, such as ``Foo`` or 30 February."""
    text = " ".join(value[: _LONGEST + 1].split())
    if not text or len(value) > _LONGEST:
        return None
    try:
        if _UNIX.fullmatch(text):
            seconds = int(text) if len(text) <= 10 else int(text) // 1000
            return Moment(datetime.fromtimestamp(seconds, UTC), "second", zoned=True, zone="UTC+00:00")
        if match := _ISO.fullmatch(text):
            return _from_iso(match)
        return _from_mail(text)
    except (ValueError, OverflowError):  # a month 13, an hour 25, a year 0
        return None


def is_plausible(moment: Moment, fetched_at: datetime) -> bool:
    """Whether a page fetched at that time can have been published then."""
    return _EARLIEST <= moment.at <= fetched_at + _AHEAD


def _from_iso(match: re.Match[str]) -> Moment:
    part = match.groupdict()
    year, month, day = int(part["year"]), part["month"] or part["month2"], part["day"] or part["day2"]
    if part["week"]:
        at = datetime.fromisocalendar(year, int(part["week"]), int(part["weekday"] or 1)).replace(tzinfo=UTC)
        month = day = "stated"
    elif part["ordinal"]:
        at = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(part["ordinal"]) - 1)
        month = day = "stated"
    else:
        at = datetime(year, int(month or 1), int(day or 1), tzinfo=UTC)
    if not day:
        return Moment(at, "month" if month else "year", zoned=False)
    if not part["hour"] or not part["minute"]:
        return Moment(at, "day", zoned=False)
    hour, minute, second = int(part["hour"]), int(part["minute"]), int(part["second"] or 0)
    if hour > 24 or minute > 59 or second > 60:  # 24:00 ends a day, and a minute may have a leap second
        raise ValueError(match[0])
    offset = timedelta(hours=int(part["hours"] or 0), minutes=int(part["minutes"] or 0))
    return _moment(
        at + timedelta(hours=hour, minutes=minute, seconds=second),
        "second" if part["second"] else "minute",
        -offset if part["sign"] in {"-", "−"} else offset,
        zoned=bool(part["zone"] or part["sign"]),
    )


def _from_mail(text: str) -> Moment | None:
    text = _SCRIPT_ZONE.sub(" ", text)
    clock = _CLOCK.search(text)
    parsed = parsedate_tz(text if clock else f"{text} 00:00")
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    if clock and clock["half"]:
        hour = hour % 12 + (12 if clock["half"] in "pP" else 0)
    offset = parsed[9]
    return _moment(
        datetime(year, month, day, hour, minute, second, tzinfo=UTC),
        "second" if clock and clock["second"] else "minute",
        timedelta(seconds=offset or 0),
        zoned=bool(offset) or _WORLD_TIME.search(text) is not None,
    )


def _moment(local: datetime, precision: Precision, offset: timedelta, *, zoned: bool) -> Moment:
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return Moment(local, "day", zoned=False)
    stated = local.replace(tzinfo=timezone(offset))
    return Moment(stated.astimezone(UTC), precision, zoned, f"UTC{stated.isoformat()[-6:]}" if zoned else None)
