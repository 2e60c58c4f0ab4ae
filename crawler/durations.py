"""Spans of time as people write them in a source: ``45s``, ``30m``, ``12h``, ``7d``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")


def duration_of(text: str) -> timedelta:
    """The span that ``text`` names: a whole number above zero, and s, m, h or d. Raises ValueError."""
    if not (match := _DURATION.fullmatch(text)):
        raise ValueError('not a duration such as "30m", "12h" or "7d"')
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def written(span: timedelta) -> str:
    """A span of whole seconds as ``duration_of`` reads it, in the largest unit that leaves no rest."""
    seconds = round(span.total_seconds())
    unit = max((unit for unit in _UNITS if seconds % _UNITS[unit] == 0), key=_UNITS.__getitem__)
    return f"{seconds // _UNITS[unit]}{unit}"
