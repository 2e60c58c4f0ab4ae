"""What an exception in the middle of a request means: the reason of the FetchError that becomes of it."""

from __future__ import annotations

import socket

import aiohttp
from aiohttp import http_exceptions

from crawler.fetching.content_codings import TooLarge, UnknownCoding
from crawler.fetching.fetched import FetchReason

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

# The first that fits; with what to say where the exception does not say it well, and whether to try again.
_MEANINGS: tuple[tuple[type[Exception], FetchReason, str, bool], ...] = (
    (UnknownCoding, "coding", "", False),
    (TooLarge, "too-large", "", False),
    (aiohttp.ConnectionTimeoutError, "timeout", "no connection in time", True),
    (TimeoutError, "timeout", "not finished in time", True),
    (aiohttp.ClientConnectorDNSError, "dns", "", True),
    (aiohttp.ClientConnectorCertificateError, "tls", "", False),
    (aiohttp.ClientConnectorSSLError, "tls", "", True),
    (aiohttp.ClientConnectorError, "connect", "", True),
    (aiohttp.InvalidURL, "address", "not an address that can be fetched", False),
    (aiohttp.ServerDisconnectedError, "protocol", "the connection was closed before a whole answer came", True),
    (aiohttp.ClientError, "protocol", "", True),
    (http_exceptions.HttpProcessingError, "protocol", "", True),
    (OSError, "protocol", "", True),
    (ValueError, "headers", "", False),  # aiohttp refuses to send them
)

POSSIBLE = tuple(kind for kind, *_ in _MEANINGS)
"""The exceptions that a request may end in."""


def diagnosis(error: Exception) -> tuple[FetchReason, str, bool]:
    """Reason, message, and whether the same request may succeed later, for one of ``POSSIBLE``."""
    if isinstance(error, aiohttp.ClientResponseError):
        return _of_answer(error)
    _, reason, message, transient = next(meaning for meaning in _MEANINGS if isinstance(error, meaning[0]))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        transient = error.os_error.errno not in _NO_SUCH_NAME
    return reason, message or str(error) or type(error).__name__, transient


def _of_answer(error: aiohttp.ClientResponseError) -> tuple[FetchReason, str, bool]:
    """aiohttp could not read the answer; what its parser objected to stands in the causes."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, http_exceptions.LineTooLong | http_exceptions.InvalidHeader):
            return "headers", error.message, False
        cause = cause.__cause__
    if "header" in error.message.lower():
        return "headers", error.message, False
    return "protocol", error.message, True
