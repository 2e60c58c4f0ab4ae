"""Fetching: one guarded, bounded request, without redirects, cookies, credentials or proxies."""

from __future__ import annotations

import asyncio
import importlib.metadata
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict
from yarl import URL

from crawler.fetching.addresses import Networks
from crawler.fetching.connections import Connections, refused
from crawler.fetching.content_codings import ACCEPTED, CodedBody, TooLarge, UnknownCoding
from crawler.fetching.diagnosis import POSSIBLE, diagnosis
from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.limits import FetchLimits
from crawler.fetching.request_url import request_url, shown
from storage.records import RENDERED

PRODUCT = "copydesk"
"""The product token: how robots.txt and servers know us."""

_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_LIMITS = FetchLimits()
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def user_agent(contact: str | None) -> str:
    """How we introduce ourselves. contact: a page or mail address of whoever runs the crawl."""
    version = importlib.metadata.version(PRODUCT)
    about = f"+{contact}" if contact else "news archiver; its operator gave no contact"
    return f"{PRODUCT}/{version} ({_clean(about)})".encode("ascii", "replace").decode()


class Fetcher:
    """Fetches; one for a process and its event loop. Use it as an async context manager, or ``close`` it.

    contact: for the User-Agent. resolver, tls: as for ``Connections``.
    """

    def __init__(
        self,
        contact: str | None = None,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._agent = user_agent(contact)
        self._connections = Connections(resolver, tls)

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: Networks = (),
        limits: FetchLimits = _LIMITS,
    ) -> Fetched:
        """GET ``url``. An answer of any status is Fetched; a redirect is not followed. Raises FetchError.

        headers: sent besides, or instead of, our own. allow_private: networks that may be reached although not public.
        """
        target = request_url(url)
        sent = CIMultiDict({"User-Agent": self._agent, "Accept": _ACCEPT, "Accept-Encoding": ACCEPTED})
        sent.update(headers or {})
        at, start = datetime.now(UTC), time.monotonic()
        refused.set([])
        try:
            async with asyncio.timeout(limits.seconds):
                answer = await self._get(target, sent, allow_private, limits)
        except POSSIBLE as error:
            raise _fetch_error(error, url) from error
        status, received, body, truncated, notes = answer
        return Fetched(url, status, received, body, at, truncated, time.monotonic() - start, notes)

    async def _get(
        self, target: URL, headers: Mapping[str, str], allowed: Networks, limits: FetchLimits
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes, str | None, tuple[str, ...]]:
        patience = aiohttp.ClientTimeout(total=None, connect=limits.connect_seconds)
        async with (
            self._connections.session(allowed) as session,
            session.get(target, headers=headers, allow_redirects=False, timeout=patience) as response,
        ):
            received = tuple((_text(name), _text(value)) for name, value in response.raw_headers)
            received = tuple(each for each in received if each[0].lower() != RENDERED.lower())  # it is ours to say
            codings = ",".join(value for name, value in received if name.lower() == "content-encoding")
            coded = CodedBody(codings, limits.body_bytes)
            body, truncated = await _read(response, coded, limits)
            return response.status, received, body, truncated or coded.problem, coded.notes


async def _read(response: aiohttp.ClientResponse, coded: CodedBody, limits: FetchLimits) -> tuple[bytes, str | None]:
    """The body, and why it did not come to its end."""
    body = bytearray()
    wire, truncated = 0, None
    try:
        with _ending_with_connection(response):
            while data := await response.content.readany():
                wire += len(data)
                if wire > limits.wire_bytes:
                    raise TooLarge(limits.wire_bytes)
                for piece in coded.feed(data):
                    body += piece
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ConnectionError):
        if not wire:
            raise
        truncated = f"the connection ended early, after {wire:,} bytes of the body"
    for piece in coded.end():
        body += piece
    if coded.damaged and not body:
        raise UnknownCoding(coded.problem)
    return bytes(body), truncated


@contextmanager
def _ending_with_connection(response: aiohttp.ClientResponse) -> Iterator[None]:
    """Make a read fail when the connection is gone: after a broken chunk aiohttp 3.14 lets its reader wait for ever."""

    def end(_: object) -> None:
        if not response.content.is_eof() and not response.content.exception():
            response.content.set_exception(aiohttp.ClientPayloadError("the connection is gone"))

    connection = response.connection  # None when the whole answer is there already
    protocol = None if connection is None else connection.protocol
    closed = None if protocol is None else protocol.closed
    if closed is None:
        yield
        return
    closed.add_done_callback(end)
    try:
        yield
    finally:
        closed.remove_done_callback(end)


def _fetch_error(error: Exception, url: str) -> FetchError:
    refusals = refused.get()
    if refusals and type(error) is aiohttp.ClientConnectorError:  # no address was left to connect to
        return FetchError("address", f"{shown(url)}: {refusals[0]}")
    reason, message, transient = diagnosis(error)
    return FetchError(reason, f"{shown(url)}: {_clean(message)[:300]}", transient=transient)


def _text(raw: bytes) -> str:
    """A header as text, without the characters that would do something to a terminal or a log."""
    try:
        return _clean(raw.decode())
    except UnicodeDecodeError:
        return _clean(raw.decode("latin-1"))


def _clean(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()
