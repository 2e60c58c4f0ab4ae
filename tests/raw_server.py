"""A server on loopback that answers with exactly the bytes it is told to, and a name server that lies."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is sent for a path; the connection is then closed."""


@dataclass
class RawServer:
    """reached: the address of this machine that each connection was made to. heads: of the requests, as they came."""

    port: int = 0
    reached: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.heads]

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(
    answers: Mapping[str, Answer], *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[RawServer]:
    """Serve each path its answer, and 404 where there is none."""
    server, tasks = RawServer(), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        server.reached.append(writer.get_extra_info("sockname")[0])
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            server.heads.append(head)
            answer = answers.get(head.split(b" ")[1].decode("latin-1"), response(b"", status="404 Not Found"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        writer.close()
        tasks.discard(task)

    listening = await asyncio.start_server(serve, host, port, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def response(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer with Content-Length; ``length`` to lie about it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Names(AbstractResolver):
    """A name server under someone's control: each look-up of a name gets the next of its answers, at last always one.

    answers: for each name, the addresses of each answer.
    """

    def __init__(self, answers: dict[str, list[list[str]]]) -> None:
        self._answers = answers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answers = self._answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0) for each in found]

    async def close(self) -> None:
        """Nothing is held open."""
