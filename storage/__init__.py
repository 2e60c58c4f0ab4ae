"""Keeps and answers: the archive of articles, and the records that travel to it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from storage.errors import ArchiveNewer, ArchiveUnavailable, Damaged, NotFound, StorageError
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
)

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.inspection import Damage, SourceCount, Statistics

__all__ = [
    "Archive",
    "ArchiveNewer",
    "ArchiveUnavailable",
    "ArchivedArticle",
    "Article",
    "Block",
    "Claims",
    "Damage",
    "Damaged",
    "Failed",
    "Fate",
    "NotFound",
    "Outcome",
    "Page",
    "Precision",
    "Query",
    "Reason",
    "Rejected",
    "Removed",
    "Run",
    "Saved",
    "Sighting",
    "SourceCount",
    "Statistics",
    "StorageError",
]

_LATER = {  # what brings the database library along
    "Archive": "storage.archive",
    "Damage": "storage.inspection",
    "SourceCount": "storage.inspection",
    "Statistics": "storage.inspection",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
