"""The newsroom behind pages and the HTTP API: files crawls by the catalogue, tells when a source is due next,
and where finds can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from crawler.crawl import file_addresses, file_source
from crawler.errors import CrawlerError
from crawler.holding import held
from crawler.notices.outbox import Outbox
from crawler.schedule import Cron
from crawler.slots import moment_of, slots_of
from crawler.source import Source, Timing
from storage import Archive
from storage.errors import NotFound
from storage.links import Filing, Order, SourceRecord
from storage.watch import Way
from storage.web.newsroom import Unaskable

_MOST_READ = 1_000  # sources whose schedules are kept in mind


class CatalogueNewsroom:
    """A ``storage.web.newsroom.Newsroom`` on a folder of sources and an archive."""

    def __init__(
        self,
        archive: Archive,
        folder: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        outbox: Outbox | None = None,
    ) -> None:
        self._archive = archive
        self._folder = folder
        self._now = now
        self._outbox = outbox or Outbox("copydesk")

    def file_source(self, name: str, order: Order) -> Filing:
        """File a crawl of a source of the catalogue."""
        try:
            return file_source(self._archive, self._folder, name, order)
        except CrawlerError as error:
            raise self._refused(error) from error

    def file_addresses(self, urls: Sequence[str], order: Order) -> Filing:
        """File a crawl of addresses."""
        try:
            return file_addresses(self._archive, self._folder, urls, order)
        except CrawlerError as error:
            raise self._refused(error) from error

    def next_run(self, source: str) -> datetime | None:
        """When the schedule files a run of it."""
        try:
            known = self._archive.sources.get(source)
        except NotFound:
            return None
        return self.next_runs([known]).get(source)

    def next_runs(self, sources: Sequence[SourceRecord]) -> Mapping[str, datetime]:
        """The slot after the last one that was run or skipped, or as the pace plans it; later where a source fails."""
        enabled = [source for source in sources if source.enabled]
        done = self._archive.sources.last_slots([source.name for source in enabled])
        planned, free = self._archive.paces.planned(), held(self._archive)
        found = {}
        for source in enabled:
            if (at := self._next(source, done.get(source.name), planned.get(source.name))) is not None:
                found[source.name] = max(at, free.get(source.name, at))
        return found

    def check_target(self, way: Way, target: str) -> None:
        """As ``copydesk watch add`` does."""
        try:
            self._outbox.check(way, target)
        except CrawlerError as error:
            raise self._refused(error) from error

    def _next(self, source: SourceRecord, done: str | None, planned: datetime | None) -> datetime | None:
        """By its schedule. None where its file cannot be read, or its pace was not planned yet."""
        try:
            timing = _timing(source.name, source.definition)
            if timing.auto:
                return planned
            return slots_of(timing, source.name, Cron).next(moment_of(done) if done else self._now())
        except (CrawlerError, ValueError):
            return None

    def _refused(self, error: CrawlerError) -> Unaskable:
        """What is told to others: not where files lie on this machine."""
        said = str(error).replace(f"{self._folder}/", "").replace(f" in {self._folder}", "")
        return Unaskable(said.replace(str(self._folder), "the folder of sources"), error.hint)


@lru_cache(_MOST_READ)
def _timing(name: str, definition: str) -> Timing:
    """The schedule of a source. Raises CrawlerError. A page of many sources has most of its time in reading them."""
    return Source.parse(name, definition).schedule
