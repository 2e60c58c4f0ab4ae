"""Holding: a source that cannot be read is looked at less and less often, and never given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from crawler.slots import moment_of
from storage import Archive
from storage.problems import Problem

LONGEST = timedelta(hours=6)
"""A failing source is looked at as often as that, at least."""

_PART = 4  # of the time for which it has been failing


def held(archive: Archive) -> Mapping[str, datetime]:
    """The sources that fail, and until when each is left alone: for a quarter of the time that it has failed for."""
    found = {}
    for problem in archive.problems.open():
        if problem.source and problem.kind == "failing" and (until := _until(archive, problem)):
            found[problem.source] = until
    return found


def _until(archive: Archive, problem: Problem) -> datetime | None:
    slot = archive.sources.last_slot(problem.source or "")
    if slot is None:
        return None
    last = moment_of(slot)
    return last + min(LONGEST, max(timedelta(), (last - problem.since) / _PART))
