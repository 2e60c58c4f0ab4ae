"""WARC 1.1 (ISO 28500): pages as they came, for the tools of web archives. ``copydesk ingest`` reads them again.

A page that was fetched is a request, the response, and a metadata record; what no server sent, a resource and its
metadata: a saved text, or a page as a browser rendered it. Each record is a gzip member of its own. What was sent is
known by address and host alone. Bodies are kept without codings of the transfer, so the headers that name these come as
``X-Archive-Orig-…``. The metadata are JSON: what others claimed of the page, and where it came from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import urlsplit

from storage.captures import claims_fields
from storage.exporting.names import link, urn
from storage.records import RENDERED, Page
from storage.times import rfc3339

ENDING = ".warc.gz"

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for a gzip header
_UNDONE = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_HTTP = "application/http; msgtype"
_FIELDS = "application/warc-fields"
_REASONS = {int(status): status.phrase for status in HTTPStatus}
_BREAKS = str.maketrans("\r\n\0", "   ")


def write(pages: Iterable[Page]) -> Iterator[bytes]:
    """The pieces of a file of these pages; the same pages give the same bytes."""
    about = f"software: copydesk/{version('copydesk')}\r\nformat: WARC File Format 1.1\r\n".encode()
    is_begun = False
    for page in pages:
        if not is_begun:  # of the time of its first page: a file made again is the same
            yield _record("warcinfo", urn("warcinfo"), page, _FIELDS, about)
            is_begun = True
        yield from _records(page)


def _records(page: Page) -> Iterator[bytes]:
    payload = _digest(page.body)
    named = "\0".join((page.url or "", page.source or "", rfc3339(page.fetched_at), payload))
    name, target = urn(f"page\0{named}"), link(page.url)
    address, of_page = ("WARC-Target-URI", target or urn(f"text\0{named}")), ("WARC-Concurrent-To", f"<{name}>")
    if page.status is not None and target is not None and page.rendered is None:
        asked = link(page.asked_url) or target
        yield _record(
            "request", urn(f"request\0{named}"), page, f"{_HTTP}=request", _request(asked),
            ("WARC-Target-URI", asked), of_page,
        )  # fmt: skip
        kind, content_type, block = "response", f"{_HTTP}=response", _response(page)
    else:
        kind, content_type, block = "resource", page.content_type or "text/plain", page.body
    yield _record(kind, name, page, content_type, block, address, ("WARC-Payload-Digest", payload))
    told = {
        "source": page.source,
        "origin": page.origin,
        "cut": page.cut,
        "asked_url": page.asked_url,
        "content_type": page.content_type,
        "claims": claims_fields(page.claims),
        **_rendered(page),
    }
    about = json.dumps(told).encode()
    yield _record("metadata", urn(f"metadata\0{named}"), page, "application/json", about, address, of_page)


def _rendered(page: Page) -> dict[str, object]:
    """Of a rendered page: by what, and the answer that it was made of."""
    if page.rendered is None:
        return {}
    headers = [list(header) for header in page.headers if header[0] != RENDERED]
    return {"rendered": page.rendered, "status": page.status, "headers": headers}


def _record(kind: str, name: str, page: Page, content_type: str, block: bytes, *fields: tuple[str, str]) -> bytes:
    """One record, packed."""
    head = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", f"<{name}>"),
        ("WARC-Date", rfc3339(page.fetched_at)),
        *fields,
        ("Content-Type", content_type),
        ("WARC-Block-Digest", _digest(block)),
        ("Content-Length", str(len(block))),
    ]
    packer = zlib.compressobj(wbits=_GZIP)
    return packer.compress(b"WARC/1.1\r\n" + _lines(head) + block + b"\r\n\r\n") + packer.flush()


def _request(address: str) -> bytes:
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"GET {path} HTTP/1.1\r\n".encode() + _lines([("Host", parts.netloc.rpartition("@")[2])])


def _response(page: Page) -> bytes:
    """What the server answered, as far as it was kept."""
    status = page.status or 0
    reason = _REASONS.get(status, "")
    known = {name.lower() for name, _ in page.headers}
    head = [(f"X-Archive-Orig-{name}" if name.lower() in _UNDONE else name, value) for name, value in page.headers]
    head += [] if "content-type" in known else [("Content-Type", page.content_type)]
    head.append(("Content-Length", str(len(page.body))))
    return f"HTTP/1.1 {status} {reason}\r\n".encode() + _lines(head) + page.body


def _lines(fields: Iterable[tuple[str, str]]) -> bytes:
    """Header fields and the empty line behind them; a value cannot begin another."""
    lines = [f"{name}: {value}".translate(_BREAKS) for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def _digest(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
