"""Keeps and answers: the archive of articles, and the records that travel to it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from storage.errors import (
    ArchiveNewer,
    ArchiveUnavailable,
    Damaged,
    Gone,
    NotFound,
    OutOfTime,
    Refused,
    StorageError,
    Unruly,
)
from storage.records import (
    ArchivedArticle,
    Article,
    Block,
    Claims,
    Failed,
    Fate,
    Outcome,
    Page,
    Precision,
    Query,
    Reason,
    Rejected,
    Removed,
    Run,
    Saved,
    Sighting,
    Sketch,
)

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.counts import Count
    from storage.damages import Damage
    from storage.explaining import Link
    from storage.inspection import SourceCount, Statistics
    from storage.likeness import Likeness
    from storage.regrouping import StoryEvent
    from storage.spread import Spread, Story
    from storage.terms import Term
    from storage.watch import Watch

__all__ = [
    "Archive",
    "ArchiveNewer",
    "ArchiveUnavailable",
    "ArchivedArticle",
    "Article",
    "Block",
    "Claims",
    "Count",
    "Damage",
    "Damaged",
    "Failed",
    "Fate",
    "Gone",
    "Likeness",
    "Link",
    "NotFound",
    "OutOfTime",
    "Outcome",
    "Page",
    "Precision",
    "Query",
    "Reason",
    "Refused",
    "Rejected",
    "Removed",
    "Run",
    "Saved",
    "Sighting",
    "Sketch",
    "SourceCount",
    "Spread",
    "Statistics",
    "StorageError",
    "Story",
    "StoryEvent",
    "Term",
    "Unruly",
    "Watch",
]

_LATER = {  # what brings the database library along
    "Archive": "storage.archive",
    "Count": "storage.counts",
    "Damage": "storage.damages",
    "Likeness": "storage.likeness",
    "Link": "storage.explaining",
    "SourceCount": "storage.inspection",
    "Spread": "storage.spread",
    "Statistics": "storage.inspection",
    "Story": "storage.spread",
    "StoryEvent": "storage.regrouping",
    "Term": "storage.terms",
    "Watch": "storage.watch",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
