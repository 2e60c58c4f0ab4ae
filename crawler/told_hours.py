"""Hours as the pulses tell them: which of them were looked at, and which say something of what is usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from crawler.rhythm import Hours, hour_of
from storage.problems import Problem

_LEARN_ROUND = timedelta(days=14)  # a problem that lasts longer is what is usual
_LEAST_REACH, _MOST_REACH = 2, 48  # hours between looks, of which the later one tells all


def hours_of(told: Mapping[int, tuple[int, int, int]], begin: int, end: int) -> Hours:
    """In a row. A look tells of the time since the one before, unless that is longer than usual."""
    articles, missed = np.zeros(end - begin, np.int64), np.zeros(end - begin, np.int64)
    known = np.zeros(end - begin, bool)
    looks = sorted(hour for hour, (_, _, listed) in told.items() if listed)
    usual = float(np.median(np.diff(looks))) if len(looks) > 1 else 1.0
    reach = int(min(max(_LEAST_REACH, 2 * usual), _MOST_REACH))
    for before, look in zip([None, *looks], looks, strict=False):
        first = before if before is not None and look - before <= reach else look - 1
        known[max(0, first - begin) : max(0, look - begin)] = True
    for hour, (came, without, _) in told.items():
        if begin <= hour < end:
            articles[hour - begin], missed[hour - begin] = came, without
    return Hours(begin, articles, missed, known, np.zeros(end - begin, np.int64))


def beside(hours: Hours, unlisted: Iterable[datetime]) -> Hours:
    """The hours with the articles that no listing named."""
    found = hours.unlisted.copy()
    for at in unlisted:
        if hours.start <= hour_of(at) < hours.end:
            found[hour_of(at) - hours.start] += 1
    return replace(hours, unlisted=found)


def without(name: str, hours: Hours, problems: Iterable[Problem]) -> Hours:
    """The hours but those of its problems: these say nothing of what is usual, and nothing twice."""
    known = hours.known.copy()
    for problem in problems:
        if problem.source == name and problem.kind not in ("listing", "layout"):
            until = min(problem.closed_at or problem.since + _LEARN_ROUND, problem.since + _LEARN_ROUND)
            known[max(0, hour_of(problem.since) - hours.start) : max(0, hour_of(until) + 1 - hours.start)] = False
    return replace(hours, known=known)


def before_yesterday(hours: Hours) -> Hours:
    """Those that what is usual is learned from: not the days that are being judged."""
    return _part(hours, 0, hours.end // 24 * 24 - 24 - hours.start)


def last(hours: Hours, number: int) -> Hours:
    """So many of them."""
    return _part(hours, len(hours.articles) - number, len(hours.articles))


def _part(hours: Hours, first: int, end: int) -> Hours:
    of = slice(first, end)
    return Hours(hours.start + first, hours.articles[of], hours.missed[of], hours.known[of], hours.unlisted[of])


def by_hour(rows: Iterable[tuple[int, int, int, int]]) -> Iterable[tuple[int, tuple[int, int, int]]]:
    """Hour to articles, missed, listed."""
    return ((hour, (articles, missed, listed)) for hour, articles, missed, listed in rows)
