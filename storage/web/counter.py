"""The counter: counts for a page while there is time left; what is not counted by then is a link on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from storage.archive import Archive
from storage.counts import Count
from storage.records import CountedBy, Query


def seconds_left(seconds: float) -> Callable[[], float]:
    """Tells how many of these seconds are left; fewer than none when they are over."""
    end = monotonic() + seconds
    return lambda: end - monotonic()


class Counter:
    """Every count is None from when its seconds are over."""

    def __init__(self, archive: Archive, seconds: float) -> None:
        self._overview = archive.overview
        self._left = seconds_left(seconds)

    def count(self, query: Query) -> int | None:
        """How many articles answer."""
        return self._overview.count(query, self._left())

    def counts(self, query: Query, by: CountedBy) -> Sequence[Count] | None:
        """How many, by something."""
        return self._overview.counts(query, by, self._left())
