"""Content codings of HTTP: the body that a server sent packed, unpacked within a limit."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

from fastwarc.stream_io import BrotliReader, ZstdReader

from crawler.errors import Unreadable
from crawler.readers.gunzip import MAGIC, gunzip
from crawler.readers.saved import ReaderLimits
from pipelines.decoding import binary_kind

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def uncoded(body: bytes, codings: str, limits: ReaderLimits) -> bytes:
    """The body without its content codings, given as ``Content-Encoding`` names them, such as ``gzip, br``.

    Archives often keep the header but store the body unpacked; such a body is returned as it is.
    Unreadable: ``cut``, ``damaged`` or ``bomb``; ``too-large`` past the limit of a page; ``coding`` for an unknown one.
    """
    for coding in reversed([name.strip().lower() for name in codings.split(",")]):
        if coding in {"", "identity", "none"}:
            continue
        if coding not in _UNPACK:
            raise Unreadable("coding", f"unknown content coding {coding[:40]!r}")
        body = _UNPACK[coding](body, limits)
        if len(body) > limits.page_bytes:
            raise Unreadable("too-large", f"unpacks to more than {limits.page_bytes:,} bytes for one page")
    return body


def _gzip(body: bytes, limits: ReaderLimits) -> bytes:
    if not body.startswith(MAGIC):
        return _as_it_is(body, "gzip")
    return gunzip(io.BytesIO(body), limits.ratio).read(limits.page_bytes + 1)


def _deflate(body: bytes, limits: ReaderLimits) -> bytes:
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):  # the standard says zlib, many servers send raw deflate
        unpacker = zlib.decompressobj(wbits)
        try:
            data = unpacker.decompress(body, limits.page_bytes + 1)
        except zlib.error:
            continue
        if not unpacker.eof and len(data) <= limits.page_bytes:
            raise Unreadable("cut", f"the deflate data ends early, after {len(data):,} unpacked bytes")
        return data
    return _as_it_is(body, "deflate")


def _brotli(body: bytes, limits: ReaderLimits) -> bytes:
    try:
        return BrotliReader(io.BytesIO(body)).read(limits.page_bytes + 1)
    except OSError:  # brotli has no mark by which to know it
        return _as_it_is(body, "brotli")


def _zstd(body: bytes, limits: ReaderLimits) -> bytes:
    if not body.startswith(_ZSTD_MAGIC):
        return _as_it_is(body, "Zstandard")
    try:
        return ZstdReader(io.BytesIO(body)).read(limits.page_bytes + 1)
    except OSError as error:
        raise Unreadable("damaged", f"not sound Zstandard data: {error}") from error


def _as_it_is(body: bytes, coding: str) -> bytes:
    if not body.lstrip().startswith(b"<") or binary_kind(body):
        raise Unreadable("damaged", f"not sound {coding} data")
    return body


_UNPACK: dict[str, Callable[[bytes, ReaderLimits], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
