"""Terms: what a page asks of those who fetch it, in its headers and its head. They are noted, not judged, here."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PRODUCT = "copydesk"  # the product token by which robots.txt and servers know us
_SCANNED = 64 * 1024  # bytes of a page in which its head is looked for
_TAG = 2000  # characters of one tag
_KNOWN = frozenset({"noai", "noarchive", "nofollow", "noimageai", "noimageindex", "noindex", "nosnippet", "notrain"})
_ALSO = {"nocache": ("noarchive",), "none": ("nofollow", "noindex")}
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_FOR_US = frozenset({"", "*", _PRODUCT})
_ATTRIBUTE = re.compile(r"""(?<![a-z-])([a-z-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]++))""", re.IGNORECASE)
_OPENING = re.compile("<(meta|!--|script|style)")
_CLOSING = {"!--": "-->", "script": "</script", "style": "</style"}  # what stands before it is not markup


def terms(headers: tuple[tuple[str, str], ...], body: bytes) -> tuple[str, ...]:
    """Codes in alphabetical order, such as ``noarchive``, ``noindex``, ``nosnippet``, ``noai`` or ``tdm-reserved``.

    From X-Robots-Tag and TDM-Reservation headers and their ``<meta>`` forms, as far as they speak to all or to us.
    Takes time in proportion to the input.
    """
    found: set[str] = set()
    for name, value in headers:
        if name.lower() == "x-robots-tag":
            found.update(_directives(value))
        elif name.lower() == "tdm-reservation" and value.strip() == "1":
            found.add("tdm-reserved")
    for name, content in _metas(body):
        if name in {"robots", _PRODUCT}:
            found.update(_directives(content))
        elif name == "tdm-reservation" and content.strip() == "1":
            found.add("tdm-reserved")
    return tuple(sorted(found))


def _directives(value: str) -> Iterator[str]:
    """The known directives of a list such as ``noarchive, otherbot: noindex, nosnippet``; a name holds from it on."""
    agent = ""
    for part in value.lower().split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip() in _VALUED:
            continue
        if colon:
            agent, part = name.strip(), rest  # noqa: PLW2901 - the rest is the first directive for that agent
        directive = part.strip()
        if agent in _FOR_US:
            yield from _ALSO.get(directive, (directive,) if directive in _KNOWN else ())


def _metas(body: bytes) -> Iterator[tuple[str, str]]:
    """Name and content of the ``<meta>`` tags; only ASCII matters, so that UTF-16 is read without its zero bytes."""
    text = body[:_SCANNED].replace(b"\0", b"").decode("latin-1")
    lower = text.lower()
    position = 0
    while opening := _OPENING.search(lower, position):
        if opening[1] == "meta":
            tag = text[opening.start() : opening.start() + _TAG].partition(">")[0]
            attributes = {key.lower(): two or one or bare for key, two, one, bare in _ATTRIBUTE.findall(tag)}
            yield attributes.get("name", "").strip().lower(), attributes.get("content", "")
            position = opening.start() + len(tag)
        else:
            position = lower.find(_CLOSING[opening[1]], opening.end())
            if position < 0:
                return
