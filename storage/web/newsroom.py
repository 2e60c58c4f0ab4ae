"""The newsroom, as far as pages and the HTTP API know it: who files a crawl, when a source is looked at next, and where
finds may be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from storage.errors import StorageError
from storage.links import Filing, Order, SourceRecord
from storage.watch import Way


class Unaskable(StorageError):
    """What is refused: a crawl of no source, of one that is switched off or of no address; or to tell something where
    nothing can be told. ``hint`` says what to do."""


class Newsroom(Protocol):
    """Knows the catalogue of sources and its schedule. It writes to the archive: hold ``FrontDesk.alone`` to file."""

    def file_source(self, name: str, order: Order) -> Filing:
        """File a crawl of a source; not new where one is under way. Raises Unaskable."""
        ...

    def file_addresses(self, urls: Sequence[str], order: Order) -> Filing:
        """File a crawl of addresses; not new where the same is under way. Raises Unaskable."""
        ...

    def next_run(self, source: str) -> datetime | None:
        """When a source is due next, in UTC; None where it is unknown, switched off, or has no schedule.

        A time in the past: it is due, and no schedule has filed it yet.
        """
        ...

    def next_runs(self, sources: Sequence[SourceRecord]) -> Mapping[str, datetime]:
        """The same of many sources, in as few queries as of one; those without such a time are left out."""
        ...

    def check_target(self, way: Way, target: str) -> None:
        """Raises Unaskable where nothing can be told there, as the settings are."""
        ...
