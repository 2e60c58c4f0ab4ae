"""The spider that carries out filed runs, whatever their links are; the others are kinds of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.errors import CrawlerError
from crawler.fetching.answers import answer, silence
from crawler.fetching.fetched import FetchError
from crawler.fetching.freshness import fresh_for
from crawler.reading import Reading
from crawler.settings import Settings
from crawler.settlements import Settlement
from crawler.shift import Shift
from crawler.turn import Turn
from storage import StorageError
from storage.console import Desk
from storage.records import ArchivedArticle, Page

_CUT = "truncated: "


class DeskSpider(Spider):
    """Works a shift: fetches what the frontier leases to it, and settles what came of it.

    Kinds of it may give items: articles that were stored or have changed, each after it is durable. run: carry out
    only this one. forever: do not end when there is nothing to do. pages: end after so many.
    """

    name = "desk"
    gives_items: ClassVar[bool] = False
    custom_settings: ClassVar[dict[str, Any]] = {  # type: ignore[misc]  # Scrapy's is of any instance
        "SCHEDULER": "crawler.fetching.frontier.FrontierScheduler",
        "CONCURRENT_ITEMS": 1,  # Scrapy makes so many tasks for each response
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 32 << 20,  # bytes of pages in hand, before no more are fetched
    }

    def __init__(
        self,
        *args: Any,
        run: str | None = None,
        forever: bool = False,
        pages: str | None = None,
        kinds: frozenset[str] | None = None,
        tells: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.desk_settings = Settings.here()
        self.shift = Shift(
            self.desk_settings.open_archive,
            most_pages=None if pages is None else int(pages),
            agent=self.desk_settings.agent(),
            kinds=kinds,
        )
        self._run = None if run is None else int(run)
        self._forever = forever
        self._tells = tells
        self._is_without_browser = False
        self._reading = Reading(self.shift.parsers, self.shift.order, self.shift.briefing, kinds)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """As Scrapy makes it."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider._tells:
            crawler.signals.connect(spider._raise, signals.engine_stopped)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Sign on: the frontier has the rest."""
        if not self.shift.over:
            await self.shift.attend(self._run, forever=self._forever)
        return
        yield

    def request(self, turn: Turn) -> Request:
        """The request for a turn."""
        link, meta = turn.link, {"turn": turn, "allow_private": turn.allow_private, "fetch_limits": turn.limits}
        conditions = {"If-None-Match": link.etag, "If-Modified-Since": link.last_modified}
        if turn.is_rendered:
            meta["render"] = turn.allows
            conditions = {}  # a page that stays the same may show something else
        return Request(
            link.url,
            self.parse,
            headers={name: value for name, value in conditions.items() if value},
            errback=self.failed,
            dont_filter=True,
            meta=meta,
        )

    async def parse(self, response: Response, **_: Any) -> AsyncIterator[ArchivedArticle]:
        """What came of a link."""
        turn: Turn = response.meta["turn"]
        now = datetime.now(UTC)
        header = partial(_header, response)
        said, fresh = answer(turn.link, response.status, header, now), fresh_for(header, now)
        async with self.shift.in_hand(turn):
            turn.tell(said)
            if said.end is None:
                settlement = await self._reading.page(turn, _page(turn, response, now), fresh)
            else:
                settlement = await self._reading.end(turn, said.end, fresh)
            article = await self._settled(turn, settlement)
        if article is not None:
            yield article

    async def failed(self, failure: Failure) -> AsyncIterator[ArchivedArticle]:
        """Nothing came of it."""
        turn: Turn = failure.request.meta["turn"]  # type: ignore[attr-defined]  # Scrapy puts it there
        async with self.shift.in_hand(turn):
            if not isinstance(failure.value, FetchError):
                failure.raiseException()
            if failure.value.reason == "browser" and not self._is_without_browser:
                self._is_without_browser = True
                Desk().error(
                    str(failure.value)
                )  # once: the links wait, and whoever looks after them may not look there
            said = silence(turn.link, failure.value, datetime.now(UTC))
            turn.tell(said)
            if said.end is not None:
                await self._settled(turn, await self._reading.end(turn, said.end))
        return
        yield

    def _raise(self) -> None:
        """When all is closed: end the process by what ended the shift, which Scrapy would not tell anyone."""
        fault = self.shift.fault
        if isinstance(fault, CrawlerError | StorageError):
            self.logger.error("%s", f"{fault} ({fault.hint})" if fault.hint else fault)
            raise SystemExit(1)
        if fault is not None:
            self.logger.error("the crawl was given up", exc_info=fault)
            raise SystemExit(1)

    async def _settled(self, turn: Turn, settlement: Settlement) -> ArchivedArticle | None:
        """Have a lease ended; the article, where there is a new one or a new text of it."""
        saved = await self.shift.settle(turn, settlement)
        if not self.gives_items or saved is None or saved.article_id is None:
            return None
        if saved.outcome not in ("stored", "version"):
            return None
        article_id = saved.article_id
        return await self.shift.archive.do(lambda archive: archive.get(article_id))


def _page(turn: Turn, response: Response, now: datetime) -> Page:
    cut = [flag.removeprefix(_CUT) for flag in response.flags if flag.startswith(_CUT)]
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values or ()
    )
    return Page(
        turn.link.url, response.body, _header(response, "Content-Type") or "", now, turn.link.source,
        response.status, headers, turn.link.claims, cut=cut[0] if cut else None,
        asked_url=turn.link.asked_url,
    )  # fmt: skip


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return None if value is None else value.decode("latin-1")
