"""Content codings of HTTP, undone while the body comes, so that a bomb is noticed before it unfolds.

A coding that breaks or ends early gives the bytes before that point and a ``problem``; nothing is cut silently.
"""

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

ACCEPTED = "gzip, deflate, br, zstd"

_PIECE = 4096  # bytes fed at once: what is looked at again, byte by byte, where a coding breaks
_OUT = 64 * 1024  # bytes taken out at once
_OPENING = 64  # bytes by which a body that is not coded at all is told: packed ones are never this long all text
_SHORTEST = 4  # bytes by which it can be told: the first of zlib and Zstandard data may be a letter
_MEMBERS = 1000  # of gzip, frames of zstd: a body of empty ones would cost time and bring nothing
_STACKED = 2
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_WINDOW_LOG = 23  # 8 MiB, the most that RFC 9659 lets the web use
_TEXT_CONTROLS = b"\t\n\r\f"


class UnknownCoding(ValueError):
    """A coding that cannot be undone, or too many of them."""


class TooLarge(ValueError):
    """The body is larger than a limit, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a body of more than {limit:,} bytes")


class CodedBody:
    """One body on its way in: ``feed`` what comes and ``end`` it; both give what could be undone.

    problem: why the result is not whole; None when it is. notes: as in ``Fetched``.
    Raises UnknownCoding when made, TooLarge when fed.
    """

    def __init__(self, codings: str, limit: int) -> None:
        names = [name for part in codings.split(",") if (name := part.strip().lower()) not in {"", "identity", "none"}]
        if len(names) > _STACKED:
            raise UnknownCoding(f"{len(names)} content codings on each other")
        for name in names:
            if name not in _UNPACKERS:
                raise UnknownCoding(f"unknown content coding {name[:40]!r}")
        self._stages = [_Stage(name, limit) for name in reversed(names)] or [_Stage("identity", limit)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Undo the next bytes."""
        return self._through(0, data)

    def end(self) -> Iterator[bytes]:
        """Say that no more bytes come."""
        for position, stage in enumerate(self._stages):
            for piece in stage.end():
                yield from self._through(position + 1, piece)

    @property
    def problem(self) -> str | None:
        return next((stage.problem for stage in self._stages if stage.problem), None)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(sorted({note for stage in self._stages for note in stage.notes}))

    def _through(self, position: int, data: bytes) -> Iterator[bytes]:
        if position == len(self._stages):
            yield data
            return
        for piece in self._stages[position].feed(data):
            yield from self._through(position + 1, piece)


class _Damaged(ValueError):
    """The data is not sound from here on."""


class _Unpacker(Protocol):
    """finished: the end of the coding was seen. excess: bytes came after it."""

    excess: bool

    @property
    def finished(self) -> bool: ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack; raises _Damaged after the last sound bytes."""


class _Stage:
    """One coding of the body."""

    def __init__(self, coding: str, limit: int) -> None:
        self.problem: str | None = None
        self.notes: set[str] = set()
        self._coding = coding
        self._limit = limit
        self._room = limit
        self._opening: bytes | None = b""  # None once it is known whether the body is coded
        self._unpacker: _Unpacker = _Plain()

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._opening is not None:
            data = self._opening + data
            self._opening = data
            if len(data) < _OPENING:
                return
            self._begin(data)
        yield from self._unpack(data)

    def end(self) -> Iterator[bytes]:
        if self._opening:
            data = self._opening
            self._begin(data)
            yield from self._unpack(data)
        if self._opening is None and not self._unpacker.finished and not self.problem:
            self.problem = f"the {self._coding} data ends early"

    def _begin(self, opening: bytes) -> None:
        self._opening = None
        if self._coding == "identity":
            return
        if len(opening) >= _SHORTEST and _is_text(opening[:_OPENING]):
            self.notes.add("not-encoded")
        else:
            self._unpacker = _UNPACKERS[self._coding](opening)

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _PIECE):
            if self.problem or self._unpacker.excess:
                return
            try:
                for piece in self._unpacker.feed(data[start : start + _PIECE]):
                    self._room -= len(piece)
                    if self._room < 0:
                        raise TooLarge(self._limit)
                    yield piece
            except _Damaged as error:
                self.problem = f"the {self._coding} data is damaged: {error}"
            if self._unpacker.excess and self._room == self._limit:
                self.problem = f"the {self._coding} data is damaged: it ends before anything came of it"
            elif self._unpacker.excess:
                self.notes.add("trailing-bytes")


class _Plain:
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
        while data:
            if self._unpacker.eof and not self._next_member(data):
                return
            before = self._unpacker.copy()
            try:
                piece = self._unpacker.decompress(data, _OUT)
            except zlib.error as error:
                yield from _bytewise(before.decompress, data, zlib.error)
                raise _Damaged(str(error)) from error
            if piece:
                yield piece
            data = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail

    def _next_member(self, data: bytes) -> bool:
        if self._wbits != _GZIP_WBITS or not data.startswith(_GZIP[: len(data)]):
            self.excess = True
            return False
        self._members += 1
        if self._members > _MEMBERS:
            raise _Damaged(f"more than {_MEMBERS:,} members")
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
        try:
            yield from self._pieces(data)
        except brotli.error as error:
            yield from self._up_to_the_break(data)
            if not self.finished:
                raise _Damaged("it cannot be read on") from error
            self.excess = True
        self._fed.append(data)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        while piece := self._unpacker.process(data, output_buffer_limit=_OUT):
            yield piece
            if self._unpacker.can_accept_more_data():
                break
            data = b""
        self.finished = self._unpacker.is_finished()

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
                raise _Damaged(str(error)) from error
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
            raise _Damaged(f"more than {_MEMBERS:,} frames")
        self._unpacker = _zstd()
        return True


def _bytewise(decompress: Callable[[bytes], bytes], data: bytes, broken: type[Exception]) -> Iterator[bytes]:
    """What the data gives before it breaks: a decoder that fails gives nothing of the piece that it fails on."""
    for position in range(len(data)):
        try:
            yield decompress(data[position : position + 1])
        except broken:
            return


def _is_text(opening: bytes) -> bool:
    if any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in opening):
        return False
    try:
        opening.decode()
    except UnicodeDecodeError as error:
        return error.start > len(opening) - 4 and error.reason == "unexpected end of data"
    return True


_GZIP_WBITS = 16 + zlib.MAX_WBITS


def _deflate(opening: bytes) -> _Zlib:
    framed = opening[0] & 0x0F == zlib.DEFLATED and int.from_bytes(opening[:2], "big") % 31 == 0  # RFC 1950, 2.2
    return _Zlib(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)


def _zstd() -> ZstdDecompressor:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _WINDOW_LOG})


_UNPACKERS: dict[str, Callable[[bytes], _Unpacker]] = {
    "gzip": lambda _: _Zlib(_GZIP_WBITS),
    "x-gzip": lambda _: _Zlib(_GZIP_WBITS),
    "deflate": _deflate,
    "br": lambda _: _Brotli(),
    "zstd": lambda _: _Zstd(),
}
