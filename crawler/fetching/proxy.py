"""The browser's only way to the net: a proxy on loopback that connects to what the address guard lets through.

It looks names up itself and tells nobody else's programs from ours by a secret, which is another one for each page.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from crawler.fetching.addresses import Networks
from crawler.fetching.connections import connected, refused
from crawler.fetching.fetched import FetchError
from crawler.fetching.request_url import request_url

USER = "page"

_HEAD_BYTES = 64 * 1024
_HEAD_SECONDS = 30.0
_CONNECT_SECONDS = 15.0
_PIECE = 64 * 1024
_MOST_REFUSALS = 20
_REQUEST = re.compile(r"[A-Z]{1,20} [!-~]+ HTTP/1\.[01]")
_LENGTH = re.compile(r"[0-9]{1,10}")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "upgrade", "te", "trailer"})


@dataclass(slots=True, eq=False)
class Pass:
    """What lets one page through. allowed: networks it may reach though they are not public. wire_bytes: it may have.

    used: bytes of its connections, both ways. refusals: the first addresses that were not connected to, and why.
    """

    allowed: Networks
    wire_bytes: int
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    used: int = 0
    refusals: set[str] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def is_used_up(self) -> bool:
        """Whether it had all the bytes that it may have."""
        return self.used > self.wire_bytes

    def count(self, number: int) -> None:
        """Bytes went through; after the last that it may have, all its connections end."""
        self.used += number
        if self.is_used_up:
            self.end()

    def refuse(self, refusals: Iterable[str]) -> None:
        """Note addresses that are not connected to."""
        if len(self.refusals) < _MOST_REFUSALS:
            self.refusals.update(refusals)

    def end(self) -> None:
        """End its connections."""
        for task in self.tasks:
            task.cancel()


class Proxy:
    """Listens from ``open`` to ``close``. resolver: how names are looked up; None for the system's way."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._given = resolver
        self._passes: dict[str, Pass] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = ""

    async def open(self) -> None:
        """Listen, at a port of loopback that the system chooses."""
        self._resolver = self._given or ThreadedResolver()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, limit=_HEAD_BYTES)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Listen no more, and end what is open."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def passing(self, allowed: Networks, wire_bytes: int) -> Iterator[Pass]:
        """Let a page through, as ``USER`` with the secret of its pass, until the block ends."""
        made = Pass(allowed, wire_bytes)
        credentials = base64.b64encode(f"{USER}:{made.secret}".encode()).decode()
        self._passes[credentials] = made
        try:
            yield made
        finally:
            del self._passes[credentials]
            made.end()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast(asyncio.Task[None], asyncio.current_task())
        self._tasks.add(task)
        try:
            # Cancelled: its page is over, or had all the bytes that it may have.
            with suppress(OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, asyncio.CancelledError):
                await self._serve(reader, writer, task)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: asyncio.Task[None]
    ) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            asked = _Head.read(await reader.readuntil(b"\r\n\r\n"))
        if not _REQUEST.fullmatch(asked.first):
            await _say(writer, "400 Bad Request")
            return
        kind, _, credentials = (asked.value("proxy-authorization") or "").partition(" ")
        page = self._passes.get(credentials.strip()) if kind.lower() == "basic" else None
        if page is None:
            await _say(writer, "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="copydesk"')
            return
        if page.is_used_up:
            await _say(writer, "403 Forbidden")
            return
        page.tasks.add(task)
        try:
            await self._forward(asked, page, reader, writer)
        finally:
            page.tasks.discard(task)

    async def _forward(
        self, asked: _Head, page: Pass, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target = asked.first.split(" ")[:2]
        is_tunnel = method == "CONNECT"
        refused.set([])
        try:
            url = request_url(f"http://{target}/" if is_tunnel else target)
            if url.scheme != "http":
                raise FetchError("scheme", f"{url.scheme} without a tunnel")
            async with asyncio.timeout(_CONNECT_SECONDS):
                there = await connected(url.host or "", url.port or 80, page.allowed, self._resolver)
        except FetchError as error:
            page.refuse([str(error)])
            await _say(writer, "403 Forbidden")
            return
        except PermissionError:
            page.refuse(refused.get())
            await _say(writer, "403 Forbidden")
            return
        except (OSError, TimeoutError):
            await _say(writer, "502 Bad Gateway")
            return
        try:
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _until_one_ends(_relay(reader, there[1], page), _relay(there[0], writer, page))
            else:
                await _one_request(asked, page, (reader, writer), there)
        finally:
            there[1].close()


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of a request or an answer. first: its first line. fields: the others."""

    first: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, data: bytes) -> _Head:
        first, *lines = data.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        return cls(first, tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines)))

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name), None)

    def written(self, first: str) -> bytes:
        """As it is handed on: for this one request, and without what is between a browser and its proxy."""
        fields = [
            f"{name}: {value}"
            for name, value in self.fields
            if name.lower() not in _HOP_BY_HOP and not name.lower().startswith("proxy-")
        ]
        return "\r\n".join([first, *fields, "Connection: close", "", ""]).encode("latin-1")


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _one_request(asked: _Head, page: Pass, here: _Ends, there: _Ends) -> None:
    """Hand on a request of plain HTTP and its answer. The connection ends with it: the next one may lead elsewhere."""
    method, target, version = asked.first.split(" ")
    length = asked.value("content-length") or "0"
    if asked.value("transfer-encoding") or not _LENGTH.fullmatch(length):
        await _say(here[1], "411 Length Required")
        return
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    there[1].write(asked.written(f"{method} {path} {version}"))
    left = int(length)
    while left:
        data = await here[0].read(min(left, _PIECE))
        if not data:
            return
        left -= len(data)
        page.count(len(data))
        there[1].write(data)
        await there[1].drain()
    async with asyncio.timeout(_HEAD_SECONDS):
        answer = _Head.read(await there[0].readuntil(b"\r\n\r\n"))
        while answer.first.split(" ")[1:2] and answer.first.split(" ")[1].startswith("1"):  # such as early hints
            answer = _Head.read(await there[0].readuntil(b"\r\n\r\n"))
    head = answer.written(answer.first)
    page.count(len(head))
    here[1].write(head)
    await _until_one_ends(_relay(there[0], here[1], page), here[0].read(1))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, page: Pass) -> None:
    while data := await reader.read(_PIECE):
        page.count(len(data))
        writer.write(data)
        await writer.drain()


async def _until_one_ends(*ways: Coroutine[None, None, object]) -> None:
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _say(writer: asyncio.StreamWriter, status: str, *fields: str) -> None:
    head = [f"HTTP/1.1 {status}", *fields, "Content-Length: 0", "Connection: close", "", ""]
    writer.write("\r\n".join(head).encode())
    await writer.drain()
