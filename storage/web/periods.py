"""Periods: what the bars and lines of a chart stand for, from hours to years, and how many articles each has."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import get_args

from storage.counts import Count
from storage.overview import Span
from storage.records import CountedBy
from storage.web.asking import Asked, Unit, written

MOST_BARS = 120
"""With more of them a bar would be thinner than a finger's breadth of screen; a coarser unit is taken."""

_USUAL_BARS = 62
_UNITS: tuple[Unit, ...] = get_args(Unit)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_LENGTHS = {"hour": _HOUR, "day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY, "year": 365 * _DAY}
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.combine(date.max, time(), UTC)
_LAST_END = _LAST - timedelta(days=3660)

Counting = Callable[[CountedBy], Sequence[Count] | None]
"""Counts the answers to a question; None where that takes too long."""

Covered = Callable[[Sequence[Span]], Sequence[bool]]
"""Tells of each span whether anything was captured in it."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a bar stands for. address: the same question of it alone.

    is_covered: False where nothing was captured, and so nothing can be said. is_over: False while the period goes on.
    is_cut: whether what was asked for begins or ends within it.
    """

    start: datetime
    end: datetime
    label: str
    address: str
    is_over: bool = True
    is_cut: bool = False
    is_covered: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether its number can be held against others."""
        return self.is_over and not self.is_cut


@dataclass(frozen=True, slots=True)
class Frame:
    """The periods of a chart in the order of time. numbers: of each question, by period. earlier: of each question,
    articles before the first period, where all would be too many to be drawn.

    steps: links that brush, by name; None where there is nothing to go to. coarser: whether the unit asked for would
    have made too many bars.
    """

    unit: Unit
    periods: tuple[Period, ...]
    numbers: tuple[tuple[int, ...], ...]
    earlier: tuple[int, ...]
    earlier_address: str
    steps: tuple[tuple[str, str | None], ...]
    units: tuple[tuple[Unit, str], ...]
    coarser: bool

    @property
    def totals(self) -> tuple[int, ...]:
        """Of each question, all its articles."""
        return tuple(before + sum(numbers) for before, numbers in zip(self.earlier, self.numbers, strict=True))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a drawing shows by dashes and hatching, in words."""
        said = []
        bare = sum(not period.is_covered for period in self.periods)
        if bare:
            said.append(f"Nothing was captured in {bare} of {len(self.periods)} {self.unit}s (hatched).")
        said += [f"The {self.unit} of {each.label} is not over (dashed)." for each in self.periods if not each.is_over]
        cut = [period.label for period in self.periods if period.is_cut and period.is_over]
        if cut:
            said.append(f"Only a part of {' and of '.join(cut)} was asked for (dashed).")
        if self.coarser:
            said.append(f"By {self.unit}, because a finer chart would have more than {MOST_BARS} bars.")
        return tuple(said)


def frame(
    countings: Sequence[Counting], asked: Asked, span: tuple[datetime | None, datetime | None], now: datetime,
    covered: Covered,
) -> Frame | None:  # fmt: skip
    """The periods for some questions together; None where they have no answers, or counting takes too long.

    span: since and until.
    """
    by_day = [counting("day") for counting in countings]
    if None in by_day:
        return None
    dated = [_dated(each or ()) for each in by_day]
    found = sorted(at for each in dated for at, _ in each)
    if not found:
        return None
    since, until = span
    start = since or found[0]
    stop = min(until, _LAST_END) if until else _end(found[-1], since, now, _DAY)
    unit = asked.unit or _finest(start, stop, _UNITS, _USUAL_BARS)
    chosen = _finest(start, stop, _UNITS[_UNITS.index(unit) :], MOST_BARS)
    if chosen == "hour":
        by_hour = [counting("hour") for counting in countings]
        if None in by_hour or not any(by_hour):
            unit = chosen = "day"  # there is no time for more, or what there was is gone by now
        else:
            dated = [_dated(each or ()) for each in by_hour]
            found = sorted(at for each in dated for at, _ in each)
    grain = _HOUR if chosen == "hour" else _DAY
    first = _floor(since, grain) if since else found[0]
    end = _ceiling(stop, grain) if until else _end(found[-1], since, now, grain)
    end = max(end, _FIRST + _DAY)
    first = min(first, end - grain)
    edges = _edges(first, end, chosen)[-MOST_BARS - 1 :]
    periods = [_period(asked, chosen, begins, ends, span, now) for begins, ends in pairwise(edges)]
    counted = [_spread(each, edges[:-1]) for each in dated]
    numbers = tuple(tuple(each) for _, each in counted)
    bare = [at for at, period in enumerate(periods) if not any(each[at] for each in numbers) and period.start <= now]
    for at, is_covered in zip(bare, covered([(periods[at].start, periods[at].end) for at in bare]), strict=True):
        periods[at] = replace(periods[at], is_covered=is_covered)
    return Frame(
        chosen, tuple(periods), numbers, tuple(before for before, _ in counted),
        asked.address(until=written(edges[0])), _steps(asked, first, end),
        tuple((each, asked.address(by=each)) for each in _UNITS), chosen != unit,
    )  # fmt: skip


def _dated(counts: Sequence[Count]) -> list[tuple[datetime, int]]:
    return [(datetime.fromisoformat(each.key).replace(tzinfo=UTC), each.number) for each in counts if each.key]


def _end(last: datetime, since: datetime | None, now: datetime, grain: timedelta) -> datetime:
    """Behind the last one; or now, where it was asked for all since then."""
    behind = last + grain
    return max(behind, _floor(now, grain) + grain) if since else behind


def _spread(dated: Sequence[tuple[datetime, int]], starts: Sequence[datetime]) -> tuple[int, list[int]]:
    """How many are before the first start, and behind each until the next."""
    earlier, numbers = 0, [0] * len(starts)
    for at, number in dated:
        place = bisect_right(starts, at) - 1
        if place < 0:
            earlier += number
        else:
            numbers[place] += number
    return earlier, numbers


def _period(
    asked: Asked, unit: Unit, begins: datetime, ends: datetime, span: tuple[datetime | None, datetime | None],
    now: datetime,
) -> Period:  # fmt: skip
    since, until = span
    start, stop = max(begins, since or begins), min(ends, until or ends)
    return Period(
        begins, ends, _label(begins, unit), asked.address(since=written(start), until=written(stop)),
        is_over=not begins <= now < ends, is_cut=(start, stop) != (begins, ends),
    )  # fmt: skip


def _steps(asked: Asked, first: datetime, end: datetime) -> tuple[tuple[str, str | None], ...]:
    length = end - first
    whole = _DAY if (first - _FIRST) % _DAY == (end - _FIRST) % _DAY == timedelta() else _HOUR
    half = max(whole, length // 2 // whole * whole)
    fine = _DAY if length > 3 * _DAY else _HOUR
    quarter = length // 4 // fine * fine

    def to(start: datetime, stop: datetime) -> str:
        return asked.address(since=written(start), until=written(stop))

    before, behind = min(length, first - _FIRST), min(length, _LAST - end)
    is_narrowed = bool(asked.since or asked.until)
    return (
        ("Earlier", to(first - before, first) if is_narrowed and before else None),
        ("Wider", to(first - min(half, before), end + min(half, behind)) if is_narrowed else None),
        ("Narrower", to(first + quarter, end - quarter) if quarter else None),
        ("Later", to(end, end + behind) if is_narrowed and behind else None),
        ("All time", asked.address(since="", until="") if is_narrowed else None),
    )


def _finest(first: datetime, end: datetime, units: Sequence[Unit], most: int) -> Unit:
    """The finest of some units with at most so many bars; else the coarsest of them."""
    return next((unit for unit in units if -(-(end - first) // _LENGTHS[unit]) <= most), units[-1])


def _edges(first: datetime, end: datetime, unit: Unit) -> list[datetime]:
    """Where periods begin, from the one with ``first`` in it to the one that begins at or behind ``end``."""
    step = {"month": 31 * _DAY, "year": 366 * _DAY}.get(unit, _LENGTHS[unit])
    at = _beginning(first, unit)
    edges = [at]
    while at < end:
        at = _beginning(at + step, unit)
        edges.append(at)
    return edges


def _beginning(at: datetime, unit: Unit) -> datetime:
    day = _floor(at, _DAY)
    match unit:
        case "hour":
            return _floor(at, _HOUR)
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def _label(start: datetime, unit: Unit) -> str:
    match unit:
        case "hour":
            return f"{start.day} {start:%b} {start.year} {start:%H}:00"
        case "day" | "week":
            return f"{start.day} {start:%b} {start.year}"
        case "month":
            return f"{start:%b} {start.year}"
        case "year":
            return str(start.year)


def _floor(at: datetime, grain: timedelta) -> datetime:
    return at - (at - _FIRST) % grain


def _ceiling(at: datetime, grain: timedelta) -> datetime:
    return at + (_FIRST - at) % grain
