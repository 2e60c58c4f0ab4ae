"""Addresses: what a place writes as a link, made absolute, or nothing where it leads to no web page."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from crawler.listings.listing import LONGEST_ADDRESS
from storage.url_key import url_key

_DROPPED = re.compile(r"[\t\r\n\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")  # browsers drop them too
_ESCAPED = re.compile(r"[^!-~]|[\"<>`]")
_SITE = r"https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}"
_PATH = r"/(?!/)[\w/.,=&?%+~:;-]*"
_SIMPLE = re.compile(_SITE + _PATH, re.ASCII)  # most addresses are so, and need no care
_SIMPLE_PATH = re.compile(_PATH, re.ASCII)
_SIMPLE_BASE = re.compile(f"({_SITE})/", re.ASCII)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def web_address(written: str, base: str) -> str | None:
    """The absolute http or https address that ``written`` is on a page at ``base``, in ASCII and without its fragment.

    None for other schemes, for what names no host or a user with a password, and for what is longer than
    LONGEST_ADDRESS. A fragment that begins with ``!`` stays, because it chooses the page.
    """
    written = _DROPPED.sub("", written[: 4 * LONGEST_ADDRESS].strip(" \t\r\n\f"))
    simple = written
    if _SIMPLE_PATH.fullmatch(written) and (site := _SIMPLE_BASE.match(base)):
        simple = site[1] + written
    if len(simple) <= LONGEST_ADDRESS and _SIMPLE.fullmatch(simple) and "/." not in simple:
        return simple
    scheme = _SCHEME.match(written)
    if not written or "\\" in written or (scheme and scheme.group().lower() not in ("http:", "https:")):
        return None  # a backslash is a slash to some and not to others: nobody means well by it
    try:
        parts = urlsplit(urljoin(base, written))
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.port == 0:
            return None
        netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError:  # brackets that do not match, a port that is no number, a label that IDNA refuses
        return None
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    parts = parts._replace(netloc=netloc.lower(), path=parts.path or "/", fragment=fragment)
    address = _ESCAPED.sub(_escape, parts.geturl())
    return address if len(address) <= LONGEST_ADDRESS and url_key(address) is not None else None


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))
