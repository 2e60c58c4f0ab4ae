"""Neighbours: a day on which all sources of a country write little is a holiday; none of them is at fault."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crawler.rhythm import Numbers

_LEAST = 5  # sources that make a neighbourhood
_AROUND = 6  # hours before and after, over which they are compared
_LEAST_EXPECTED = 3.0  # articles, for a source to be asked
_QUIET, _QUIETEST = 0.85, 0.2  # parts of the usual; less than the latter is not believed


def common_part(articles: NDArray[np.int64], expected: Numbers) -> Numbers:
    """Of each hour, the part of the usual that the middle one of some sources brought around it; 1 for a usual one.

    articles, expected: sources by hours; 0 for hours of which nothing is known.
    """
    hours = articles.shape[1]
    if len(articles) < _LEAST:
        return np.ones(hours)
    at = np.arange(hours)
    first, end = np.maximum(0, at - _AROUND), np.minimum(hours, at + _AROUND)
    came, due = (_until(part)[:, end] - _until(part)[:, first] for part in (articles, expected))
    asked = due >= _LEAST_EXPECTED
    parts = np.where(asked, came / np.maximum(due, _LEAST_EXPECTED), np.nan)
    common = np.ones(hours)
    enough = asked.sum(axis=0) >= _LEAST
    if enough.any():
        common[enough] = np.nanmedian(parts[:, enough], axis=0)
    return np.where(common < _QUIET, np.maximum(common, _QUIETEST), 1.0)


def _until(part: NDArray[np.int64] | Numbers) -> Numbers:
    """What there was before each hour, and before the end."""
    return np.concatenate([np.zeros((len(part), 1)), np.cumsum(part, axis=1)], axis=1)
