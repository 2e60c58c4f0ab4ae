"""One spider for each kind of place: ``scrapy crawl feed -a source=NAME`` looks there and fetches what it finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

from crawler.crawl import file_source
from crawler.errors import CrawlerError, UnknownSource
from crawler.spiders.desk import DeskSpider
from storage import Archive, StorageError
from storage.links import Filing


class PlaceSpider(DeskSpider):
    """Files a crawl of one kind of place of a source, and carries it out. source: its name in the catalogue."""

    name = ""  # not one of its own
    gives_items = True
    kind: ClassVar[str]

    def __init__(self, *args: Any, source: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, kinds=frozenset({self.kind}), **kwargs)
        self._source = source

    async def start(self) -> AsyncIterator[Any]:
        """File the crawl; a crawl of the source that was interrupted is gone on with."""
        if self.shift.over:
            return
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
