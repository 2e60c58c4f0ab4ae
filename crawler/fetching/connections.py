"""Connections that pass the address guard, pooled apart for each allowance."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from crawler.fetching.addresses import Networks, refusal

_IDLE_POOLS = 8  # allowances differ between the few sources of an intranet; more are opened anew when needed
_CONNECTIONS = 256  # of one pool: more than a crawl has under way

refused: ContextVar[list[str]] = ContextVar("refused")
"""Where the guard notes the addresses it refused in this request; the caller sets an empty list before it."""


class _Pool:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.users = 0


class Connections:
    """A pool of connections for each allowance: what one source may reach, no other source finds connected.

    resolver: how names are looked up; None for the system's way. tls: None to verify with the system's certificates.
    """

    def __init__(self, resolver: AbstractResolver | None, tls: ssl.SSLContext | None) -> None:
        self._resolver = resolver
        self._tls = tls
        self._pools: OrderedDict[Networks, _Pool] = OrderedDict()

    @asynccontextmanager
    async def session(self, allowed: Networks) -> AsyncIterator[aiohttp.ClientSession]:
        """The session whose connections may lead to public addresses and to ``allowed`` ones."""
        pool = self._pools.get(allowed) or self._pools.setdefault(allowed, self._open(allowed))
        self._pools.move_to_end(allowed)
        pool.users += 1
        try:
            yield pool.session
        finally:
            pool.users -= 1
            await self._close_oldest()

    async def close(self) -> None:
        """Close all connections."""
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.session.close()

    async def _close_oldest(self) -> None:
        idle = [allowed for allowed, pool in self._pools.items() if not pool.users]
        for allowed in idle[: max(0, len(self._pools) - _IDLE_POOLS)]:
            await self._pools.pop(allowed).session.close()

    def _open(self, allowed: Networks) -> _Pool:
        # aiohttp calls the socket factory last, for every address that it is about to connect to, whether a resolver
        # gave it or it stood in the URL. Names are looked up for each connection: a cache would outlive their TTL.
        connector = aiohttp.TCPConnector(
            resolver=self._resolver or ThreadedResolver(),
            socket_factory=partial(_guarded_socket, allowed),
            use_dns_cache=False,
            limit=_CONNECTIONS,
            ssl=self._tls or True,
        )
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
        )
        return _Pool(session)


async def connected(
    host: str, port: int, allowed: Networks, resolver: AbstractResolver
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A plain connection to the first address of a host that the guard lets through and that answers.

    host: a name, or an address as ``request_url`` writes it. Raises OSError, PermissionError where the guard let none
    through; ``refused`` has why.
    """
    error: OSError | None = None
    for family, address in await _addresses(host, port, resolver):
        place = (address, port, 0, 0) if family == socket.AF_INET6 else (address, port)
        try:
            opened = _guarded_socket(allowed, (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place))
        except PermissionError as refusal_of_it:
            error = error or refusal_of_it
            continue
        try:
            opened.setblocking(False)
            await asyncio.get_running_loop().sock_connect(opened, place)
            return await asyncio.open_connection(sock=opened)
        except BaseException as failure:
            opened.close()
            if not isinstance(failure, OSError):
                raise
            error = failure
    raise error or OSError(f"{host} has no address")


async def _addresses(host: str, port: int, resolver: AbstractResolver) -> list[tuple[int, str]]:
    """Family and address of a host: as it stands, or as its name is looked up now."""
    try:
        literal = ip_address(host)
    except ValueError:
        found = await resolver.resolve(host, port, family=socket.AF_UNSPEC)
        return [(socket.AF_INET6 if ":" in each["host"] else socket.AF_INET, each["host"]) for each in found]
    return [(socket.AF_INET6 if literal.version == 6 else socket.AF_INET, host)]


def _guarded_socket(allowed: Networks, info: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that is about to be connected to. Raises PermissionError."""
    family, kind, protocol, _, (address, port, *_) = info
    if why := refusal(address, allowed, port):
        refused.get().append(f"{address}: {why}")
        raise PermissionError(why)
    return socket.socket(family, kind, protocol)
