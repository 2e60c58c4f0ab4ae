"""Outlets: the sources as a worker knows them, read from the archive and read again now and then."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from crawler.archive_thread import ArchiveThread
from crawler.catalogue import Catalogue
from crawler.source import Source
from storage import Archive
from storage.errors import NotFound
from storage.links import LinkKind, Named, SourceRecord, Taught

_FRESH = 60.0  # seconds that a worker trusts what it read


@dataclass(frozen=True, slots=True)
class Outlet:
    """A source with what its addresses taught. patterns: those of its file, compiled. learned: of each shape of
    addresses, how many were articles and how many were not, this worker's latest among them."""

    source: Source
    patterns: tuple[re.Pattern[str], ...]
    learned: dict[str, tuple[int, int]]

    def learn(self, taught: Taught) -> None:
        """Count an address, before the archive is read again."""
        articles, others = self.learned.get(taught.shape, (0, 0))
        self.learned[taught.shape] = articles + taught.is_article, others + (not taught.is_article)


class Outlets:
    """Finds the outlet of a link."""

    def __init__(self, archive: ArchiveThread) -> None:
        self._archive = archive
        self._known: dict[str, tuple[float, Outlet | None]] = {}

    async def get(self, name: str | None) -> Outlet | None:
        """The outlet of that name; None for none, and for one that the archive does not know."""
        if name is None:
            return None
        read_at, outlet = self._known.get(name, (-_FRESH, None))
        if time.monotonic() - read_at >= _FRESH:
            outlet = await self._read(name)
            self._known[name] = time.monotonic(), outlet
        return outlet

    async def _read(self, name: str) -> Outlet | None:
        try:
            record = await self._archive.do(lambda archive: archive.sources.get(name))
        except NotFound:
            return None
        learned = await self._archive.do(lambda archive: archive.sources.shapes(name))
        source = Source.parse(name, record.definition)
        return Outlet(source, tuple(re.compile(pattern) for pattern in source.fetch.article), dict(learned))


def listings_of(source: Source, place: int, kinds: frozenset[str] | None = None) -> tuple[Named, ...]:
    """The addresses of a source's place, or of the next one of those kinds; empty after the last.

    Those of a ``urls`` place are articles.
    """
    for at, each in enumerate(source.places[place:], start=place):
        if kinds is None or each.kind in kinds:
            kind: LinkKind = "article" if each.kind == "urls" else each.kind
            return tuple(Named(url, kind, place=at) for url in each.urls)
    return ()


def take_over(archive: Archive, catalogue: Catalogue) -> None:
    """Have the archive know what the files say. A slip of the pen in a file does not switch its source off."""
    records = {source.name: record_of(source) for source in catalogue.sources}
    broken = {Path(fault.file).stem for fault in catalogue.faults}
    records |= {record.name: record for record in archive.sources.all() if record.name in broken}
    archive.sources.sync(list(records.values()), all_there_are=True)


def record_of(source: Source) -> SourceRecord:
    """A source as the archive keeps it."""
    return SourceRecord(
        source.name, source.title, source.language, source.country, source.homepage, source.enabled, source.definition
    )
