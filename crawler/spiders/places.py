"""One spider for each kind of place: ``scrapy crawl feed -a source=NAME`` looks there and fetches what it finds."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from crawler.crawl import file_source
from crawler.spiders.desk import DeskSpider
from storage import Archive
from storage.links import Filing


class PlaceSpider(DeskSpider):
    """Files a crawl of one kind of place of a source, and carries it out. source: its name in the catalogue."""

    name = ""  # not one of its own
    gives_items = True
    kind: ClassVar[str]

    def __init__(self, *args: Any, source: str | None = None, **kwargs: Any) -> None:
        if not source:
            raise ValueError(f"which source? scrapy crawl {self.name} -a source=NAME; copydesk sources list names them")
        super().__init__(*args, kinds=frozenset({self.kind}), **kwargs)
        self._source = source

    async def start(self) -> AsyncIterator[Any]:
        """File the crawl; a crawl of the source that was interrupted is gone on with."""
        filing = await self.shift.archive.do(self._file)
        if not filing.is_new:
            self.log(f"{filing.why}: going on with it", logging.WARNING)
        await self.shift.attend(filing.run)
        return
        yield

    def _file(self, archive: Archive) -> Filing:
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
