"""Reader of JSON Lines, and of files that hold one JSON object or an array of them: one object, one page."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Iterator

from crawler.errors import Unreadable
from crawler.readers.fields import Json, page_of
from crawler.readers.saved import ReaderOptions, SavedFile
from pipelines.decoding import binary_kind
from storage.records import Failed, Page

_CHUNK = 64 * 1024
_BETWEEN = re.compile(r"[\s,]*")


def read_lines(saved: SavedFile, options: ReaderOptions, left_alone: Counter[str]) -> Iterator[Page | Failed]:
    """JSON Lines: each line stands for itself, so that a bad one costs only itself. Empty lines are passed over."""
    _checked_head(saved.stream)
    for number, line in _lines(saved.stream, options.limits.line_bytes):
        origin = f"{saved.origin}:{number}"
        if line is None:
            yield Failed(origin, "too-large", f"a line of more than {options.limits.line_bytes:,} bytes")
            continue
        try:
            if not (text := line.decode("utf-8-sig" if number == 1 else "utf-8").strip()):
                continue
            page = page_of(_JSON.decode(text), saved, origin, options)
        except (Unreadable, ValueError, RecursionError) as error:
            yield _failed(origin, error)
        else:
            yield from _counted(page, left_alone)


def read_values(saved: SavedFile, options: ReaderOptions, left_alone: Counter[str]) -> Iterator[Page | Failed]:
    """A ``.json`` file: one object, an array, or JSON Lines under another name; read value by value."""
    first_line, newline, _ = _checked_head(saved.stream).partition(b"\n")
    if newline and _is_object(first_line):
        yield from read_lines(saved, options, left_alone)
        return
    for number, value in _values(saved.stream, options.limits.line_bytes):
        origin = f"{saved.origin}#{number}"
        try:
            page = page_of(value, saved, origin, options)
        except (Unreadable, RecursionError) as error:
            yield _failed(origin, error)
        else:
            yield from _counted(page, left_alone)


def _checked_head(stream: io.BufferedReader) -> bytes:
    head = stream.peek(_CHUNK)
    if not head.strip():
        raise Unreadable("empty", "the file holds no text")
    if kind := binary_kind(head):
        raise Unreadable("not-text", f"{kind}, not JSON")
    if b"\x00" in head[:4] or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable("charset", "UTF-16, where JSON is UTF-8", hint="iconv -f UTF-16 -t UTF-8")
    return head


def _lines(stream: io.BufferedReader, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; None for one that is longer than the limit, which is passed over without being held."""
    number = 0
    while line := stream.readline(limit + 1):
        number += 1
        too_long = len(line) > limit and not line.endswith(b"\n")
        while too_long and line and not line.endswith(b"\n"):
            line = stream.readline(_CHUNK)
        yield number, None if too_long else line


def _values(stream: io.BufferedReader, limit: int) -> Iterator[tuple[int, Json]]:
    """The values of an array, or those that follow one another, numbered from 1; hardly more than ``limit`` is held."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    text, number, size, in_array = "", 0, _CHUNK, False
    try:
        while chunk := stream.read(size):
            start = not text and not number
            text += decoder.decode(chunk)
            in_array = in_array or (start and text.lstrip().startswith("["))
            position = text.index("[") + 1 if in_array and start else 0
            while (found := _next_value(text, position)) is not None:
                value, position = found
                number += 1
                yield number, value
            text, size = text[position:], _CHUNK if position else 2 * size
            if len(text) > limit:
                raise Unreadable("too-large", f"value {number + 1} is longer than {limit:,} characters, or broken")
        rest = text.strip(" \t\r\n,")
        if in_array and not rest:
            raise Unreadable("cut", "the array does not end")
        if rest != ("]" if in_array else ""):
            _JSON.decode(rest)
    except (ValueError, RecursionError) as error:
        reason, detail = _said(error)
        raise Unreadable(reason, f"after value {number}: {detail}; the rest was not read") from error


def _next_value(text: str, position: int) -> tuple[Json, int] | None:
    """The value at the position and where it ends; None where the text ends first, or is no JSON."""
    try:
        between = _BETWEEN.match(text, position)
        return _JSON.raw_decode(text, between.end() if between else position)
    except json.JSONDecodeError:
        return None


def _refused(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refused)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(_JSON.decode(line.decode("utf-8-sig")), dict)
    except (ValueError, RecursionError):
        return False


def _counted(page: Page | None, left_alone: Counter[str]) -> Iterator[Page]:
    if page is None:
        left_alone["schema.org data without an article"] += 1
    else:
        yield page


def _failed(origin: str, error: Unreadable | ValueError | RecursionError) -> Failed:
    reason, detail = _said(error)
    return Failed(origin, reason, detail, hint=error.hint if isinstance(error, Unreadable) else None)


def _said(error: Unreadable | ValueError | RecursionError) -> tuple[str, str]:
    """The reason and detail of what stopped the reading."""
    match error:
        case Unreadable():
            return error.reason, str(error)
        case json.JSONDecodeError():
            return "bad-json", f"{error.msg} at column {error.colno}"
        case UnicodeDecodeError():
            return "charset", f"not UTF-8 at byte {error.start + 1}"
        case RecursionError():
            return "bad-json", "nested too deeply"
        case _:
            return "bad-json", str(error).split(";")[0]
