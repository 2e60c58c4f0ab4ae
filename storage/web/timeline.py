"""Timeline: how many articles there are in each period, as bars that are links, and as the same in a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import get_args

from storage.counts import Count
from storage.overview import Span
from storage.web.asking import Asked, Unit, written

HEIGHT = 96
"""Of the drawing, in pixels. Its width is that of the page: across it everything is in percent."""

MOST_BARS = 120
"""With more of them a bar would be thinner than a finger's breadth of screen; a coarser unit is taken."""

_USUAL_BARS = 62
_WIDEST = 3.5  # percent that a bar takes, where there are few
_DAY = timedelta(days=1)
_LAST_DAY = date.max - timedelta(days=3660)

Covered = Callable[[Sequence[Span]], Sequence[bool]]
"""Tells of each span whether anything was captured in it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One period. number: of articles. x, width: of the bar in percent; y, height: in pixels.

    is_covered: False where nothing was captured, and so nothing can be said. is_over: False while the period goes on.
    is_cut: whether what was asked for begins or ends within it.
    """

    start: date
    end: date
    label: str
    number: int
    address: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    is_covered: bool = True
    is_over: bool = True
    is_cut: bool = False

    @property
    def looks(self) -> str:
        """The class of its drawing."""
        if not self.is_covered:
            return "uncovered"
        return "bar" if self.is_over and not self.is_cut else "bar unfinished"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars in the order of time. earlier: articles before the first one, of a period too long to be drawn.

    steps: links that brush, by name; None where there is nothing to go to. coarser: whether the unit asked for would
    have made too many bars.
    """

    unit: Unit
    bars: tuple[Bar, ...]
    steps: tuple[tuple[str, str | None], ...]
    units: tuple[tuple[Unit, str], ...]
    earlier: int = 0
    earlier_address: str = ""
    coarser: bool = False

    @property
    def total(self) -> int:
        """Of all articles."""
        return self.earlier + sum(bar.number for bar in self.bars)

    @property
    def peak(self) -> Bar:
        """The highest bar, the latest of them."""
        return max(reversed(self.bars), key=lambda bar: bar.number)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the drawing shows by dashes and hatching, in words."""
        said = []
        bare = sum(not bar.is_covered for bar in self.bars)
        if bare:
            said.append(f"Nothing was captured in {bare} of {len(self.bars)} {self.unit}s (hatched).")
        said += [f"The {self.unit} of {bar.label} is not over (dashed)." for bar in self.bars if not bar.is_over]
        cut = [bar.label for bar in self.bars if bar.is_cut and bar.is_over]
        if cut:
            said.append(f"Only a part of {' and of '.join(cut)} was asked for (dashed).")
        if self.coarser:
            said.append(f"By {self.unit}, because a finer chart would have more than {MOST_BARS} bars.")
        return tuple(said)


def timeline(days: Sequence[Count], asked: Asked, span: tuple[datetime | None, datetime | None], today: date,
             covered: Covered) -> Timeline | None:  # fmt: skip
    """The timeline of the counts by day of what was asked; None where there are none. span: since and until."""
    dated = [(date.fromisoformat(day.key), day.number) for day in days if day.key]
    if not dated:
        return None
    since, until = span
    first = since.date() if since else dated[0][0]
    last = dated[-1][0] + _DAY
    end = _at_most(_end_of(until) if until else max(last, today + _DAY) if since else last)
    first = min(first, end - _DAY)
    unit = asked.unit or next((each for each in get_args(Unit) if _number(first, end, each) <= _USUAL_BARS), "year")
    chosen = next((each for each in _from(unit) if _number(first, end, each) <= MOST_BARS), "year")
    edges = _edges(first, end, chosen)[-MOST_BARS - 1 :]
    bars = [_bar(asked, chosen, start, stop, since, until, today) for start, stop in pairwise(edges)]
    numbers = [0] * len(bars)
    earlier = at = 0
    for day, number in dated:
        while at < len(bars) - 1 and day >= bars[at].end:
            at += 1
        if day < bars[0].start:
            earlier += number
        else:
            numbers[at] += number
    bare = [at for at, number in enumerate(numbers) if not number and bars[at].start <= today]
    has_any = dict(zip(bare, covered([_span(bars[at]) for at in bare]), strict=True))
    drawn = _drawn([replace(bar, number=numbers[at], is_covered=has_any.get(at, True)) for at, bar in enumerate(bars)])
    return Timeline(
        chosen, drawn, _steps(asked, first, end), tuple((each, asked.address(by=each)) for each in get_args(Unit)),
        earlier, asked.address(until=edges[0].isoformat()), chosen != unit,
    )  # fmt: skip


def _bar(
    asked: Asked, unit: Unit, start: date, end: date, since: datetime | None, until: datetime | None, today: date
) -> Bar:
    begins, ends = _midnight(start), _midnight(end)
    from_, to = max(begins, since or begins), min(ends, until or ends)
    return Bar(
        start, end, _label(start, unit), 0, asked.address(since=written(from_), until=written(to)),
        is_over=not start <= today < end, is_cut=(from_, to) != (begins, ends),
    )  # fmt: skip


def _drawn(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    step = 100 / len(bars)
    width = min(step * 0.8, _WIDEST)
    most = max(bar.number for bar in bars) or 1
    drawn = []
    for at, bar in enumerate(bars):
        height = HEIGHT if not bar.is_covered else max(2.0, bar.number / most * (HEIGHT - 6)) if bar.number else 0.0
        drawn.append(
            replace(
                bar, x=round((at + 0.5) * step - width / 2, 2), width=round(width, 2),
                y=round(HEIGHT - height, 2), height=round(height, 2),
            )
        )  # fmt: skip
    return tuple(drawn)


def _steps(asked: Asked, first: date, end: date) -> tuple[tuple[str, str | None], ...]:
    days = (end - first).days
    half, quarter = max(1, days // 2), days // 4

    def to(start: date, stop: date) -> str:
        return asked.address(since=start.isoformat(), until=stop.isoformat())

    before, behind = min(days, (first - date.min).days), min(days, (date.max - end).days)
    wider = to(first - timedelta(days=min(half, before)), end + timedelta(days=min(half, behind)))
    is_narrowed = bool(asked.since or asked.until)
    return (
        ("Earlier", to(first - timedelta(days=before), first) if is_narrowed and before else None),
        ("Wider", wider if is_narrowed else None),
        ("Narrower", to(first + timedelta(days=quarter), end - timedelta(days=quarter)) if days > 3 else None),
        ("Later", to(end, end + timedelta(days=behind)) if is_narrowed and behind else None),
        ("All time", asked.address(since="", until="") if is_narrowed else None),
    )


def _from(unit: Unit) -> tuple[Unit, ...]:
    units: tuple[Unit, ...] = get_args(Unit)
    return units[units.index(unit) :]


def _number(first: date, end: date, unit: Unit) -> int:
    return -(-(end - first).days // {"day": 1, "week": 7, "month": 30, "year": 365}[unit])


def _edges(first: date, end: date, unit: Unit) -> list[date]:
    """Where periods begin, from the one with ``first`` in it to the one that begins at or behind ``end``."""
    at = _beginning(first, unit)
    edges = [at]
    while at < end:
        at = _beginning(at + timedelta(days={"day": 1, "week": 7, "month": 31, "year": 366}[unit]), unit)
        edges.append(at)
    return edges


def _beginning(day: date, unit: Unit) -> date:
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def _label(start: date, unit: Unit) -> str:
    match unit:
        case "day" | "week":
            return f"{start.day} {start:%b} {start.year}"
        case "month":
            return f"{start:%b} {start.year}"
        case "year":
            return str(start.year)


def _span(bar: Bar) -> Span:
    return _midnight(bar.start), _midnight(bar.end)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _at_most(end: date) -> date:
    return min(end, _LAST_DAY)


def _end_of(until: datetime) -> date:
    """The first day with nothing in it."""
    utc = until.astimezone(UTC)
    return utc.date() if utc.time() == time() else _at_most(utc.date()) + _DAY
