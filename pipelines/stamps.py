"""Date stamps in plain text: lines that say when, and hardly anything else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from pipelines.phrases import Phrases, fold, one_of
from storage.records import Precision

_TIME = re.compile(
    r"(?<!\d)(?P<hour>[01]?\d|2[0-3])\s?(?:[:h.]|giờ)\s?(?P<minute>[0-5]\d)(?::[0-5]\d)?\s?(?P<half>[ap]\.?m\b\.?)?(?!\d)",
    re.IGNORECASE,
)
_ZONE = re.compile(r"\(?\b(?:gmt|utc)\s?(?P<sign>[+-])\s?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?\)?", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>(?:19|20)\d\d)(?!\d)")
_EAST_ASIAN = re.compile(r"(?P<year>(?:19|20)\d\d)\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A date found in a line. rest: what the line says besides, labels and separators taken away."""

    at: datetime
    precision: Precision
    rest: str


def read_stamp(text: str, phrases: Phrases) -> Stamp | None:
    """The first full date (day, month, year) of a short line; a time without a zone counts as UTC."""
    line = " ".join(text.split())
    for pattern in (_YEAR_FIRST, _DAY_FIRST, _EAST_ASIAN, *_named(tuple(phrases.months))):
        found = pattern.search(line)
        if not found:
            continue
        month = found["month"]
        numbers = (
            int(found["year"]),
            int(month) if month.isdigit() else phrases.months.get(fold(month), 0),
            int(found["day"]),
        )
        if numbers[1] > 12 >= numbers[2]:  # month first
            numbers = (numbers[0], numbers[2], numbers[1])
        try:
            day = datetime(*numbers, tzinfo=UTC)
        except ValueError:
            continue
        remaining = line[: found.start()] + " " + line[found.end() :]
        zone = _ZONE.search(remaining)
        remaining = _ZONE.sub(" ", remaining)
        time = _TIME.search(remaining)
        remaining = _TIME.sub(" ", remaining)
        rest = " ".join(phrases.stamp_words.sub(" ", remaining).split()).strip(" ,;:|•·-–—/()[]<>")
        return Stamp(_moment(day, time, zone), "minute" if time else "day", rest)
    return None


def says_more_than_when(text: str, phrases: Phrases) -> bool:
    """Whether anything is left of a line without numbers and the words around times: “3 hours ago” leaves nothing."""
    return any(map(str.isalpha, phrases.stamp_words.sub(" ", fold(text))))


def _moment(day: datetime, time: re.Match[str] | None, zone: re.Match[str] | None) -> datetime:
    if time is None:
        return day
    hour = int(time["hour"])
    if time["half"]:
        hour = hour % 12 + (12 if time["half"][0] in "pP" else 0)
    moment = day.replace(hour=hour, minute=int(time["minute"]))
    if zone:
        offset = timedelta(hours=int(zone["hours"]), minutes=int(zone["minutes"] or 0))
        if offset < timedelta(hours=24):
            moment = moment.replace(tzinfo=timezone(offset if zone["sign"] == "+" else -offset))
    return moment.astimezone(UTC)


@cache
def _named(months: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Dates with a month's name: day first, month first."""
    month = rf"(?P<month>{one_of(months)})"
    year = r"(?P<year>(?:19|20)\d\d)"
    day = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
    return (
        re.compile(rf"{day}\s*(?:de\s+)?{month}\.?,?\s*(?:(?:de|del|năm)\s+)?{year}", re.IGNORECASE),
        re.compile(rf"(?<!\w){month}\.?\s*{day},?\s*{year}", re.IGNORECASE),
    )
