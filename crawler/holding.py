"""Holding: a source that cannot be read is looked at less and less often, and never given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from crawler.slots import moment_of
from storage import Archive

LONGEST = timedelta(hours=6)
"""A failing source is looked at as often as that, at least."""

_PART = 4  # of the time for which it has been failing


def held(archive: Archive) -> Mapping[str, datetime]:
    """The sources that fail, and until when each is left alone: for a quarter of the time that it has failed for."""
    failing = {each.source: each.since for each in archive.problems.open() if each.source and each.kind == "failing"}
    if not failing:
        return {}
    return {name: _until(moment_of(slot), failing[name]) for name, slot in archive.sources.last_slots(failing).items()}


def _until(last: datetime, since: datetime) -> datetime:
    return last + min(LONGEST, max(timedelta(), (last - since) / _PART))
