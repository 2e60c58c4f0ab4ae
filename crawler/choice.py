"""Choice: the part of what a source publishes that its listings never name, as second looks have shown it.

Many feeds leave nothing out; for those a handful of articles that only the front page names is decisive. Others are a
choice, and the same handful is any day's.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from crawler.rhythm import Hours
from crawler.volume import LONGEST

USUAL_CHOICE = 0.35
"""The part that is believed to be left out before second looks have shown it."""

_BELIEVED = 30  # articles, after which what they showed weighs as much as that
_LEAST = 0.1  # articles of the last minutes are on any front page before a listing names them
_ON_FRONT = 30  # articles that a front page surely shows


def left_out(hours: Hours, looks: Iterable[int]) -> float:
    """Learned from some weeks. looks: the hours in which the front page was looked at."""
    articles, unlisted = (np.where(hours.known, part, 0) for part in (hours.articles, hours.unlisted))
    shown = np.concatenate([[0], np.cumsum(articles + unlisted)])
    told = np.zeros(len(articles), bool)
    for look in looks:
        end = look + 1 - hours.start
        if 0 < end <= len(articles):
            first = int(np.searchsorted(shown, shown[end] - _ON_FRONT))
            told[max(first, end - LONGEST) : end] = True
    named, beside = int(articles[told].sum()), int(unlisted[told].sum())
    part = (beside + USUAL_CHOICE * _BELIEVED) / (beside + named + _BELIEVED)
    return max(_LEAST, part)
