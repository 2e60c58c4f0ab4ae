"""Bundle: the files in a zip file, read where they lie. Nothing is ever written under the names they claim."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO

from crawler.errors import Unreadable
from crawler.readers.saved import ReaderLimits, SavedFile
from storage.records import Failed

_LINK = 0xA  # the file type of a symbolic link, in the Unix half of a member's attributes
_LOCAL_HEADER = 30  # bytes before a member's name and data
_HARMLESS = 1024 * 1024  # a member no larger than this may be packed as tightly as it likes
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)


def members(
    saved: SavedFile, limits: ReaderLimits, wanted: Callable[[str], bool], left_alone: Counter[str]
) -> Iterator[SavedFile | Failed]:
    """The wanted members of a zip file, one opened at a time; ``Failed`` for those that are unsafe or damaged.

    Unreadable: the file is no sound zip file, its members overlap, or they are more than the limits allow.
    """
    try:
        archive = zipfile.ZipFile(saved.stream)
    except (*_DAMAGE, NotImplementedError, ValueError) as error:
        raise Unreadable("damaged", f"not a sound zip file: {error}") from error
    with archive:
        contents = archive.infolist()
        _check_layout(contents, limits)
        left = limits.bundle_bytes
        for member in contents:
            origin = f"{saved.origin}/{member.filename}"
            if problem := _problem(member, limits.ratio, wanted):
                yield Failed(origin, *problem)
            elif member.is_dir():
                continue
            elif any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(member.filename).parts):
                left_alone["hidden"] += 1
            elif not wanted(member.filename):
                left_alone["other ending"] += 1
            else:
                left -= member.file_size
                if left < 0:
                    raise Unreadable(
                        "too-large", f"unpacks to more than {limits.bundle_bytes:,} bytes; the rest was not read"
                    )
                yield from _opened(archive, member, origin, saved.saved_at)


def _check_layout(contents: list[zipfile.ZipInfo], limits: ReaderLimits) -> None:
    if len(contents) > limits.members:
        raise Unreadable("too-large", f"{len(contents):,} members; at most {limits.members:,} are read")
    end = 0
    for member in sorted(contents, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise Unreadable("bomb", f"its members overlap, at {member.filename!r}")
        end = member.header_offset + _LOCAL_HEADER + member.compress_size


def _problem(member: zipfile.ZipInfo, ratio: int, wanted: Callable[[str], bool]) -> tuple[str, str] | None:
    """Why a member is not opened: reason and detail; None for one that may be."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(member.filename).drive:
        return "unsafe-name", "a name that leads out of the zip file"
    if member.external_attr >> 28 == _LINK:
        return "not-a-file", "a link, not a file"
    if path.suffix.lower() == ".zip":
        return "nested-zip", "a zip file within a zip file"
    if not wanted(member.filename) or member.is_dir():
        return None
    if member.flag_bits & 1:
        return "encrypted", "encrypted: unpack it with its password first"
    if member.file_size > max(_HARMLESS, ratio * member.compress_size):
        return "bomb", f"unpacks to more than {ratio} times its size"
    return None


def _opened(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, origin: str, otherwise_at: datetime
) -> Iterator[SavedFile | Failed]:
    try:
        saved_at = datetime(*member.date_time, tzinfo=UTC)
    except ValueError:
        saved_at = otherwise_at
    try:
        with archive.open(member) as unpacked:
            yield SavedFile(origin, io.BufferedReader(_Member(unpacked)), saved_at)
    except (*_DAMAGE, NotImplementedError) as error:
        yield Failed(origin, "damaged", f"cannot be unpacked: {error}")


class _Member(io.RawIOBase):
    """The bytes of a member; ``Unreadable`` where they end early or their checksum is wrong."""

    def __init__(self, unpacked: IO[bytes]) -> None:
        self._unpacked = unpacked

    def readable(self) -> bool:
        """True: a stream to read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader passes a memoryview
        """Fill the buffer with the next bytes; 0 at the end."""
        try:
            data = self._unpacked.read(len(buffer))
        except _DAMAGE as error:
            raise Unreadable("damaged", f"cannot be unpacked: {error}") from error
        buffer[: len(data)] = data
        return len(data)
