"""What a fetch ends in: Fetched, or FetchError."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crawler.errors import CrawlerError

FetchReason = Literal[
    "address",  # the guard refuses where it leads, or the URL names no usable host and port
    "scheme",  # neither http nor https
    "dns",  # the name has no address
    "connect",  # no connection
    "tls",  # no trustworthy connection
    "timeout",
    "too-large",
    "headers",  # too many, too long, or not to be sent
    "coding",  # a content coding that is unknown, or of which nothing could be undone
    "protocol",  # not HTTP as it is spoken, or the connection ended before an answer
    "browser",  # its source is rendered, and there is nothing to render it with
    "rendering",  # it broke off, or the page's scripts left it for another
]
"""Why nothing was fetched."""


class FetchError(CrawlerError):
    """Nothing was fetched. reason: a short code. transient: whether the same request may succeed later."""

    def __init__(self, reason: FetchReason, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.reason: FetchReason = reason
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of any status. url: as it was asked for. headers: names and values without control characters.

    body: its content codings undone. truncated: why the body is not whole; None when it is. notes: what was odd but
    harmless, such as ``trailing-bytes`` after a coding's end or ``not-encoded``, where the coding was only claimed.
    seconds: from the request to the last byte.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime
    truncated: str | None
    seconds: float
    notes: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The value of the first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)
