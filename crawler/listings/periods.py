"""Periods: the time that an address names, such as ``/2024/05/`` or ``sitemap-2024-05.xml``. By its look alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

Period = tuple[datetime, datetime]
"""From, inclusive, until, exclusive, in UTC."""

_YEAR = r"(?P<year>(?:19[5-9]|20\d|21[0-4])\d)"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])"
_IN_PATH = re.compile(rf"/{_YEAR}(?:(?P<s>[/-]?){_MONTH}(?:(?P=s){_DAY})?(?=[/_-]|$)|(?=/|$))")
_IN_NAME = re.compile(rf"(?<!\d){_YEAR}(?:(?P<s>[-_./]?){_MONTH}(?:(?P=s){_DAY})?)?(?!\d)")
_PARTS = {
    "year": ("year", "yyyy", "yy", "y", "annee", "jahr", "ano"),
    "month": ("month", "mm", "m", "mois", "monat", "mes"),
    "day": ("day", "dd", "d", "jour", "tag", "dia"),
}
_DATES = ("date", "day", "month", "from", "datum", "fecha", "data", "ngay")


def period_of(url: str, *, of_list: bool = False) -> Period | None:
    """The year, month or day that an address names; None where it names none.

    of_list: the address of a sitemap or an archive page, in which any part may be a date. In that of an article a date
    is a folder or begins one: a number in its slug may be a year it is about.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    named = {name.lower(): value for name, value in parse_qsl(parts.query, max_num_fields=None)[:20]}
    return (
        _period(*(next((named[name] for name in _PARTS[part] if name in named), None) for part in _PARTS))
        or next((found for name in _DATES if (found := _found(_IN_NAME.match(named.get(name, ""))))), None)
        or _latest(_IN_PATH, parts.path)
        or (_latest(_IN_NAME, parts.path) if of_list else None)
    )


def _latest(pattern: re.Pattern[str], path: str) -> Period | None:
    """The most exact period in a path; of equals, the last."""
    found = [period for match in pattern.finditer(path) if (period := _found(match))]
    return min(reversed(found), key=lambda period: period[1] - period[0], default=None)


def _found(match: re.Match[str] | None) -> Period | None:
    return _period(match["year"], match["month"], match["day"]) if match else None


def _period(year: str | None, month: str | None, day: str | None) -> Period | None:
    if not year or not all(part is None or (part.isascii() and part.isdigit()) for part in (year, month, day)):
        return None
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    except ValueError:  # 30 February; or a number that is none of a month
        return None
    if month and day:
        return start, start + timedelta(days=1)
    following = datetime(start.year + (start.month == 12), start.month % 12 + 1, 1, tzinfo=UTC)
    return start, following if month else datetime(start.year + 1, 1, 1, tzinfo=UTC)
