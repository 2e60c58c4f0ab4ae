"""Pace: how often to look at each source, from what came from it so far. Pure: it knows no clock and no archive.

An article waits for the next look: half of the time between two, on average. Where articles come at a rate of r and
looks at a rate of f, the wait of all articles together is r / 2f in each hour, and for a given number of looks it is
least where f is proportional to the square root of r: then one look more saves as much at each source in each hour.
So the busy are looked at more often than the quiet, but not as much more often as they are busier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from storage.times import hour_at, hour_of

HOURS = 168
"""Of a week, from Monday 00:00 UTC."""

REMEMBERED = timedelta(weeks=12)
"""What came before that is forgotten."""

_HALF_LIFE = 3 * HOURS  # hours after which what came counts half
_EXPECTED, _DOUBT = 2.0, 4.0  # a new source is taken for one that brought so many articles in so many hours
_DOUBT_OF_DAY = 1.0  # an hour of the day for the mean of the source, until it was seen for so many hours …
_DOUBT_OF_WEEK = 2.0  # … and an hour of the week for that hour on any day
_NEIGHBOURS = 0.25  # what an hour takes from each beside it: an article an hour later next week is no surprise
_MONDAY = 72  # hours from 1 January 1970 back to the Monday before
_ROUNDS = 60  # of halving, to find how thrifty to be
_HOUR = timedelta(hours=1)

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Articles expected in each of the HOURS of a week."""

    hours: tuple[float, ...]

    @property
    def articles_a_week(self) -> float:
        """How many are expected in all."""
        return sum(self.hours)


@dataclass(frozen=True, slots=True)
class Demand:
    """A source that wants to be looked at. requests: that a look costs. at_most_every, at_least_every: the shortest and
    the longest time between two looks."""

    rhythm: Rhythm
    requests: float
    at_most_every: timedelta
    at_least_every: timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """Looks per hour in each of the HOURS of a week, all above zero."""

    looks: tuple[float, ...]

    @property
    def looks_a_day(self) -> float:
        """How many on average."""
        return sum(self.looks) / 7

    def interval(self, at: datetime) -> timedelta:
        """The time between two looks in the hour of a moment."""
        return _HOUR / self.looks[of_week(hour_of(at))]

    def next(self, last: datetime) -> datetime:
        """When to look after a look: when the hours since then make one."""
        at, hour, left = last, hour_of(last), 1.0
        while True:
            rate = self.looks[of_week(hour)]
            end = hour_at(hour + 1)
            here = rate * ((end - at) / _HOUR)
            if here >= left:
                return at + _HOUR * (left / rate)
            at, hour, left = end, hour + 1, left - here


def of_week(hour: int) -> int:
    """Which of the HOURS it is; ``hour`` counts from 1970, see ``storage.times.hour_of``."""
    return (hour + _MONDAY) % HOURS


def learn(arrivals: Mapping[int, int], since: datetime, until: datetime) -> Rhythm:
    """The rhythm of a source. arrivals: how many articles came in an hour, counted from 1970.

    since: from when on it was looked at, and what came is known. What came lately counts more than what came long ago,
    and where little is known, an hour is taken for the same hour of other days, and these for the mean.
    """
    first, last = hour_of(max(since, until - REMEMBERED)), hour_of(until)
    watched = np.arange(first, max(last, first))
    came = np.array([hour for hour in arrivals if first <= hour <= last], dtype=np.int64)
    numbers = np.array([arrivals[int(hour)] for hour in came], dtype=np.float64)
    count = _by_hour(came, numbers * _weight(came, last))
    hours = _by_hour(watched, _weight(watched, last))
    mean = (count.sum() + _EXPECTED) / (hours.sum() + _DOUBT)
    of_day = (_by_day(count) + mean * _DOUBT_OF_DAY) / (_by_day(hours) + _DOUBT_OF_DAY)
    rate = (_blurred(count) + np.tile(of_day, 7) * _DOUBT_OF_WEEK) / (_blurred(hours) + _DOUBT_OF_WEEK)
    return Rhythm(tuple(rate.tolist()))


def share_out(requests_a_day: float, demands: Sequence[Demand]) -> tuple[Pace, ...]:
    """The pace of each source, so that all together cost that many requests a day; fewer, or more, where bounds say so.

    A source of which a look costs more is looked at less often, again by the square root.
    """
    if not demands:
        return ()
    wish = np.sqrt([np.array(each.rhythm.hours) / each.requests for each in demands])
    fewest = np.array([[_HOUR / each.at_least_every] for each in demands])
    most = np.maximum(fewest, np.array([[_HOUR / each.at_most_every] for each in demands]))
    cost = np.array([[each.requests / 7] for each in demands])
    low, high = 1e-6, 1e6
    for _ in range(_ROUNDS):
        middle = (low * high) ** 0.5
        if float((np.clip(middle * wish, fewest, most) * cost).sum()) < requests_a_day:
            low = middle
        else:
            high = middle
    return tuple(Pace(tuple(looks.tolist())) for looks in np.clip(low * wish, fewest, most))


def _weight(hours: NDArray[np.int64], now: int) -> _Numbers:
    weight: _Numbers = 0.5 ** ((now - hours) / _HALF_LIFE)
    return weight


def _by_hour(hours: NDArray[np.int64], weights: _Numbers) -> _Numbers:
    sums: _Numbers = np.bincount((hours + _MONDAY) % HOURS, weights, HOURS).astype(np.float64)
    return sums


def _by_day(numbers: _Numbers) -> _Numbers:
    """The sums of each hour of the day, blurred too."""
    by_day: _Numbers = _blurred(numbers.reshape(7, 24).sum(axis=0))
    return by_day


def _blurred(numbers: _Numbers) -> _Numbers:
    beside: _Numbers = np.roll(numbers, 1) + np.roll(numbers, -1)
    return (1 - 2 * _NEIGHBOURS) * numbers + _NEIGHBOURS * beside
