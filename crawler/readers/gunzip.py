"""Gunzip: the bytes inside a gzip file, as a stream that says where the file is cut, damaged or a bomb."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

from crawler.errors import Unreadable

MAGIC = b"\x1f\x8b"

_CHUNK = 64 * 1024
_HARMLESS = 16 * 1024 * 1024  # so much may come of a tiny file before its ratio counts


class Gunzip(io.RawIOBase):
    """Reads gzip members one after the other. Wrap it in ``io.BufferedReader``.

    Unreadable: ``cut`` where the file ends within a member, ``damaged`` where it is not gzip or a checksum fails,
    ``bomb`` when it swells past ``ratio`` times its packed size.
    """

    def __init__(self, packed: BinaryIO, ratio: int) -> None:
        self._packed = packed
        self._ratio = ratio
        self._member = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self._taken = 0
        self._given = 0

    def readable(self) -> bool:
        """True: a stream to read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader passes a memoryview
        """Fill the buffer with the next bytes; 0 at the end of the last whole member."""
        data = b""
        while not data:
            if not self._waiting:
                self._waiting = self._packed.read(_CHUNK)
                self._taken += len(self._waiting)
                if not self._waiting:
                    if self._member.eof or not self._taken:
                        return 0
                    raise Unreadable("cut", f"the gzip data ends early, after {self._given:,} unpacked bytes")
            if self._member.eof:
                self._waiting = self._waiting.lstrip(b"\x00")  # tapes and block devices pad with zeros
                if not self._waiting:
                    continue
                self._member = zlib.decompressobj(wbits=31)
            data = self._inflate(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _inflate(self, size: int) -> bytes:
        try:
            data = self._member.decompress(self._waiting, size)
        except zlib.error as error:
            raise Unreadable("damaged", f"not sound gzip data after {self._given:,} unpacked bytes: {error}") from error
        self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._given += len(data)
        if self._given > max(_HARMLESS, self._ratio * self._taken):
            raise Unreadable("bomb", f"unpacks to more than {self._ratio} times its size")
        return data


def gunzip(packed: BinaryIO, ratio: int) -> io.BufferedReader:
    """The unpacked bytes of a gzip stream, buffered."""
    return io.BufferedReader(Gunzip(packed, ratio), buffer_size=_CHUNK)
