"""Two Scrapy item pipelines: what any spider yields with ``page_of(response)`` is cleaned and archived.

    ITEM_PIPELINES = {"pipelines.scrapy.CleanPipeline": 300, "pipelines.scrapy.ArchivePipeline": 400}
    COPYDESK_DATABASE = "sqlite:///archive.db"
    COPYDESK_BLOBS = None

The last two are settings of Scrapy, or else environment variables. A page is yielded by itself, or in a field of an
item; other items pass untouched. Alone of this package, this module knows Scrapy and opens an archive.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import resource
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, is_dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from itemadapter import ItemAdapter
from pebble import ProcessExpired, ProcessPool
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, DropItem
from scrapy.http import Response

from storage.archive import Archive
from storage.errors import ArchiveUnavailable, StorageError
from storage.records import ArchivedArticle, Article, Claims, Failed, Page, Rejected, Saved

_SECONDS = 20.0  # for one page
_MEMORY_BYTES = 1024**3  # of address space, above an idle worker
_GRACE = 60.0  # seconds beyond the limit, for workers to start on a busy machine
_PAGES_PER_WORKER = 8000  # then it is replaced, and with it whatever a library leaked
_BATCH = 200  # pages in one transaction
_NOT_WHOLE = {"dataloss", "partial"}  # flags of Scrapy

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What CleanPipeline makes of a page; the archive keeps what was rejected and what failed too."""

    page: Page
    result: Article | Rejected | Failed


def page_of(response: Response, *, claims: Claims = Claims(), source: str | None = None) -> Page:
    """The page of a Scrapy response. claims: what is known of it, such as a feed's title. source: its outlet."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values or ()
    )
    cut = ", ".join(sorted(_NOT_WHOLE.intersection(response.flags))) or None
    kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return Page(response.url, response.body, kind, datetime.now(UTC), source, response.status, headers, claims, cut=cut)


class CleanPipeline:
    """Cleans pages in worker processes, which the event loop does not wait for and which a bad page cannot outlast."""

    def __init__(self) -> None:
        self._pool: ProcessPool | None = None
        self._workers = os.cpu_count() or 1
        self._room = asyncio.Semaphore(2 * self._workers)  # the time that a page waits here is not counted

    @classmethod
    def from_crawler(cls, _: Crawler) -> CleanPipeline:
        """As Scrapy makes it. Raises RuntimeError in a worker that runs the user's script once more."""
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise RuntimeError('put what starts the crawl under if __name__ == "__main__": workers import the script')
        return cls()

    async def process_item(self, item: Any) -> Any:
        """The item with ``Cleaned`` in place of its Page."""
        if isinstance(item, Cleaned) or (found := _found(item, Page)) is None:
            return item
        page, put = found
        return put(Cleaned(page, await self._clean(page)))

    async def close_spider(self) -> None:
        """End the workers."""
        if self._pool is not None:
            await asyncio.to_thread(_dismiss, self._pool)

    async def _clean(self, page: Page) -> Article | Rejected | Failed:
        try:
            try:
                result = await self._once(page)
            except (TimeoutError, ProcessExpired):  # on a machine with too much to do it may not be the page's fault
                result = await self._once(page)
        except Exception as error:  # noqa: BLE001 - a bad page harms nothing but itself, whatever it does
            reason, detail = _fault(error)
            return Failed(page.url or "page", reason, detail, page.url)
        if isinstance(result, Rejected) and result.unreadable:
            return Failed(page.url or "page", result.reason, result.detail, page.url)
        return result

    async def _once(self, page: Page) -> Article | Rejected:
        async with self._room:
            cleaning = asyncio.wrap_future(self._hired().schedule(_clean, args=(page,), timeout=_SECONDS))
            result: Article | Rejected = await asyncio.wait_for(cleaning, _SECONDS + _GRACE)
        return result

    def _hired(self) -> ProcessPool:
        """The workers, forked from a clean server, not from this process with its threads and sockets."""
        if self._pool is None or not self._pool.active:
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=_PAGES_PER_WORKER,
                initializer=_prepare,
                context=multiprocessing.get_context("forkserver"),
            )
        return self._pool


class ArchivePipeline:
    """Saves what was cleaned. Its items are articles that are new or have changed; all others are dropped, saved."""

    def __init__(self, crawler: Crawler, database: str | None, blobs: str | None) -> None:
        self._crawler = crawler
        self._database = database
        self._blobs = blobs
        self._thread = ThreadPoolExecutor(1, "archive")  # an archive serves one thread
        self._archive: Archive | None = None
        self._waiting: list[tuple[Cleaned, asyncio.Future[_Kept]]] = []
        self._saving: asyncio.Task[None] | None = None
        self._fault: StorageError | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ArchivePipeline:
        """As Scrapy makes it."""
        return cls(crawler, _setting(crawler, "COPYDESK_DATABASE"), _setting(crawler, "COPYDESK_BLOBS"))

    async def open_spider(self) -> None:
        """Open the archive. Raises CloseSpider where that cannot be done: nothing is fetched."""
        try:
            await self._do(self._open)
        except StorageError as error:
            _log.error("%s", _in_words(error))
            raise CloseSpider("archive_unavailable") from None

    async def process_item(self, item: Any) -> Any:
        """The item with ``ArchivedArticle`` in place of ``Cleaned``, after it is durable. Raises DropItem."""
        found = _found(item, Cleaned)
        if found is None:
            if _found(item, Page):
                raise RuntimeError("a page is not cleaned: CleanPipeline comes before ArchivePipeline")
            return item
        cleaned, put = found
        kept = await self._save(cleaned)
        self._crawler.stats.inc_value(f"copydesk/{kept.saved.outcome}")
        if kept.article is None:
            is_known = kept.saved.outcome in ("unchanged", "duplicate")
            raise DropItem(f"{kept.saved.outcome}: {kept.saved.why}", log_level="INFO" if is_known else None)
        return put(kept.article)

    async def close_spider(self) -> None:
        """Close the archive; Scrapy has waited for every item."""
        if self._archive is not None:
            await self._do(self._close)
        self._thread.shutdown(wait=False)

    async def _save(self, cleaned: Cleaned) -> _Kept:
        """Save it with whatever else has come while the archive was busy."""
        kept: asyncio.Future[_Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((cleaned, kept))
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_waiting())
        return await kept

    async def _save_waiting(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            try:
                outcomes = await self._do(partial(self._keep, [cleaned for cleaned, _ in some]))
            except Exception as error:  # noqa: BLE001 - each of the items raises it
                for _, kept in some:
                    kept.set_exception(error)
                await self._give_up(error)
            else:
                for (_, kept), outcome in zip(some, outcomes, strict=True):
                    kept.set_result(outcome)

    async def _give_up(self, error: Exception) -> None:
        """Without an archive no more pages are fetched."""
        if isinstance(error, StorageError) and self._fault is None and (engine := self._crawler.engine):
            self._fault = error
            _log.error("the archive cannot save, and the crawl ends: %s", _in_words(error))
            self._closing = asyncio.create_task(engine.close_spider_async(reason="archive_unavailable"))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- in the archive's thread

    def _open(self) -> None:
        if not self._database:
            raise ArchiveUnavailable("no archive is named", 'set COPYDESK_DATABASE, such as "sqlite:///archive.db"')
        self._archive = Archive.open(self._database, self._blobs)
        spider = self._crawler.spider
        self._run = self._archive.begin_run("scrapy", spider.name if spider else None)

    def _keep(self, some: Sequence[Cleaned]) -> list[_Kept]:
        assert self._archive is not None  # noqa: S101 - Scrapy opens a pipeline before it has items for it
        with self._archive.batch():
            self._archive.expect([(each.page, each.result) for each in some if not isinstance(each.result, Failed)])
            saved = [_saved(self._archive, each, self._run) for each in some]
        return [_Kept(each, _article(self._archive, each)) for each in saved]

    def _close(self) -> None:
        assert self._archive is not None  # noqa: S101 - see close_spider
        try:
            if self._fault is None:
                self._archive.finish_run(self._run)
        finally:
            self._archive.close()


@dataclass(frozen=True, slots=True)
class _Kept:
    """The archive's decision. article: where it is new, or has a new text."""

    saved: Saved
    article: ArchivedArticle | None


def _saved(archive: Archive, each: Cleaned, run: int) -> Saved:
    if isinstance(each.result, Failed):
        return archive.fail(each.result, run)
    return archive.save(each.page, each.result, run)


def _article(archive: Archive, saved: Saved) -> ArchivedArticle | None:
    if saved.article_id is None or saved.outcome not in ("stored", "version"):
        return None
    return archive.get(saved.article_id)


def _found(item: Any, kind: type[T]) -> tuple[T, Callable[[object], Any]] | None:
    """What an item is or holds of a kind, and how to put something in its place. Raises TypeError for several."""
    if isinstance(item, kind):
        return item, lambda made: made
    if not ItemAdapter.is_item(item):
        return None
    held = {name: value for name, value in ItemAdapter(item).items() if isinstance(value, kind)}
    if len(held) > 1:
        raise TypeError(f"an item holds one page, not {len(held)}: {', '.join(held)}")
    return next(((value, partial(_put, item, name)) for name, value in held.items()), None)


def _put(item: Any, name: str, made: object) -> Any:
    if is_dataclass(item) and not isinstance(item, type):
        return replace(item, **{name: made})  # it may be frozen
    ItemAdapter(item)[name] = made
    return item


def _setting(crawler: Crawler, name: str) -> str | None:
    return crawler.settings.get(name) or os.environ.get(name) or None


def _in_words(error: StorageError) -> str:
    return f"{error}: {error.hint}" if error.hint else str(error)


def _fault(error: BaseException) -> tuple[str, str]:
    """What a worker's error means: a short code, and words."""
    match error:
        case TimeoutError():
            return "timeout", f"cleaning took more than {_SECONDS:g} seconds"
        case MemoryError():
            return "memory", f"cleaning took more than {_MEMORY_BYTES >> 20:,} MiB of memory"
        case RecursionError():
            return "too-deep", "nested too deeply to be cleaned"
        case ProcessExpired():
            return "crashed", "the process that cleaned it died"
        case _:
            return "defect", f"{type(error).__name__}: {error}"


# --- in the workers


def _prepare() -> None:
    """Make a worker ready: what it needs is loaded, what it may take is bounded, and libraries keep quiet."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # there is a worker for each core already
    logging.disable(logging.CRITICAL)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _clean(Page(None, b"<p>What is loaded with the first page.</p>", "text/html", datetime.now(UTC)))
    status = Path("/proc/self/statm")
    if status.exists():  # elsewhere there is no telling the base
        limit = int(status.read_text().split()[0]) * resource.getpagesize() + _MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _clean(page: Page) -> Article | Rejected:
    from pipelines.cleaning import clean  # noqa: PLC0415 - the process that crawls has no use for its models

    return clean(page)


def _leave_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _dismiss(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble types only what returns something
    pool.join()
