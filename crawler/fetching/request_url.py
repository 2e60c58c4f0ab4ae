"""The URL of a request: what was written, made safe to send, and otherwise as it stands."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from w3lib.url import safe_url_string
from yarl import URL

from crawler.fetching.fetched import FetchError

_LABELS = re.compile(r"(?!.{254})(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?", re.ASCII)
_SHOWN = 200  # characters of a URL in a message


def request_url(url: str) -> URL:
    """The URL to ask for: its escapes, dots and order of parameters as they stand; only what is not ASCII is encoded.

    Raises FetchError (``scheme`` or ``address``), which never repeats a user name or password.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:  # its text may repeat a password
        raise FetchError("address", "not a URL that can be fetched: its host or port cannot be read") from None
    if parts.scheme.lower() not in {"http", "https"}:
        raise FetchError("scheme", f"only http and https are fetched, not {parts.scheme[:20]!r}")
    if "@" in parts.netloc:
        raise FetchError("address", "a URL with a user name or password is not fetched")
    if not host or "\\" in parts.netloc:
        raise FetchError("address", "not a URL that can be fetched: it names no host")
    netloc = _host(host) + (f":{port}" if port is not None else "")
    try:
        safe = safe_url_string(urlunsplit(SplitResult(parts.scheme, netloc, parts.path, parts.query, "")))
        return URL(safe, encoded=True)
    except ValueError as error:
        raise FetchError("address", f"{shown(url)}: {error}") from error


def shown(url: str) -> str:
    """The URL for a message: in ASCII, without user name and password, and not endless."""
    start = url[: 2 * _SHOWN]
    scheme, slashes, rest = start.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    named = scheme + slashes + authority.rpartition("@")[2] + rest[len(authority) :]
    return ascii(named)[1:-1][:_SHOWN]


def _host(host: str) -> str:
    if ":" in host:
        try:
            address = IPv6Address(host)
        except ValueError as error:
            raise FetchError("address", f"not an IPv6 address: {ascii(host)[:_SHOWN]}") from error
        if address.scope_id:
            raise FetchError("address", f"an address with a zone is not fetched: {ascii(host)[:_SHOWN]}")
        return f"[{address}]"
    try:
        name = URL.build(scheme="http", host=host).raw_host or ""  # internationalised names, as browsers read them
    except ValueError as error:
        raise FetchError("address", f"not a host name: {ascii(host)[:_SHOWN]}") from error
    if not _LABELS.fullmatch(name):
        raise FetchError("address", f"not a host name: {ascii(host)[:_SHOWN]}")
    return name
