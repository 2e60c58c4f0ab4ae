"""The HTTP server of the outlets: each on a socket of its own, one port for all, and a control address beside them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import struct
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import count
from typing import Any

from tests.sites.access_log import LogWriter, now
from tests.sites.behaviour import Answer, bomb
from tests.sites.newsstand import Newsstand, Request
from tests.sites.outlet import Outlet
from tests.sites.traps import HOSTS, farm_page

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 1024 * 1024
_PORT_TRIES = 50
_OVER = (  # how a connection ends; the last one when the server does
    ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError,
)  # fmt: skip


class Server:
    """Serves outlets until it is closed. One event loop, no threads."""

    def __init__(self, outlets: Iterable[Outlet], log: LogWriter, port: int = 0) -> None:
        outlets = list(outlets)
        self._farm = HOSTS if any("hosts" in outlet.traps for outlet in outlets) else ()
        self._sockets = _bound([*(outlet.host for outlet in outlets), *self._farm], port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.stands = {outlet.host: Newsstand(outlet, self.port) for outlet in outlets}
        self.control_port = 0
        self._log = log
        self._connections = count(1)
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Begin to answer."""
        for listening in self._sockets:
            self._servers.append(await asyncio.start_server(self._serve, sock=listening, limit=_LONGEST_HEAD))
        control = await asyncio.start_server(self._control, "127.0.0.1", 0, limit=_LONGEST_HEAD)
        self._servers.append(control)
        self.control_port = control.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening; answers under way end with the event loop."""
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests one after another, until either side has enough."""
        host = writer.get_extra_info("sockname")[0]
        connection = next(self._connections)
        with contextlib.suppress(*_OVER, _NotHttp):
            while (request := await _read(reader)) and await self._one(host, connection, request, reader, writer):
                pass
        writer.close()

    async def _one(
        self, host: str, connection: int, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether the connection stays."""
        t = now()
        stand = self.stands.get(host)
        answer = stand.answer(request) if stand else farm_page(host, self.port)
        number = self._log.begun(
            t=t, host=host, port=self.port, method=request.method, path=request.target, status=answer.status,
            connection=connection, headers=request.headers,
        )  # fmt: skip
        sending = _Sending(reader, writer, answer, request)
        try:
            if stand and stand.outlet.delay_ms:
                await asyncio.sleep(stand.outlet.delay_ms / 1000)
            await sending.send()
        finally:
            self._log.ended(number, sending.whole, sending.sent)
        return sending.whole and request.headers.get("connection", "").lower() != "close"

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """POST {"host": …, "set": {…}}: change an outlet. POST {}: nothing. Answers with the outlets as they are."""
        with contextlib.suppress(*_OVER):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            try:
                wish = json.loads(await reader.readexactly(min(length, _LONGEST_BODY)))
                if wish:
                    self.stands[wish["host"]].change(wish["set"])
                status, said = 200, json.dumps([stand.outlet.to_json() for stand in self.stands.values()])
            except (ValueError, TypeError, KeyError) as error:
                status, said = 400, json.dumps({"error": f"{type(error).__name__}: {error}"})
            body = said.encode()
            writer.write(b"HTTP/1.1 %d .\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)))
            writer.write(body)
            await writer.drain()
        writer.close()


class _Sending:
    """One answer on its way. whole: all was sent as meant; sent: bytes of the body that went out."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, request: Request
    ) -> None:
        self.whole, self.sent = False, 0
        self._reader, self._writer, self._answer = reader, writer, answer
        self._bodyless = request.method == "HEAD" or answer.status in (204, 304)

    async def send(self) -> None:
        """Send it, simply or as its fault says."""
        answer, fault = self._answer, self._answer.fault
        match fault.kind if fault else "":
            case "hang":
                await self._reader.read()  # until the other side has had enough
            case "slow" if fault:
                await asyncio.sleep(fault.seconds)
                await self._all(answer)
            case "drip" if fault:
                await self._drip(fault.seconds)
            case "reset":
                await self._part(len(answer.body))
                _reset(self._writer)
            case "truncated":
                await self._part(len(answer.body))
            case "half-gzip":
                packed = gzip.compress(answer.body)
                await self._all(self._as(packed[: len(packed) // 2], ("Content-Encoding", "gzip")))
            case "bomb" if fault:
                await self._stream(bomb(fault.size), ("Content-Encoding", "gzip"))
            case "bare-bomb" if fault:
                await self._stream(bomb(fault.size), ("Content-Type", "application/gzip"))
            case "endless":
                await self._stream(iter(lambda: b"<p>And so on, and so forth.</p>\n" * 2000, b""))
            case "headers" if fault:
                extra = tuple((f"X-Filler-{number}", "x" * 4000) for number in range(fault.size // 4000))
                await self._all(Answer(answer.status, (*answer.headers, *extra), answer.body))
            case _:
                await self._all(answer)

    async def _all(self, answer: Answer) -> None:
        body = b"" if self._bodyless else answer.body
        self._writer.write(_head(answer, None if answer.status in (204, 304) else len(answer.body)) + body)
        await self._writer.drain()
        self.whole, self.sent = True, len(body)

    async def _part(self, length: int) -> None:
        """Half of the body under the head of the whole, then the end of the connection."""
        half = self._answer.body[: length // 2]
        self._writer.write(_head(self._answer, length) + half)
        await self._writer.drain()
        self.sent = len(half)

    async def _drip(self, seconds: float) -> None:
        self._writer.write(_head(self._answer, len(self._answer.body)))
        for at in range(len(self._answer.body)):
            self._writer.write(self._answer.body[at : at + 1])
            await self._writer.drain()
            self.sent += 1
            await asyncio.sleep(seconds)
        self.whole = True

    async def _stream(self, pieces: Iterator[bytes], *headers: tuple[str, str]) -> None:
        """A body of unknown length, in chunks."""
        answer = self._as(b"", ("Transfer-Encoding", "chunked"), *headers)
        self._writer.write(_head(answer, None))
        for piece in pieces:
            self._writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self._writer.drain()
            await asyncio.sleep(0)  # others want to be answered too
            self.sent += len(piece)
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        self.whole = True

    def _as(self, body: bytes, *headers: tuple[str, str]) -> Answer:
        """The answer with another body, and headers in place of its own."""
        named = {name for name, _ in headers}
        kept = tuple((name, value) for name, value in self._answer.headers if name not in named)
        return Answer(self._answer.status, (*kept, *headers), body)


class _NotHttp(Exception):
    """What came is no request."""


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None at its end. A body is read and thrown away. Raises _NotHttp."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *fields = head[:-4].decode("latin-1").split("\r\n")
    if line.count(" ") != 2:
        raise _NotHttp(line)
    method, target, _ = line.split(" ")
    headers = {}
    for each in fields:
        name, _, value = each.partition(":")
        headers[name.lower()] = value.strip()
    if (length := headers.get("content-length", "0")).isdigit() and int(length):
        await reader.readexactly(min(int(length), _LONGEST_BODY))
    return Request(method, target, headers)


def _head(answer: Answer, length: int | None) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "-"
    fields = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers)]
    if length is not None:
        fields.append(f"Content-Length: {length}")
    return "\r\n".join([*fields, "", ""]).encode("latin-1", "replace")


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection so that the other side gets an RST."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def _bound(hosts: list[str], port: int) -> list[socket.socket]:
    """A listening socket for each host, all with one port. Raises OSError where there is none."""
    for attempt in count(1):
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                sockets.append(made)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind((host, port or (sockets[0].getsockname()[1] if len(sockets) > 1 else 0)))
                made.listen(256)
        except OSError:
            for made in sockets:
                made.close()
            if port or attempt >= _PORT_TRIES:
                raise
        else:
            return sockets
    raise AssertionError


def state(server: Server) -> dict[str, Any]:
    """What a client has to know: the base address of each outlet and where to control them."""
    bases = {host: stand.base for host, stand in server.stands.items()}
    return {"bases": bases, "port": server.port, "control": f"http://127.0.0.1:{server.control_port}/"}
