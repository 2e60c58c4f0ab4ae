"""The archive for an event loop: one thread that owns it, and does what it is asked in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from storage import Archive

T = TypeVar("T")


class ArchiveThread:
    """An open archive, asked from an event loop. Every call may raise ArchiveUnavailable."""

    def __init__(self, thread: ThreadPoolExecutor, archive: Archive) -> None:
        self._thread = thread
        self._archive = archive

    @classmethod
    async def open(cls, open_archive: Callable[[], Archive]) -> ArchiveThread:
        """Open an archive in a thread of its own."""
        thread = ThreadPoolExecutor(1, "archive")
        try:
            archive = await asyncio.get_running_loop().run_in_executor(thread, open_archive)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(thread, archive)

    def do(self, ask: Callable[[Archive], T]) -> Awaitable[T]:
        """What ``ask`` answers; questions are answered in the order of asking."""
        return asyncio.get_running_loop().run_in_executor(self._thread, partial(ask, self._archive))

    async def close(self) -> None:
        """Let go of the archive when all is answered."""
        await self.do(Archive.close)
        self._thread.shutdown(wait=False)
