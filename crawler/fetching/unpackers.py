"""Unpackers of the content codings: each takes bytes as they come and gives what is in them, in small pieces."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # it ships no types

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

_OUT = 64 * 1024  # bytes taken out at once
_MEMBERS = 1000  # of gzip, frames of zstd: a body of empty ones would cost time and bring nothing
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_WINDOW_LOG = 23  # 8 MiB, the most that RFC 9659 lets the web use
_GZIP_WBITS = 16 + zlib.MAX_WBITS


class Damaged(ValueError):
    """The data is not sound from here on."""


class Unpacker(Protocol):
    """finished: the end of the coding was seen. excess: bytes came after it."""

    excess: bool

    @property
    def finished(self) -> bool: ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack; raises Damaged after the last sound bytes."""


class Plain:
    """No coding at all."""

    finished = True
    excess = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Zlib:
    """gzip of one or more members, or deflate, with its zlib frame or, as many servers send it, without."""

    excess = False

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._unpacker = zlib.decompressobj(wbits)
        self._members = 1

    @property
    def finished(self) -> bool:
        return self._unpacker.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or (len(piece) == _OUT and not self._unpacker.eof):  # there may be more than a full piece
            if self._unpacker.eof and not self._next_member(data):
                return
            before = self._unpacker.copy()
            try:
                piece = self._unpacker.decompress(data, _OUT)
            except zlib.error as error:
                yield from _bytewise(before.decompress, data, zlib.error)
                raise Damaged(str(error)) from error
            if piece:
                yield piece
            data = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail

    def _next_member(self, data: bytes) -> bool:
        if self._wbits != _GZIP_WBITS or not data.startswith(_GZIP[: len(data)]):
            self.excess = True
            return False
        self._members += 1
        if self._members > _MEMBERS:
            raise Damaged(f"more than {_MEMBERS:,} members")
        self._unpacker = zlib.decompressobj(self._wbits)
        return True


class _Brotli:
    def __init__(self) -> None:
        self.finished = False
        self.excess = False
        self._unpacker = brotli.Decompressor()
        self._fed: list[bytes] = []  # the decoder fails on a piece as a whole; then all is fed to another one

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self.finished:
            self.excess = True
            return
        given = 0
        try:
            for piece in self._pieces(data):
                given += len(piece)
                yield piece
        except brotli.error as error:
            yield b"".join(self._up_to_the_break(data))[given:]
            if not self.finished:
                raise Damaged("it cannot be read on") from error
            self.excess = True
        self._fed.append(data)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        while not self.finished:
            piece = self._unpacker.process(data, output_buffer_limit=_OUT)
            self.finished = self._unpacker.is_finished()
            if piece:
                yield piece
            elif self._unpacker.can_accept_more_data():  # it says so also while there is more to take out
                return
            data = b""

    def _up_to_the_break(self, data: bytes) -> Iterator[bytes]:
        self._unpacker = brotli.Decompressor()
        for fed in self._fed:
            for _ in self._pieces(fed):
                pass
        for position in range(len(data)):
            try:
                yield from self._pieces(data[position : position + 1])
            except brotli.error:
                return
            if self.finished:
                return


class _Zstd:
    excess = False

    def __init__(self) -> None:
        self._unpacker = _zstd()
        self._frames = 1

    @property
    def finished(self) -> bool:
        return self._unpacker.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._unpacker.eof and not self._next_frame(data):
                return
            try:
                piece = self._unpacker.decompress(data, max_length=_OUT)
            except ZstdError as error:
                raise Damaged(str(error)) from error
            if piece:
                yield piece
            data = self._unpacker.unused_data if self._unpacker.eof else b""
            if not data and (self._unpacker.eof or self._unpacker.needs_input):
                return

    def _next_frame(self, data: bytes) -> bool:
        if not data.startswith(_ZSTD[: len(data)]):
            self.excess = True
            return False
        self._frames += 1
        if self._frames > _MEMBERS:
            raise Damaged(f"more than {_MEMBERS:,} frames")
        self._unpacker = _zstd()
        return True


def _bytewise(decompress: Callable[[bytes], bytes], data: bytes, broken: type[Exception]) -> Iterator[bytes]:
    """What the data gives before it breaks: a decoder that fails gives nothing of the piece that it fails on."""
    for position in range(len(data)):
        try:
            yield decompress(data[position : position + 1])
        except broken:
            return


def _deflate(opening: bytes) -> _Zlib:
    framed = opening[0] & 0x0F == zlib.DEFLATED and int.from_bytes(opening[:2], "big") % 31 == 0  # RFC 1950, 2.2
    return _Zlib(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)


def _zstd() -> ZstdDecompressor:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _WINDOW_LOG})


UNPACKERS: dict[str, Callable[[bytes], Unpacker]] = {
    "gzip": lambda _: _Zlib(_GZIP_WBITS),
    "x-gzip": lambda _: _Zlib(_GZIP_WBITS),
    "deflate": _deflate,
    "br": lambda _: _Brotli(),
    "zstd": lambda _: _Zstd(),
}
"""What undoes each coding, made for the first bytes of a body."""
