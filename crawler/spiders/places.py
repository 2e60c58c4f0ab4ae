"""One spider for each kind of place: ``scrapy crawl feed -a source=NAME`` looks there and fetches what it finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar, Self

from scrapy import signals
from scrapy.crawler import Crawler

from crawler.crawl import file_source
from crawler.errors import CrawlerError, UnknownSource
from crawler.spiders.desk import DeskSpider
from storage import Archive, StorageError
from storage.links import Filing


class PlaceSpider(DeskSpider):
    """Files a crawl of one kind of place of a source, and carries it out. source: its name in the catalogue.

    What keeps it from its work is logged in one line, and ``scrapy crawl`` ends with exit code 1.
    """

    name = ""  # not one of its own
    gives_items = True
    kind: ClassVar[str]

    def __init__(self, *args: Any, source: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, kinds=frozenset({self.kind}), **kwargs)
        self._source = source

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """As Scrapy makes it."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider._raise, signals.engine_stopped)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """File the crawl; a crawl of the source that was interrupted is gone on with."""
        try:
            filing = await self.shift.archive.do(self._file)
        except (CrawlerError, StorageError) as error:
            self.shift.abort(error)
            return
        if not filing.is_new:
            self.logger.warning("%s: going on with it", filing.why)
        await self.shift.attend(filing.run)
        return
        yield

    def _file(self, archive: Archive) -> Filing:
        if not self._source:
            raise UnknownSource("which source?", f"scrapy crawl {self.name} -a source=NAME")
        return file_source(archive, self.desk_settings.sources, self._source, kinds=frozenset({self.kind}))

    def _raise(self) -> None:
        """When all is closed: end the process by what ended the shift, which Scrapy would not tell anyone."""
        fault = self.shift.fault
        if isinstance(fault, CrawlerError | StorageError):
            self.logger.error("%s", f"{fault} ({fault.hint})" if fault.hint else fault)
            raise SystemExit(1)
        if fault is not None:
            self.logger.error("the crawl was given up", exc_info=fault)
            raise SystemExit(1)


class FeedSpider(PlaceSpider):
    """RSS, RDF, Atom and JSON feeds."""

    name = "feed"
    kind = "feed"


class SitemapSpider(PlaceSpider):
    """Sitemaps and their indexes."""

    name = "sitemap"
    kind = "sitemap"


class SectionSpider(PlaceSpider):
    """Pages that list articles, and their next pages."""

    name = "section"
    kind = "section"


class UrlsSpider(PlaceSpider):
    """Articles by their addresses."""

    name = "urls"
    kind = "urls"
