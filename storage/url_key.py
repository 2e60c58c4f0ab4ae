"""URL key: what is left of an address when everything is gone that does not choose the article.

Two addresses with one key are one article's. Gone: scheme, user, port 80 and 443, ``www.``, the hosts, path endings
and parameters of mobile and AMP twins, fragments (but ``#!``), tracking parameters, a slash at the end, the order of
parameters. Kept: the case of the path, and every parameter that is not on the list.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

LONGEST = 16_384
"""Characters of the longest address that has a key."""

_TRACKING = frozenset({
    "phpsessid", "jsessionid",
    # advertising clicks
    "fbclid", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "msclkid", "yclid", "ysclid", "twclid", "ttclid",
    "igshid", "igsh", "li_fat_id", "epik", "rdt_cid", "scclid", "srsltid", "_openstat", "wickedid", "irclickid",
    # newsletters
    "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking", "ml_subscriber",
    "ml_subscriber_hash", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "bsft_clkid", "bsft_uid", "sc_cid",
    # audience counters
    "_ga", "_gl", "_gac", "_gid", "s_cid", "cmpid", "at_medium", "at_campaign", "at_custom1", "at_custom2",
    "at_custom3", "at_custom4", "xtor", "piwik_campaign", "piwik_kwd", "pk_campaign", "pk_kwd", "mtm_campaign",
    "mtm_source", "mtm_medium", "mtm_keyword", "mtm_content",
})  # fmt: skip
_MOBILE = re.compile(r"\A(?:(?:www|m|mobile|amp)\.)+(?=[^.]+\.[^.])")  # two labels stay: m.com is a site of its own
_AMP_HOST = re.compile(r"(?:.+\.)?cdn\.ampproject\.org|(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?")
_AMP_PATH = re.compile(r"/(?:c|v|amp)/(?:s/)?(?=[^/]+\.[^/])")
_AMP_PARAMETERS = frozenset({"amp", "amp=", "amp=1", "amp=true", "outputType=amp"})
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})|[^!-~]|[\"%<>\\^`{|}]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@lru_cache(maxsize=256)  # a page's address is asked for by several
def url_key(url: str) -> str | None:
    """The key of an http or https address: ``host/path?query``. None for anything else, and for what no host can be.

    The key of a key (with a scheme before it) is itself.
    """
    if len(url) > LONGEST:
        return None
    try:
        parts = _original(urlsplit(url.strip()))
        if parts.scheme not in ("http", "https") or (host := _host(parts)) is None:
            return None
    except ValueError:  # brackets that do not match, a port that is no number, a label that IDNA refuses
        return None
    query = _query(parts.query)
    fragment = _escaped(parts.fragment) if parts.fragment.startswith("!") else ""
    return host + _path(parts.path) + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def alias_key(url: str, canonical_url: str) -> str | None:
    """The key of the address that a page names as its own, where it may be believed.

    That is on the same host, or one below or above it, and not the home page. None where it may not be believed, or
    where it says nothing new.
    """
    key, canonical = url_key(url), url_key(canonical_url)
    if key is None or canonical is None or canonical == key:
        return None
    host, named = re.split(r"[/?#]", key)[0], re.split(r"[/?#]", canonical)[0]
    if canonical == named or not (host == named or host.endswith(f".{named}") or named.endswith(f".{host}")):
        return None
    return canonical


def is_elsewhere(url: str, canonical_url: str) -> bool:
    """Whether a page names an address on another site: that says where it may be from, and no more."""
    here, there = host_of(url), host_of(canonical_url)
    return None not in (here, there) and here != there and alias_key(url, canonical_url) is None


def _original(parts: SplitResult) -> SplitResult:
    """The address that an AMP cache serves a copy of; ``parts`` where it is none."""
    while (
        _AMP_HOST.fullmatch(parts.hostname or "")
        and (prefix := _AMP_PATH.match(parts.path))
        and ("ampproject" in parts.netloc.lower() or prefix.group().startswith("/amp/"))
    ):
        parts = urlsplit(f"https://{parts.path[prefix.end() :]}?{parts.query}#{parts.fragment}")
    return parts


def _host(parts: SplitResult) -> str | None:
    name = (parts.hostname or "").rstrip(".")
    if not name.isascii():
        name = name.encode("idna").decode().lower().rstrip(".")
    if not _HOST.fullmatch(name):
        return None
    name = f"[{name}]" if ":" in name else _MOBILE.sub("", name, count=1)
    return name if parts.port in (None, 80, 443) else f"{name}:{parts.port}"


def _path(path: str) -> str:
    kept: list[str] = []
    for segment in _escaped(path).split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    path = "/".join(["", *kept]).rstrip("/")
    while (shorter := _without_amp(path)) != path:
        path = shorter
    return path


def _without_amp(path: str) -> str:
    if path.endswith(".amp.html"):
        return path.removesuffix(".amp.html") + ".html"
    if path.endswith("/.amp") or path == "/amp":  # nothing would be left
        return path
    return path.removesuffix(".amp").removesuffix("/amp").rstrip("/")


def _query(query: str) -> str:
    named: list[tuple[str, str]] = []
    for parameter in _escaped(query.replace("+", "%20")).split("&"):
        name = parameter.partition("=")[0].lower()
        if parameter and not (name in _TRACKING or name.startswith("utm_") or parameter in _AMP_PARAMETERS):
            named.append((name, parameter))
    return "&".join(
        parameter for _, parameter in sorted(named, key=lambda pair: pair[0])
    )  # equal names keep their order


def _escaped(text: str) -> str:
    """One spelling of percent-signs: decoded where that changes nothing, else in capitals."""
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    if match.group(1):
        byte = int(match.group(1), 16)
        return chr(byte) if byte in _UNRESERVED else f"%{byte:02X}"
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))


def host_of(url: str) -> str | None:
    """What is asked for pages under ``url``: twins such as ``www.`` and ``m.`` are one; None where there is no key."""
    key = url_key(url)
    return key and re.split(r"[/?#]", key, maxsplit=1)[0]
