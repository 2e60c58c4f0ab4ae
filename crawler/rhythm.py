"""Rhythm: what a source usually brings, by the hour of the week, and how far it usually strays from that.

Time is counted in the articles that were to be expected of it: a night in which nothing ever comes has no length, and
two hours of a busy morning may have twenty. Hours of which nobody knows, because nobody looked or nothing could be had,
have no length either. Hours are numbered from the beginning of 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

WEEK = 168
"""Hours."""

LEAST_DAYS = 14
"""Of which something is known, before there is a rhythm."""

_MONDAY = 72  # hours from a Monday to the beginning of 1970, a Thursday
_HALF_LIFE = 21 * 24  # hours after which what was seen counts half
_LEVEL_HOURS = 14 * 24  # how much comes lately is seen in these
_LEVEL_PRIOR = (1.0, 1.0)  # days that are believed to be as before
_LEVEL_LIMITS = (0.4, 2.5)
_KERNEL = (0.25, 0.5, 0.25)  # an hour is like those beside it
_USUAL = 0.9  # of all gaps, those up to this quantile are usual
_SPREAD, _SPREAD_DAYS = 0.17, 28  # what is believed before so many days have shown it
_SPREAD_LIMITS = (0.15, 1.5)
_LEAST_OF_A_DAY = 3.0  # expected articles, for a day to tell how far days stray

Numbers = NDArray[np.float64]


def hour_of(at: datetime) -> int:
    """The number of the hour that a moment is in."""
    return int(at.timestamp() // 3600)


def moment_of_hour(hour: int) -> datetime:
    """When an hour begins."""
    return datetime.fromtimestamp(hour * 3600, UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Consecutive hours of a source, from ``start`` on. articles: by the hour in which they were published. missed:
    links that were fetched and held no article. known: whether all that was published in that hour was looked for.
    unlisted: articles that no listing named, found by second looks."""

    start: int
    articles: NDArray[np.int64]
    missed: NDArray[np.int64]
    known: NDArray[np.bool_]
    unlisted: NDArray[np.int64]

    @property
    def end(self) -> int:
        """The hour after the last."""
        return self.start + len(self.articles)


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """What is usual. rates: articles expected in each hour of the week, from Monday 00:00 UTC. day: on the best one.
    usual_gap: expected articles in the longest silences that are usual. spread: how far the volume of days strays, as a
    part of it, beyond chance. read: the share of fetched links that are articles."""

    rates: Numbers
    day: float
    usual_gap: float
    spread: float
    read: float

    def expected(self, start: int, end: int) -> Numbers:
        """The articles expected in each hour from ``start`` up to ``end``."""
        return self.rates.take(np.arange(start + _MONDAY, end + _MONDAY), mode="wrap")


def learn(hours: Hours) -> Rhythm | None:
    """The rhythm that some weeks show; None where too little is known, or next to nothing came."""
    if hours.known.sum() < LEAST_DAYS * 24 or hours.articles.sum() < LEAST_DAYS / 2:
        return None
    ages = np.arange(len(hours.articles))[::-1]
    of_week = (np.arange(hours.start, hours.end) + _MONDAY) % WEEK
    rates = _rates(of_week, np.where(hours.known, 0.5 ** (ages / _HALF_LIFE), 0.0), hours.articles)
    articles = np.where(hours.known, hours.articles, 0)
    usual = np.where(hours.known, rates[of_week], 0.0)
    rates = rates * _level(articles, usual)
    missed = int(hours.missed.sum())
    return Rhythm(
        rates,
        float(rates.reshape(7, 24).sum(axis=1).max()),
        _usual_gap(articles, usual),
        _spread(articles, usual),
        float((articles.sum() + 1) / (articles.sum() + missed + 2)),
    )


def _rates(of_week: NDArray[np.int64], weights: Numbers, articles: NDArray[np.int64]) -> Numbers:
    known = np.bincount(of_week, weights, WEEK)
    seen = np.bincount(of_week, weights * articles, WEEK)
    by_day = known.reshape(7, 24).sum(axis=0), seen.reshape(7, 24).sum(axis=0)
    of_day = np.tile(np.divide(by_day[1], by_day[0], out=np.zeros(24), where=by_day[0] > 0), 7)
    rates = np.divide(seen, known, out=of_day, where=known > 0)
    beside = [part * np.roll(rates, shift) for part, shift in zip(_KERNEL, (-1, 0, 1), strict=True)]
    smoothed: Numbers = np.sum(beside, axis=0)
    return smoothed


def _level(articles: NDArray[np.int64], usual: Numbers) -> float:
    """How much comes lately, as a part of what is usual: of the middle one of the days, so that one without anything
    says nothing of the next."""
    seen, expected = _by_day(articles[-_LEVEL_HOURS:], usual[-_LEVEL_HOURS:])
    tells = expected >= _LEAST_OF_A_DAY
    parts = [*(seen[tells] / expected[tells]), *_LEVEL_PRIOR] if tells.any() else [1.0]
    return float(np.clip(np.median(parts), *_LEVEL_LIMITS))


def _by_day(articles: NDArray[np.int64], usual: Numbers) -> tuple[Numbers, Numbers]:
    """Seen and expected, in whole days up to the end."""
    whole = len(usual) // 24 * 24
    seen, expected = (part[len(part) - whole :].reshape(-1, 24).sum(axis=1) for part in (articles, usual))
    return seen.astype(float), expected


def _usual_gap(articles: NDArray[np.int64], usual: Numbers) -> float:
    """Between hours that brought something."""
    gaps = np.diff(np.cumsum(usual)[articles > 0])
    return max(1.0, float(np.quantile(gaps, _USUAL))) if len(gaps) else 1.0


def _spread(articles: NDArray[np.int64], usual: Numbers) -> float:
    """By the days that are neither the best nor the worst: what is beyond them was no usual day."""
    seen, expected = _by_day(articles, usual)
    tells = expected >= _LEAST_OF_A_DAY
    if tells.sum() < 7:
        return 0.5
    strayed = np.abs(seen[tells] / expected[tells] - 1)
    by_chance = float((1 / expected[tells]).mean())
    shown = max(0.0, (1.4826 * float(np.median(strayed))) ** 2 - by_chance)
    days = len(strayed)
    believed = (days * shown + _SPREAD_DAYS * _SPREAD**2) / (days + _SPREAD_DAYS)
    return float(np.clip(np.sqrt(believed), *_SPREAD_LIMITS))
