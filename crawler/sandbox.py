"""Sandbox: cleaning in worker processes that can be killed, so that a bad page harms nothing but itself."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pebble import ProcessExpired, ProcessPool

from crawler.errors import CrawlerError
from storage.records import Article, Failed, Page, Rejected

Cleaner = Callable[[Page], Article | Rejected]
"""A cleaning function; it must be importable by its name, because another process calls it."""

Cleaned: TypeAlias = tuple[Page, Article | Rejected]
"""A page, and what cleaning made of it."""

_Input: TypeAlias = Page | Failed

_CHUNK_PAGES = 16  # sent to a worker at once, since a message costs about as much as cleaning a short page
_CHUNK_BYTES = 256 * 1024
_AHEAD = 4  # chunks per worker that are under way or wait for their turn
_AHEAD_BYTES = 32 * 1024 * 1024
_CHUNKS_PER_WORKER = 500  # then it is replaced, and with it whatever a library leaked
_STARTS = 3  # breakdowns in a row, with nothing cleaned between them, after which it is no page's fault


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What cleaning may take. seconds: for one page, by the clock. memory_bytes: of address space, above an idle worker."""

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
        clean = clean or _standard_cleaner()
        for page in pages:
            yield page if isinstance(page, Failed) else (page, clean(page))
        return
    crew = _Crew(clean, workers or len(os.sched_getaffinity(0)), limits)
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
    """Inputs under way together, and where their results will be: with which pool, and when."""

    inputs: list[_Input]
    size: int
    pool: ProcessPool
    results: Future[list[Article | Rejected]]

    @property
    def pages(self) -> list[Page]:
        return [page for page in self.inputs if isinstance(page, Page)]


class _Crew:
    """The workers: a pool that is made anew when it breaks."""

    def __init__(self, clean: Cleaner | None, size: int, limits: SandboxLimits) -> None:
        self.size = size
        self._clean = clean
        self._limits = limits
        self._breakdowns = 0
        self._pool = self._new_pool()

    def take(self, inputs: list[_Input]) -> _Chunk:
        """Have a worker clean the inputs as soon as one is free."""
        pages = [page for page in inputs if isinstance(page, Page)]
        if not self._pool.active:
            self._replace_pool()
        results = self._pool.schedule(_clean_chunk, args=(self._clean, pages), timeout=self._limits.seconds)
        return _Chunk(inputs, sum(len(page.body) for page in pages), self._pool, results)

    def finish(self, chunk: _Chunk) -> Iterator[Cleaned | Failed]:
        """Wait for the results. When something went wrong, each page is cleaned alone, to see whose fault it was."""
        error = self._error(chunk)
        if error is None:
            self._breakdowns = 0
            results = iter(chunk.results.result())
            yield from (each if isinstance(each, Failed) else (each, next(results)) for each in chunk.inputs)
        elif len(chunk.inputs) > 1:
            for each in chunk.inputs:
                yield from [each] if isinstance(each, Failed) else self.finish(self.take([each]))
        else:
            ...
