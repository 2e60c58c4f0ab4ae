"""Reader of WARC files: HTTP responses and saved resources, each record a page.

The records are told apart here, because parsers stop at a cut or damaged one without a word; fastwarc reads each.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from fastwarc.warc import WarcRecord

from crawler.errors import Unreadable
from crawler.readers.codings import uncoded
from crawler.readers.saved import ReaderLimits, ReaderOptions, SavedFile
from pipelines.decoding import binary_kind
from storage.records import Failed, Page

_CHUNK = 64 * 1024
_HEAD_BYTES = 64 * 1024
_MAGIC = b"WARC/"
_BLANK = (b"\r\n", b"\n")
_FIELD = re.compile(rb"(?m)^([\w-]+):(.*)$")
_WITH_PAGES = ("response", "resource")
_WITHOUT_PAGES = ("warcinfo", "request", "metadata", "revisit", "conversion", "continuation")
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain")
_DIGESTS = ("md5:", "sha1:", "sha256:", "sha512:")  # those that fastwarc can check
_CHUNKED = re.compile(rb"[0-9a-fA-F]+[ \t]*[;\r\n]")


@dataclass(frozen=True, slots=True)
class _Frame:
    """One record as it stands in the file: where, the fields of its header in lower case, header and content."""

    origin: str
    fields: dict[str, str]
    head: bytes
    content: bytes


def read(saved: SavedFile, options: ReaderOptions, left_alone: Counter[str]) -> Iterator[Page | Failed]:
    """A page for each response and resource that holds text; other records are counted, damaged ones are ``Failed``.

    Unreadable: ``cut`` where the file ends within a record, after all records that came whole.
    """
    if not saved.stream.peek(1):
        raise Unreadable("empty", "the file holds no records")
    for frame in _frames(saved, options.limits, left_alone):
        if isinstance(frame, Failed):
            yield frame
            continue
        url = frame.fields.get("warc-target-uri", "").strip("<>")
        try:
            yield from _page(frame, url, saved, options, left_alone)
        except Unreadable as error:
            yield Failed(frame.origin, error.reason, str(error), url=url or None)


def _frames(saved: SavedFile, limits: ReaderLimits, left_alone: Counter[str]) -> Iterator[_Frame | Failed]:
    """The records that may hold a page. A damaged one is ``Failed``, and reading goes on where the next begins."""
    stream, number = saved.stream, 0
    line = _next_line(stream)
    while line:
        number += 1
        origin = f"{saved.origin}#{number}"
        if not line.startswith(_MAGIC):
            if _MAGIC.startswith(line):
                raise _cut(number)
            yield Failed(origin, "damaged", "no record begins where one should; passed over to the next")
            line = _next_record(stream)
            continue
        head = _head(stream, line, number)
        fields = {name.decode().lower(): value.decode(errors="replace").strip() for name, value in _FIELD.findall(head)}
        length, kind = fields.get("content-length", ""), fields.get("warc-type", "")
        if not re.fullmatch("[0-9]{1,18}", length):
            yield Failed(origin, "damaged", "its header gives no length; passed over to the next record")
            line = _next_record(stream)
            continue
        frame = None
        if kind not in _WITH_PAGES:
            left_alone[f"WARC {kind}" if kind in _WITHOUT_PAGES else "WARC record of unknown type"] += 1
            _pass_over(stream, int(length), number)
        elif int(length) > limits.page_bytes:
            _pass_over(stream, int(length), number)
            yield Failed(origin, "too-large", f"a record of more than {limits.page_bytes:,} bytes")
        else:
            frame = _Frame(origin, fields, head, _content(stream, int(length), number))
        line = stream.readline(_CHUNK)
        if line in _BLANK:
            line = stream.readline(_CHUNK)
        elif line.strip():
            yield Failed(origin, "damaged", "longer or shorter than its header says; passed over to the next record")
            line = line if line.startswith(_MAGIC) else _next_record(stream)
            continue
        if frame:
            yield frame
        if line not in _BLANK and not line.strip():
            raise _cut(number)
        line = _next_line(stream) if line in _BLANK else line


def _next_line(stream: io.BufferedReader) -> bytes:
    line = stream.readline(_CHUNK)
    while line in _BLANK:
        line = stream.readline(_CHUNK)
    return line


def _next_record(stream: io.BufferedReader) -> bytes:
    line = stream.readline(_CHUNK)
    while line and not line.startswith(_MAGIC):
        line = stream.readline(_CHUNK)
    return line


def _head(stream: io.BufferedReader, line: bytes, number: int) -> bytes:
    head = line
    while line not in _BLANK:
        line = stream.readline(_CHUNK)
        head += line
        if not line:
            raise _cut(number)
        if len(head) > _HEAD_BYTES:
            raise Unreadable("damaged", f"the header of record {number} does not end; the rest was not read")
    return head


def _content(stream: io.BufferedReader, length: int, number: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise _cut(number)
    return content


def _pass_over(stream: io.BufferedReader, length: int, number: int) -> None:
    while length:
        length -= len(_content(stream, min(length, _CHUNK), number))


def _cut(number: int) -> Unreadable:
    return Unreadable("cut", f"the file ends early, within record {number}")


def _page(
    frame: _Frame, url: str, saved: SavedFile, options: ReaderOptions, left_alone: Counter[str]
) -> Iterator[Page]:
    """The page in a record, unless it is counted as something else."""
    if "warc-truncated" in frame.fields or "warc-segment-number" in frame.fields:
        raise Unreadable("cut", "only a part of the page was archived")
    try:
        record = _parsed(frame, "none")
    except (OSError, ValueError) as error:
        raise Unreadable("damaged", f"not a sound HTTP response: {str(error)[:100]}") from error
    _check_digests(frame, record)
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type, codings, body = frame.fields.get("content-type", ""), "", frame.content
    if record.is_http:
        http = record.http_headers
        status, headers = http.status_code, http.to_tuples()
        if status is None:
            raise Unreadable("damaged", "no HTTP response in the record")
        if not 200 <= status < 300:
            left_alone[f"HTTP status {status}"] += 1
            return
        content_type, codings = http.get("Content-Type") or "", http.get("Content-Encoding") or ""
        body = _transferred(frame, record, http.get("Transfer-Encoding") or "")
    if content_type.lower().split(";")[0].strip() not in _PAGE_TYPES:
        left_alone["other content type"] += 1
        return
    body = uncoded(body, codings, options.limits)
    if not body.strip():
        raise Unreadable("empty", "the response has no body")
    if kind := binary_kind(body):
        raise Unreadable("not-text", f"{kind}, not {content_type}")
    yield Page(
        url=url if url.startswith(("http://", "https://")) else None,
        body=body,
        content_type=content_type,
        fetched_at=_date(frame.fields.get("warc-date", "")) or saved.saved_at,
        source=options.source,
        status=status,
        headers=headers,
        origin=frame.origin,
    )


def _parsed(frame: _Frame, decoding: Literal["none", "transfer"]) -> WarcRecord:
    record = WarcRecord.from_bytes(frame.head + frame.content)
    record.parse_http(decoding, max_header_len=_HEAD_BYTES)
    return record


def _check_digests(frame: _Frame, record: WarcRecord) -> None:
    if frame.fields.get("warc-block-digest", "").startswith(_DIGESTS):
        sound = WarcRecord.from_bytes(frame.head + frame.content).verify_block_digest()
    elif frame.fields.get("warc-payload-digest", "").startswith(_DIGESTS):
        chunked = record.is_http and "Transfer-Encoding" in record.http_headers
        sound = chunked or record.verify_payload_digest()  # writers disagree on whether it covers the chunks
    else:
        return
    if not sound:
        raise Unreadable("damaged", "its bytes are not those of its digest")


def _transferred(frame: _Frame, record: WarcRecord, coding: str) -> bytes:
    """The body as the server meant to send it; many archives keep the header but store the body without chunks."""
    body = record.reader.read()
    if "chunked" not in coding.lower() or not _CHUNKED.match(body):
        return body
    try:
        return _parsed(frame, "transfer").reader.read()
    except OSError as error:
        raise Unreadable("cut", f"its chunks end early or are damaged: {str(error)[:100]}") from error


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
