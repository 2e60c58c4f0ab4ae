"""Parsers: what an event loop must not do itself is done in worker processes that can be killed, one document each."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawler.errors import CrawlerError, Unreadable
from crawler.sandbox import SandboxLimits, fault_of, hire

T = TypeVar("T")
_BUSY = 5  # times the limit by the clock: what sleeps or waits for its turn takes no time of the processor's
_GRACE = 60  # seconds beyond the limit, for workers to start on a busy machine
_DOCUMENTS = 5000  # then a worker is replaced, and with it whatever a library leaked
_STARTS = 3  # breakdowns in a row, after which it is no document's fault


class Parsers:
    """Worker processes for an event loop. workers: None for one a core."""

    def __init__(self, workers: int | None = None, limits: SandboxLimits | None = None) -> None:
        self._size = workers or os.cpu_count() or 1
        self._limits = limits or SandboxLimits()
        self._pool: ProcessPool | None = None
        self._hiring = asyncio.Lock()
        self._breakdowns = 0

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """``function`` of the arguments; both must be picklable, and so must what it returns.

        Raises Unreadable, whether the function did or a limit was reached. The limit of time is of the processor's,
        which a busy machine does not shorten. What crashes, or does not end by the clock either, is tried once more,
        since that may have been a neighbour's fault. CrawlerError when workers do not stay alive at all.
        """
        for again in (False, True):
            try:
                result = await self._once(function, arguments)
            except (ProcessExpired, BrokenProcessPool, TimeoutError) as error:
                if isinstance(error, ProcessExpired) and error.exitcode == -signal.SIGPROF:
                    raise _unreadable(TimeoutError(), self._limits) from error
                if again:
                    raise _unreadable(error, self._limits) from error
            except (MemoryError, RecursionError) as error:
                raise _unreadable(error, self._limits) from error
            except CrawlerError:
                self._breakdowns = 0
                raise
            else:
                self._breakdowns = 0
                return result
        raise AssertionError("the loop ends above")

    async def ready(self) -> None:
        """Wait until a worker has started: what is run next is not held up by that."""
        await self.run(os.getpid)

    async def _once(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        pool = await self._hired()
        patience = self._limits.seconds * _BUSY
        future = pool.schedule(_bounded, args=(self._limits.seconds, function, arguments), timeout=patience)
        try:
            result: T = await asyncio.wait_for(asyncio.wrap_future(future), patience + _GRACE)
        except TimeoutError:
            if future.done():  # the worker's own, not ours
                raise
            pool.stop()  # type: ignore[no-untyped-call]  # pebble types only what returns something
            raise BrokenProcessPool("the worker processes stopped answering") from None
        return result

    async def _hired(self) -> ProcessPool:
        async with self._hiring:
            if self._pool is None or not self._pool.active:
                self._pool = await asyncio.to_thread(self._hire)  # it waits for the server that they are forked from
            return self._pool

    def _hire(self) -> ProcessPool:
        if self._pool is not None:
            self.close()
            self._breakdowns += 1
            if self._breakdowns > _STARTS:
                raise CrawlerError("the worker processes end as soon as they start", "copydesk doctor")
        pool = hire(self._size, self._limits, cleaning=True, tasks=_DOCUMENTS)
        pool.schedule(os.getpid)  # they start with their first task
        return pool

    def close(self) -> None:
        """End all workers, also those at work."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]  # as above
            self._pool.join()
            self._pool = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(None, functools.partial(self.close))


def _bounded(seconds: float, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """``function`` of the arguments; the process dies, whatever it is at, when that takes more processor time."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _unreadable(error: BaseException, limits: SandboxLimits) -> Unreadable:
    fault = fault_of(error, limits)
    return Unreadable(fault.reason, fault.detail, fault.hint)
