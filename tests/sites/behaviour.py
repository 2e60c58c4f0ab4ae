"""How an outlet misbehaves: faults of addresses, states of robots.txt, redirects."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sites.outlet import Outlet

FAULTS = (
    "status",
    "hang",
    "drip",
    "slow",
    "reset",
    "truncated",
    "half-gzip",
    "bomb",
    "bare-bomb",
    "endless",
    "headers",
)
"""status: answers ``status``. hang: never answers. drip: a byte each ``seconds``. slow: answers after ``seconds``.

reset: ends the connection by RST in the middle of the body. truncated: promises more bytes than it sends.
half-gzip: a gzip body cut in half, its length declared as cut. bomb: ``size`` zeros behind Content-Encoding gzip;
bare-bomb: the same as a .gz file. endless: a body of unknown length that goes on. headers: ``size`` bytes of headers.
"""

ROBOTS = ("open", "closed", "text", "html", "huge", "stars", "hang", "reset", "redirect-N", "a status such as 404")
"""States of robots.txt: by rules that allow, that disallow everything, as ``robots_text`` says, or broken."""

_MEGABYTE = bytes(1 << 20)
_SHORT_STATUS = re.compile(r"\d{3}")


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour of all addresses whose path matches the shell pattern ``path``, also of ones not there otherwise.

    first: of that many requests only, counted together or, with ``each``, for every path by itself; None for all.
    until: seconds since 1970 at which it ends. retry_after: a header; ``date:3`` is the HTTP date in three seconds.
    """

    path: str
    kind: str = "status"
    status: int = 503
    retry_after: str | None = None
    first: int | None = None
    each: bool = False
    until: float | None = None
    seconds: float = 1.0
    size: int = 900_000_000

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise TypeError(f"no fault {self.kind!r}; there are {', '.join(FAULTS)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends. fault: how it is to be sent, if not simply."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fault: Fault | None = None


@dataclass(slots=True)
class Misconduct:
    """Counts which faults have been served how often."""

    _served: dict[tuple[Fault, str], int] = field(default_factory=dict)

    def fault(self, outlet: Outlet, path: str) -> Fault | None:
        """The first fault that is due for a request of ``path``, counted as served."""
        for fault in outlet.faults:
            if not fnmatchcase(path, fault.path) or (fault.until is not None and time.time() >= fault.until):
                continue
            key = (fault, path if fault.each else "")
            if fault.first is not None and self._served.get(key, 0) >= fault.first:
                continue
            self._served[key] = self._served.get(key, 0) + 1
            return fault
        return None


def refusal(fault: Fault) -> Answer:
    """The answer of a fault of kind ``status``."""
    headers = [("Content-Type", "text/html; charset=utf-8")]
    if fault.retry_after is not None:
        headers.append(("Retry-After", _retry_after(fault.retry_after)))
    return Answer(fault.status, tuple(headers), f"<html><title>{fault.status}</title><p>Sorry.</p></html>".encode())


def _retry_after(value: str) -> str:
    kind, _, seconds = value.partition(":")
    return formatdate(time.time() + float(seconds), usegmt=True) if kind == "date" else value


def robots(outlet: Outlet, base: str) -> Answer:
    """What stands at /robots.txt."""
    plain = (("Content-Type", "text/plain; charset=utf-8"),)
    state = outlet.robots
    if _SHORT_STATUS.fullmatch(state):
        return refusal(Fault("", status=int(state)))
    if state in ("hang", "reset"):
        return Answer(200, plain, b"User-agent: *\n", Fault("", state))
    if state.startswith("redirect-"):
        return moved(outlet, f"/chain/{state.removeprefix('redirect-')}/robots-moved.txt", base) or Answer(404)
    match state:
        case "open":
            return Answer(200, plain, rules(outlet, base))
        case "closed":
            return Answer(200, plain, b"User-agent: *\nDisallow: /\n")
        case "text":
            return Answer(200, plain, outlet.robots_text.encode())
        case "html":
            return Answer(200, (("Content-Type", "text/html"),), b"<!DOCTYPE html><html><body><p>Welcome!</p></body>")
        case "huge":  # 10 MB; its last rule is beyond what a crawler has to read
            lines = b"".join(b"Disallow: /huge/%07d/\n" % number for number in range(400_000))
            return Answer(200, plain, b"User-agent: *\n" + lines + b"Disallow: /\n")
        case "stars":
            lines = b"".join(b"Disallow: /*%d*%d*x$\n" % (number, number) for number in range(100_000))
            return Answer(200, plain, b"User-agent: *\n" + lines)
    raise ValueError(f"no state {state!r} of robots.txt; there are {', '.join(ROBOTS)}")


def rules(outlet: Outlet, base: str) -> bytes:
    """robots.txt as the outlet means it."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in outlet.disallow)]
    if outlet.crawl_delay is not None:
        lines.append(f"Crawl-delay: {outlet.crawl_delay:g}")
    if outlet.robots_sitemaps:
        names = {"plain": "sitemap.xml", "index": "sitemap-index.xml", "news": "news-sitemap.xml"}
        lines += [f"Sitemap: {base}/{names[kind]}" for kind in outlet.sitemaps]
    return "\n".join([*lines, ""]).encode()


def moved(outlet: Outlet, target: str, base: str) -> Answer | None:
    """The answer of the addresses that redirect; None for any other.

    /go/301/PATH (302, 303, 307, 308) · /relative/PATH · /chain/N/PATH (N hops) · /loop/PATH · /away/HOST/PATH
    """
    kind, _, rest = target.lstrip("/").partition("/")
    value, _, path = rest.partition("/")
    match kind:
        case "go" if value in ("301", "302", "303", "307", "308"):
            return _to(f"{base}/{path}", int(value))
        case "relative":
            return _to(f"/{rest}", 302)
        case "chain" if value.isdigit():
            return _to(f"{base}/{path}" if int(value) <= 1 else f"{base}/chain/{int(value) - 1}/{path}", 302)
        case "loop":
            return _to(f"{base}/pool/{rest}", 302)
        case "pool":
            return _to(f"{base}/loop/{rest}", 302)
        case "away":
            return _to(base.replace(outlet.host, value) + f"/{path}", 301)
    return None


def styled(style: str, path: str) -> str:
    """A link to an article in one of the styles of Outlet.link_styles."""
    if style in ("301", "302", "303", "307", "308"):
        return f"/go/{style}{path}"
    kind, _, value = style.partition(":" if ":" in style else "-")
    match kind:
        case "plain":
            return path
        case "tracking":
            return f"{path}?utm_source=rss&utm_medium=feed&utm_campaign=top"
        case "amp":
            return f"/amp{path}"
        case "mobile":
            return f"/m{path}"
        case "relative" | "loop":
            return f"/{kind}{path}"
        case "chain" | "away":
            return f"/{kind}/{value}{path}"
    raise ValueError(f"no link style {style!r}")


def _to(location: str, status: int) -> Answer:
    return Answer(status, (("Location", location), ("Content-Type", "text/html")), b"<p>Moved.</p>")


def bomb(size: int) -> Iterator[bytes]:
    """A gzip stream of ``size`` zeros (whole megabytes), piece by piece: a thousandth of that on the wire."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(_MEGABYTE)
    packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(_MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)  # stands on its own, so it can be repeated
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    checksum, megabytes = 0, max(1, size >> 20)
    for _ in range(megabytes):
        checksum = zlib.crc32(_MEGABYTE, checksum)
        yield piece
    yield packer.flush() + checksum.to_bytes(4, "little") + ((megabytes << 20) & 0xFFFFFFFF).to_bytes(4, "little")
