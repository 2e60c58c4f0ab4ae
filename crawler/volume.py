"""Volume: what came in the last hours beside what was due in them, and how far that is from what chance explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from crawler.rhythm import Hours, Numbers, Rhythm

LOW, HIGH = 0.65, 5.0
"""Parts of what was due, between which a volume says nothing."""

LONGEST = 48
"""Hours."""

_LENGTHS = np.array([3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36, LONGEST])
_LEAST_DUE = 2.0  # articles
_DRIFT = 0.06  # how far the usual may have moved since it was learned, as a part of it
_HOLIDAY = 0.8  # how far sources stray from their neighbours on a quiet day, as a part of what all of them lack
_OF_DAYS = 0.5  # the part of the variance of a day that its hours share; the rest is each hour's own


@dataclass(frozen=True, slots=True)
class Window:
    """The last hours, where far less or far more came than was due. unlisted: articles of these hours that only its
    front page named. strayed: standard deviations from what was due; below 0 for less."""

    hours: int
    due: float
    came: int
    unlisted: int
    strayed: float


def windows(hours: Hours, usual: Numbers, due: Numbers, rhythm: Rhythm) -> Iterator[Window]:
    """The windows that end now and are out of proportion, shortest first.

    usual: articles of each hour by the rhythm; due: of those, what neighbours brought too.
    """
    length = len(hours.articles)
    if not length:
        return
    lengths = _LENGTHS[length >= _LENGTHS]
    parts = (due, usual, np.where(hours.known, hours.articles, 0), np.where(hours.known, hours.unlisted, 0))
    ends = [part[-int(lengths[-1]) :][::-1].cumsum()[lengths - 1] for part in parts]
    wrong = (ends[0] >= _LEAST_DUE) & ((ends[2] < LOW * ends[0]) | (ends[2] > HIGH * ends[0]))
    for at in np.flatnonzero(wrong):
        expected, common, came, unlisted = (float(part[at]) for part in ends)
        quiet = 1 - expected / common
        of_hours = _OF_DAYS + (1 - _OF_DAYS) * rhythm.day / expected
        spread = sqrt(rhythm.spread**2 * of_hours + _DRIFT**2 + (_HOLIDAY * quiet) ** 2)
        yield Window(int(lengths[at]), expected, int(came), int(unlisted), _strayed(came, expected, spread))


def _strayed(came: float, due: float, spread: float) -> float:
    """How many standard deviations a volume is from what was due, by chance and by the spread of days together.

    The root of the least deviance: a day that is ``exp(u)`` times the usual costs ``(u / spread) ** 2``, and the rest
    is chance (Poisson).
    """
    u = 0.0
    for _ in range(30):  # Newton; the slope only rises
        step = (u / spread**2 + due * exp(u) - came) / (1 / spread**2 + due * exp(u))
        u -= step
        if abs(step) < 1e-6:
            break
    rate = due * exp(u)
    chance = 2 * (rate - came + (came * log(came / rate) if came else 0.0))
    return (1 if came > due else -1) * sqrt((u / spread) ** 2 + max(0.0, chance))
