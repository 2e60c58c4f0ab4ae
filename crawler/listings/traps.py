"""Traps: addresses that a site can make without end, told by their look, and shapes that are not worth more."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from crawler.listings.listing import LONGEST_ADDRESS
from crawler.listings.periods import period_of

_MOST_SEGMENTS = 20  # Heritrix: TooManyPathSegmentsDecideRule
_MOST_REPEATS = 2  # Heritrix: PathologicalPathDecideRule
_MOST_PARAMETERS = 6
_LONGEST_QUERY = 512  # characters; no article needs so many
_FIRST_YEAR = 1990  # before the web
_LAST_YEAR = 2050
_AHEAD = timedelta(days=366)
_PATIENCE = 10  # pages of a shape
_MANY = 100
_SMALLEST_SHARE = 0.02

_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=|/\(s\([a-z0-9]{20,}\)\)/", re.IGNORECASE)
_SESSION_NAME = re.compile(r"(?:jsession|phpsess|asp\.?net_session|cf|aspsession\w*|session|sess|s)_?(?:id|token)?")
_SESSION_VALUE = re.compile(r"(?=[^=]*[0-9])(?=[^=]*[a-z])[a-z0-9_-]{16,}", re.IGNORECASE)


def trap(url: str, now: datetime | None = None) -> str | None:
    """Why an address is a trap by its look, for people; None where it is none.

    now: when it was found, for calendars that run ahead of it; without it only those far ahead of anything are told.
    """
    if len(url) > LONGEST_ADDRESS:
        return f"longer than {LONGEST_ADDRESS:,} characters"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "no address"
    segments = [segment.lower() for segment in parts.path.split("/") if segment]
    if len(segments) > _MOST_SEGMENTS:
        return f"more than {_MOST_SEGMENTS} folders"
    repeats = max(Counter(segments).values(), default=0)
    if repeats > _MOST_REPEATS:
        return f"a folder of the same name {repeats} times"
    parameters = [parameter for parameter in re.split("[&;]", parts.query) if parameter]
    if len(parameters) > _MOST_PARAMETERS:
        return f"more than {_MOST_PARAMETERS} parameters"
    if len(parts.query) > _LONGEST_QUERY:
        return f"a query of more than {_LONGEST_QUERY} characters"
    if _SESSION_IN_PATH.search(f"{parts.path}/") or any(_is_session(parameter) for parameter in parameters):
        return "a session id"
    return _calendar(url, now)


def _is_session(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return bool(_SESSION_NAME.fullmatch(name.lower()) and _SESSION_VALUE.fullmatch(value))


def _calendar(url: str, now: datetime | None) -> str | None:
    period = period_of(url)
    if period is None:
        return None
    year = period[0].year
    ahead = period[0] > now + _AHEAD if now else year > _LAST_YEAR
    return f"a calendar of the year {year}" if ahead or year < _FIRST_YEAR else None


def worth(articles: int, others: int) -> bool:
    """Whether to fetch more addresses of a shape that gave so many articles and so many other pages.

    Not after 10 pages without an article, nor where of 100 or more fewer than 2 in 100 were articles.
    """
    if articles + others >= _MANY:
        return articles >= _SMALLEST_SHARE * (articles + others)
    return articles > 0 or others < _PATIENCE
