"""Slots: the moments at which a source is due, each named once and for all, and those that were missed.

A slot is named by its moment in UTC, such as ``2026-11-22T01:30:00Z``: the names of a source sort as their times do,
also after its schedule or its time zone was changed. A cron expression that names hours is of the clock on the wall:
an hour that comes twice is due the first time, and a time that the clock leaps over is due as long after the leap as
it stands behind its beginning. One for every hour is of the hours that pass: two where the clock shows one twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from crawler.source import Timing
from storage.links import LONG_AGO
from storage.times import rfc3339

MOST_COUNTED = 1000
"""Of the missed slots of a cron expression; each is walked over. Those of an interval are counted without a limit."""

_EVERY_HOUR = ("*", "*/1", "0-23")
_SHIFT = timedelta(hours=3)  # clocks are changed by half an hour to two hours
_LOOK_BACK = timedelta(days=366 * 41)  # to a 29 February that is a certain weekday, beyond 2100
_MINUTE = timedelta(minutes=1)


class Calendar(Protocol):
    """The times of a cron expression by a clock that is never changed: naive, whole minutes."""

    def next(self, after: datetime) -> datetime:
        """The first time after another."""
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """Slots that nobody looked at, first to last. is_all: False where counting stopped at ``number``."""

    first: str
    last: str
    number: int
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """The slot to run, and what was missed before it."""

    slot: str
    missed: Missed | None = None


class Slots(Protocol):
    """The slots of a schedule, as moments in UTC."""

    def next(self, after: datetime) -> datetime:
        """The first slot after a moment."""
        ...

    def latest(self, now: datetime) -> datetime | None:
        """The slot that a moment belongs to; None where there was none yet."""
        ...

    def missed(self, after: datetime, current: datetime) -> Missed | None:
        """The slots between two moments."""
        ...


@dataclass(frozen=True, slots=True)
class Regular:
    """Slots at one distance, aligned to a moment. every: whole seconds."""

    every: timedelta
    start: datetime

    def next(self, after: datetime) -> datetime:
        """The first slot after a moment."""
        return self.latest(after) + self.every

    def latest(self, now: datetime) -> datetime:
        """The slot that a moment belongs to."""
        return self.start + (now - self.start) // self.every * self.every

    def missed(self, after: datetime, current: datetime) -> Missed | None:
        """The slots between two moments."""
        first, last = self.next(after), self.latest(current - timedelta.resolution)
        return Missed(rfc3339(first), rfc3339(last), (last - first) // self.every + 1) if first <= last else None


@dataclass(frozen=True, slots=True)
class Wallclock:
    """Slots by the clocks of a zone. every_hour: what the clock shows twice is twice."""

    calendar: Calendar
    zone: ZoneInfo
    every_hour: bool

    def next(self, after: datetime) -> datetime:
        """The first slot after a moment."""
        return next(self._after(after))

    def latest(self, now: datetime) -> datetime | None:
        """The slot that a moment belongs to. The calendar only looks ahead: start before it, and halve the way."""
        back = timedelta(hours=1)
        while (low := self.next(now - back)) > now:
            if back > _LOOK_BACK:
                return None
            back *= 4
        high = now
        while high - low > _MINUTE:
            middle = low + (high - low) / 2
            if (slot := self.next(middle)) <= now:
                low = slot
            else:
                high = middle
        return slot if (slot := self.next(low)) <= now else low

    def missed(self, after: datetime, current: datetime) -> Missed | None:
        """The slots between two moments."""
        found = []
        for slot in islice(self._after(after), MOST_COUNTED):
            if slot >= current:
                break
            found.append(slot)
        if not found:
            return None
        last = self.latest(current - timedelta.resolution) or found[-1]
        return Missed(rfc3339(found[0]), rfc3339(last), len(found), last == found[-1])

    def _after(self, after: datetime) -> Iterator[datetime]:
        """The slots after a moment, in order. Times on the wall are not in order where the clock is changed."""
        waiting: list[datetime] = []
        wall, previous = min(self._shown(after)), after
        while True:
            wall = self.calendar.next(wall)
            for slot in self._moments(wall):
                heappush(waiting, slot)
            settled = self._earliest(wall)  # no later time on the wall is before this
            while waiting and waiting[0] <= settled:
                if (slot := heappop(waiting)) > previous:
                    yield (previous := slot)

    def _moments(self, wall: datetime) -> tuple[datetime, ...]:
        """When the clock shows a time: twice, or never, where it is changed."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second or not self.every_hour:
            return (first,)  # of a time that is leapt over: by the clock as it was before
        return (first, second) if first < second else ()

    def _earliest(self, wall: datetime) -> datetime:
        moment = wall.replace(tzinfo=self.zone).astimezone(UTC)
        return moment - (max(self._shown(moment)) - wall)

    def _shown(self, moment: datetime) -> tuple[datetime, ...]:
        """What the clock shows, and what it would show as it was set a little before, and a little later."""
        steps = (-_SHIFT, timedelta(), _SHIFT)
        return tuple((moment + step).astimezone(self.zone).replace(tzinfo=None) - step for step in steps)


def slots_of(timing: Timing, name: str, calendar_of: Callable[[str], Calendar]) -> Slots:
    """The slots of a source. Those of intervals are spread by its name, so that not all are due in one second."""
    if timing.cron is not None:
        every_hour = timing.cron.split()[1] in _EVERY_HOUR
        return Wallclock(calendar_of(timing.cron), ZoneInfo(timing.timezone or "UTC"), every_hour)
    if (every := timing.every) is None:
        raise ValueError(f"{name}: a schedule without an interval and without a cron expression")
    spread = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
    return Regular(every, LONG_AGO + timedelta(seconds=spread % round(every.total_seconds())))


def due(slots: Slots, after: str | None, now: datetime) -> Due | None:
    """The slot to run now, the latest; None where it was run or skipped already.

    after: the last slot that was run or skipped. A source without one is due at once, and has missed nothing.
    """
    current = slots.latest(now)
    if after is None:
        return Due(rfc3339(current)) if current else None
    if current is None or current <= (done := moment_of(after)):
        return None
    return Due(rfc3339(current), slots.missed(done, current))


def moment_of(slot: str) -> datetime:
    """The moment that a slot is named by. Raises ValueError."""
    return datetime.fromisoformat(slot).astimezone(UTC)
