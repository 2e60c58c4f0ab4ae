"""Volume: what came in the last hours beside what was due in them, and how far that is from what chance explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from crawler.rhythm import Hours, Numbers, Rhythm

LOW, HIGH = 0.65, 5.0
"""Parts of what was due, between which a volume says nothing."""

LONGEST = 48
"""Hours."""

_LENGTHS = np.array([3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36, LONGEST])
_LEAST_DUE = 2.0  # articles
_DRIFT = 0.06  # how far the usual may have moved since it was learned, as a part of it
_HOLIDAY = 1.3  # how far sources stray from their neighbours on a quiet day, as a part of what all of them lack
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

    Of the last hours, at most LONGEST: usual: articles by the rhythm; due: of those, what neighbours brought too.
    """
    number = len(due)
    lengths = _LENGTHS[number >= _LENGTHS]
    known = hours.known[-number:]

    def sums(part: Numbers) -> Numbers:
        """Over the lengths."""
        found: Numbers = part[::-1].cumsum()[lengths - 1]
        return found

    came, whole = sums(np.where(known, hours.articles[-number:], 0.0)), sums(due)
    expected = np.where(came > whole, whole, np.maximum(0.0, whole - _at_the_ends(due, number - lengths)))
    wrong = (expected >= _LEAST_DUE) & ((came < LOW * expected) | (came > HIGH * expected))
    if not wrong.any():
        return
    quiet = 1 - whole / np.maximum(sums(usual), _LEAST_DUE)
    of_hours = (1 - _OF_DAYS) * _busy_hours(rhythm) * sums(due**2) / np.maximum(whole, _LEAST_DUE) ** 2
    spreads = np.sqrt(rhythm.spread**2 * (_OF_DAYS + of_hours) + _DRIFT**2 + (_HOLIDAY * quiet) ** 2)
    unlisted = sums(np.where(known, hours.unlisted[-number:], 0.0))
    for at in np.flatnonzero(wrong):
        strayed = _strayed(float(came[at]), float(expected[at]), float(spreads[at]))
        yield Window(int(lengths[at]), float(expected[at]), int(came[at]), int(unlisted[at]), strayed)


def _at_the_ends(due: Numbers, firsts: NDArray[np.int64]) -> Numbers:
    """What is due from some hours on in the two hours at either end, and not beside them: a batch that came an hour
    earlier or later came outside, or is still to come."""
    third = due[firsts + 2]
    ends = (due[firsts] - third, due[firsts + 1] - third, due[-1:] - due[-3], due[-2:-1] - due[-3])
    less: Numbers = np.sum([np.maximum(0.0, end) for end in np.broadcast_arrays(*ends)], axis=0)
    return less


def _busy_hours(rhythm: Rhythm) -> float:
    """Among how many hours of its best day a source's articles are spread: so far what strays by the hour averages."""
    days = rhythm.rates.reshape(7, 24)
    best = days[days.sum(axis=1).argmax()]
    return float(best.sum() ** 2 / max(1e-9, (best**2).sum()))


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
