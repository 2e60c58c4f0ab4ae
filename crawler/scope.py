"""Which addresses belong together: hosts, ports, and the registrable domain that makes a site."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from tldextract import TLDExtract

_PORTS = {"http": 80, "https": 443}
_NEVER = re.compile(r"[\x00-\x20\x7f\\]")  # programs disagree about which host follows them
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")


def checked_url(text: str) -> str:
    """An http or https address with a host and no user. Raises ValueError, whose words do not repeat the address."""
    _, _, rest = text.partition("//")
    if "@" in re.split(r"[/?#]", rest, maxsplit=1)[0]:
        raise ValueError("an address with a user or password in it")
    if not text.lower().startswith(("http://", "https://")):
        raise ValueError("not an http:// or https:// address")
    if host_and_port(text) is None:
        raise ValueError("not an address")
    return text


def checked_host(text: str) -> str:
    """A host, or ``host:port``, as ``host_and_port`` gives them. Raises ValueError."""
    found = host_and_port(f"http://{text}/")
    if found is None or re.search(r"[/@?#]", text):
        raise ValueError('not a host such as "cdn.example.com"')
    return f"{found[0]}:{found[1]}" if re.search(r":[0-9]+$", text) else found[0]


def host_and_port(url: str) -> tuple[str, int] | None:
    """Host and port of an http or https address; None for anything else.

    The host: lower case, ASCII, without a last dot, IPv6 in brackets.
    """
    if _NEVER.search(url):
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or (host := _host(parts)) is None:
            return None
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        return (host, port) if port else None
    except ValueError:  # brackets that do not match, a port that is no number, a label that IDNA refuses
        return None


@lru_cache(maxsize=1024)  # the links of a page lead to few hosts
def site_of(host: str) -> str | None:
    """The registrable domain: ``bbc.co.uk`` of ``feeds.bbc.co.uk``. None for IP addresses, ``localhost`` and suffixes.

    Under the suffixes of hosting services each customer is a site of its own.
    """
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return _suffixes()(host).top_domain_under_public_suffix or None
    return None


@cache
def _suffixes() -> TLDExtract:
    """The public suffix list that the package brings; nothing is fetched, nothing is written."""
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _host(parts: SplitResult) -> str | None:
    host = parts.hostname or ""
    host = (host if host.isascii() else host.encode("idna").decode()).removesuffix(".")
    if not _HOST.fullmatch(host):
        return None
    return f"[{host}]" if ":" in host else host
