"""Sandbox: cleaning in worker processes that can be killed, so that a bad page harms nothing but itself."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import resource
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import TypeAlias

from pebble import ProcessExpired, ProcessPool

from crawler.errors import CrawlerError
from storage.records import Article, Failed, Page, Rejected

Cleaner = Callable[[Page], Article | Rejected]
"""A cleaning function; it must be importable by its name, because another process calls it."""

Cleaned: TypeAlias = tuple[Page, Article | Rejected]
"""A page, and what cleaning made of it."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A page with a cleaning function of its own."""

    page: Page
    clean: Cleaner | None


_Input: TypeAlias = Page | Assigned | Failed

_CHUNK_PAGES = 16  # sent to a worker at once, since a message costs about as much as cleaning a short page
_CHUNK_BYTES = 256 * 1024
_AHEAD = 16  # chunks per worker under way or waiting: enough to work on while a batch is being saved
_AHEAD_BYTES = 32 * 1024 * 1024
_MARKUP = 8  # times as long as plain text of that size takes; and few pages ahead, since the earlier teach the later
_CHUNKS_PER_WORKER = 500  # then it is replaced, and with it whatever a library leaked
_GRACE = 60  # seconds for workers to start, on a busy machine
_PRELOADED = ["crawler.clean_room"]
_STARTS = 3  # breakdowns in a row, with nothing cleaned between them, after which it is no page's fault


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What cleaning a page may take. seconds: by the clock. memory_bytes: of address space, above an idle worker."""

    seconds: float = 20.0
    memory_bytes: int = 1024**3


class SandboxBroken(CrawlerError):
    """The worker processes cannot be started or do not stay alive."""


def clean_all(
    pages: Iterable[_Input],
    clean: Cleaner | None = None,
    *,
    workers: int | None = None,
    limits: SandboxLimits = SandboxLimits(),
) -> Iterator[Cleaned | Failed]:
    """Clean pages in worker processes; the results come in the order of the pages, ``Failed`` inputs among them.

    A page whose cleaning takes too long, too much memory, crashes or hits a defect becomes ``Failed``; its neighbours
    do not notice. Only some pages ahead are held, so that memory stays flat.
    clean: None for ``pipelines.clean``, which then is imported in the workers alone. workers: None for one a core; 0 to
    clean in this process, unprotected, with exceptions going through. Raises SandboxBroken.
    """
    if workers == 0:
        for each in pages:
            if isinstance(each, Failed):
                yield each
            else:
                page, own = _assignment(each)
                yield page, clean_page(page, own or clean)
        return
    crew = _Crew(clean, workers or os.cpu_count() or 1, limits)
    ahead: deque[_Chunk] = deque()
    try:
        for inputs in _chunks(pages):
            ahead.append(crew.take(inputs))
            while len(ahead) > crew.size * _AHEAD or sum(chunk.size for chunk in ahead) > _AHEAD_BYTES:
                yield from crew.finish(ahead.popleft())
        while ahead:
            yield from crew.finish(ahead.popleft())
    finally:
        crew.dismiss()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Inputs under way together. size: what there is to do. results: those of the pages among them, in order."""

    inputs: list[_Input]
    size: int
    pool: ProcessPool
    results: Future[list[Article | Rejected]]


class _Crew:
    """The workers: a pool of processes, made anew when it breaks."""

    def __init__(self, clean: Cleaner | None, size: int, limits: SandboxLimits) -> None:
        self.size = size
        self._clean = clean
        self._limits = limits
        self._breakdowns = 0
        self._pool = self._hire()

    def take(self, inputs: list[_Input]) -> _Chunk:
        """Have a worker clean the inputs as soon as one is free."""
        if not self._pool.active:
            self.dismiss()
            self._breakdowns += 1
            if self._breakdowns > _STARTS:
                raise SandboxBroken("the worker processes end as soon as they start", hint="copydesk doctor")
            self._pool = self._hire()
        pages = [_assignment(each) for each in inputs if not isinstance(each, Failed)]
        results = self._pool.schedule(_clean_chunk, args=(self._clean, pages), timeout=self._limits.seconds)
        return _Chunk(inputs, sum(_size(each) for each in inputs), self._pool, results)

    def finish(self, chunk: _Chunk, *, again: bool = False) -> Iterator[Cleaned | Failed]:
        """Wait for the results. When something went wrong, each page is taken once more, alone: whose fault was it?"""
        error = self._error(chunk)
        if error is None:
            self._breakdowns = 0
            results = iter(chunk.results.result())
            yield from (
                each if isinstance(each, Failed) else (_assignment(each)[0], next(results)) for each in chunk.inputs
            )
        elif again or (len(chunk.inputs) == 1 and isinstance(error, TimeoutError)):
            yield from (each if isinstance(each, Failed) else self._failed(each, error) for each in chunk.inputs)
        else:
            for each in chunk.inputs:
                yield from self.finish(self.take([each]), again=True)

    def dismiss(self) -> None:
        """End all workers, also those at work."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble types only what returns something
        self._pool.join()

    def _hire(self) -> ProcessPool:
        return hire(self.size, self._limits, cleaning=self._clean is None, tasks=_CHUNKS_PER_WORKER)

    def _error(self, chunk: _Chunk) -> BaseException | None:
        """What went wrong with a chunk; None when it was cleaned. A pool that breaks forgets some of its tasks."""
        patience = _GRACE + self._limits.seconds * (_AHEAD + 1)
        for _ in range(math.ceil(patience)):
            try:
                return chunk.results.exception(timeout=1)
            except TimeoutError:
                if not chunk.pool.active and not chunk.results.done():
                    break
        else:
            chunk.pool.stop()  # type: ignore[no-untyped-call]  # as above
        return BrokenProcessPool("the worker processes stopped answering")

    def _failed(self, each: Page | Assigned, error: BaseException) -> Failed:
        return fault_of(error, self._limits).failed(_assignment(each)[0])


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a worker could not finish: a short code, words, and what to do."""

    reason: str
    detail: str
    hint: str | None = None

    def failed(self, page: Page) -> Failed:
        """The record of a page that could not be cleaned."""
        return Failed(page.origin or page.url or "page", self.reason, self.detail, url=page.url, hint=self.hint)


def fault_of(error: BaseException, limits: SandboxLimits) -> Fault:
    """What a worker's error means."""
    match error:
        case TimeoutError():
            return Fault("timeout", f"cleaning took more than {limits.seconds:g} seconds")
        case MemoryError():
            return Fault("memory", f"cleaning took more than {limits.memory_bytes >> 20:,} MiB of memory")
        case RecursionError():
            return Fault("too-deep", "nested too deeply to be cleaned")
        case ProcessExpired() | BrokenProcessPool():
            return Fault("crashed", f"the process that cleaned it died{_how(error)}")
        case _:
            hint = "this is a defect of copydesk: please report it, with the input"
            return Fault("defect", f"{type(error).__name__}: {error}", hint)


def hire(workers: int, limits: SandboxLimits, *, cleaning: bool, tasks: int) -> ProcessPool:
    """A pool of worker processes, forked from a clean server, not from this process with its threads and locks.

    cleaning: they load ``pipelines.clean`` before their first task. tasks: then a worker is replaced.
    """
    if cleaning:
        forkserver.set_forkserver_preload(_PRELOADED)
    return ProcessPool(
        max_workers=workers,
        max_tasks=tasks,
        initializer=_prepare,
        initargs=(cleaning, limits.memory_bytes),
        context=multiprocessing.get_context("forkserver"),
    )


def furnish() -> None:
    """Start the server that workers are forked from, so that it has loaded what they need when the first page comes."""
    forkserver.set_forkserver_preload(_PRELOADED)
    forkserver.ensure_running()


def _chunks(inputs: Iterable[_Input]) -> Iterator[list[_Input]]:
    chunk: list[_Input] = []
    size = 0
    for each in inputs:
        chunk.append(each)
        size += _size(each)
        if len(chunk) == _CHUNK_PAGES or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _assignment(each: Page | Assigned) -> tuple[Page, Cleaner | None]:
    return (each, None) if isinstance(each, Page) else (each.page, each.clean)


def _size(each: _Input) -> int:
    """What there is to do, in bytes of plain text."""
    if isinstance(each, Failed):
        return 0
    page, _ = _assignment(each)
    return len(page.body) * (_MARKUP if "html" in page.content_type else 1)


def _how(error: BaseException) -> str:
    code = error.exitcode if isinstance(error, ProcessExpired) else 0
    return f", by {signal.Signals(-code).name}" if -code in set(signal.Signals) else ""


def _standard_cleaner() -> Cleaner:
    from pipelines import clean  # noqa: PLC0415 - it brings models along, which this process may not need

    return clean


def _prepare(standard: bool, memory_bytes: int) -> None:
    """Make a worker ready: what it needs is loaded, what it may take is bounded, and libraries keep quiet."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # there is a worker for each core already
    logging.disable(logging.CRITICAL)  # what a library thinks of a page would print between the lines of a report
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    if standard:
        from pipelines import html_body  # noqa: F401, PLC0415 - so that no page's time goes into loading it

        _standard_cleaner()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/statm")
    if status.exists():  # elsewhere there is no telling the base, and macOS does not enforce the limit
        base = int(status.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (base + memory_bytes, base + memory_bytes))


def _leave_with_parent() -> None:
    """End the worker, whatever it is at, when the process that it works for was killed."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def clean_page(page: Page, clean: Cleaner | None = None) -> Article | Rejected:
    """``pipelines.clean`` unless another is given, by a name that costs nothing to import."""
    return (clean or _standard_cleaner())(page)


def _clean_chunk(clean: Cleaner | None, pages: list[tuple[Page, Cleaner | None]]) -> list[Article | Rejected]:
    return [clean_page(page, own or clean) for page, own in pages]
