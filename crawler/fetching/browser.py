"""Browser: renders pages for one process, in one Chromium that runs only while there are any."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver

from crawler.errors import NoBrowser
from crawler.fetching.addresses import Networks
from crawler.fetching.chromium import Chromium, Running
from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.limits import RenderLimits
from crawler.fetching.proxy import Proxy
from crawler.fetching.rendering import Allows, Rendering
from storage.records import RENDERED

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

_LIMITS = RenderLimits()
_AT_ONCE = max(1, min(4, os.cpu_count() or 1))  # pages: each may keep a core busy, and have so much memory
_IDLE_SECONDS = 60.0  # after the last page, until Chromium is ended
_PATIENCE = 10.0  # seconds, for what Chromium does at once while it is well
_OF_THE_BYTES = frozenset(  # that were fetched, and not of the page that was made of them
    {"content-type", "content-encoding", "content-length", "transfer-encoding", "etag", "last-modified", "age"}
    | {"cache-control", "expires"}
)


class Browser:
    """Renders pages. chromium, sandbox: as for ``Chromium.find``. agent: the User-Agent. resolver: as for ``Proxy``.

    Use it as an async context manager, or ``close`` it.
    """

    def __init__(
        self, agent: str, chromium: str | None = None, *, sandbox: bool = True, resolver: AbstractResolver | None = None
    ) -> None:
        self._agent = agent
        self._named = chromium
        self._sandbox = sandbox
        self._proxy = Proxy(resolver)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._changing = asyncio.Lock()  # it starts or ends
        self._running: Running | None = None
        self._under_way = 0
        self._idle: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def find(self) -> Chromium:
        """What pages are rendered with. Raises FetchError."""
        with _missing():
            return Chromium.find(self._named, sandbox=self._sandbox)

    async def render(
        self,
        fetched: Fetched,
        *,
        allow_private: Networks = (),
        allows: Allows = lambda _: True,
        limits: RenderLimits = _LIMITS,
    ) -> Fetched:
        """The page that scripts make of what was fetched; what is no HTML page comes back as it is. Raises FetchError.

        Its body is UTF-8, and its headers, of which those of the fetched bytes are gone, name what rendered it
        (``RENDERED``). truncated: the limit that it reached. notes: how many requests it made, and what was refused.
        """
        if not _is_page(fetched):
            return fetched
        async with self._room, self._window() as (window, version):
            start = time.monotonic()
            with self._proxy.passing(allow_private, limits.wire_bytes) as passed:
                rendering = Rendering(fetched, allows, limits, passed)
                body = await rendering.run(window)
        notes = [f"rendered: {rendering.requests} requests, {passed.used:,} bytes", *rendering.notes]
        notes += [f"refused: {each}" for each in sorted(passed.refusals)]
        headers = [(name, value) for name, value in fetched.headers if name.lower() not in _OF_THE_BYTES]
        headers += [("Content-Type", "text/html; charset=utf-8"), (RENDERED, f"Chromium/{version}")]
        return replace(
            fetched,
            headers=tuple(headers),
            body=body,
            truncated=fetched.truncated or rendering.excess,
            seconds=fetched.seconds + time.monotonic() - start,
            notes=(*fetched.notes, *notes),
        )

    async def close(self) -> None:
        """End Chromium, if it runs."""
        if self._idle:
            self._idle.cancel()
        await self._end(self._running)
        if self._proxy.address:
            await self._proxy.close()

    @asynccontextmanager
    async def _window(self) -> AsyncIterator[tuple[BrowserContext, str]]:
        """A window that shares nothing with others, and the browser's version. Chromium is started where it does not
        run, and ended some time after the last who wanted it. Raises FetchError."""
        if self._idle:
            self._idle.cancel()
        self._under_way += 1
        try:
            running, window = await self._opened()
            try:
                yield window, running.chromium.version
            finally:
                try:
                    await asyncio.wait_for(window.close(), _PATIENCE)
                except (TimeoutError, running.broken):
                    await self._end(running)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._rest)

    async def _opened(self) -> tuple[Running, BrowserContext]:
        """A window of the Chromium that runs; of another one where that died."""
        error: Exception | None = None
        for _ in range(2):
            running = await self._started()
            opening = running.chromium.new_context(
                proxy={"server": self._proxy.address, "bypass": "<-loopback>"},
                user_agent=self._agent,
                accept_downloads=False,
                service_workers="block",
            )
            try:
                return running, await asyncio.wait_for(opening, _PATIENCE)
            except (TimeoutError, running.broken) as died:
                error = died
                await self._end(running)
        raise FetchError("rendering", "the browser dies as soon as it starts", transient=True) from error

    async def _started(self) -> Running:
        async with self._changing:
            if self._running is None:
                if not self._proxy.address:
                    await self._proxy.open()
                with _missing():
                    self._running = await self.find().start(self._proxy.address)
            return self._running

    def _rest(self) -> None:
        self._ending = asyncio.create_task(self._end(self._running, idle=True))

    async def _end(self, running: Running | None, *, idle: bool = False) -> None:
        """End this one, unless somebody did. idle: only if nobody wants it."""
        async with self._changing:
            if running is None or self._running is not running or (idle and self._under_way):
                return
            self._running = None
            for stop in (running.chromium.close, running.playwright.stop) if running.is_led else ():
                with suppress(TimeoutError, running.broken):
                    await asyncio.wait_for(stop(), _PATIENCE)
            running.kill()


@contextmanager
def _missing() -> Iterator[None]:
    """Where there is no browser, it is no fault of the page."""
    try:
        yield
    except NoBrowser as error:
        raise FetchError("browser", f"{error}: {error.hint}") from error


def _is_page(fetched: Fetched) -> bool:
    kind = (fetched.header("content-type") or "").partition(";")[0].lower()
    return 200 <= fetched.status < 300 and "html" in kind and bool(fetched.body)
