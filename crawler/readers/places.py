"""Where saved files lie: files, folders, zip files, standard input; and the table of readers for what they hold."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from crawler.errors import Unreadable
from crawler.readers import bundle, html, jsonl, text, warc
from crawler.readers.gunzip import MAGIC, gunzip
from crawler.readers.saved import Reader, ReaderOptions, SavedFile
from storage.records import Failed, Page

_READERS: dict[str, Reader] = {  # adding a kind of file: its reader here, its endings below
    "text": text.read,
    "html": html.read,
    "json lines": jsonl.read_lines,
    "json": jsonl.read_values,
    "warc": warc.read,
}
_ENDINGS = {
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".json": "json",
    ".warc": "warc",
    ".zip": "zip",
}
_NO_FILES = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
_STDIN = "stdin"
_HEAD = 64 * 1024
_LOOKS_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*\"|\[\s*\{)")
_LOOKS_HTML = re.compile(
    rb"\s*<(?:!doctype\s+html|!--|\?xml|(?:html|head|body|meta|title|article|div|p)\b)", re.IGNORECASE
)


class Reading:
    """All pages of the given places, in order: an iterator of ``Page | Failed``.

    left_alone: what was passed over because it is no page, by kind (``hidden``, ``other ending`` …), counted so far.
    """

    def __init__(self, places: Sequence[str], options: ReaderOptions, stdin: BinaryIO | None = None) -> None:
        self.left_alone: Counter[str] = Counter()
        self._options = options
        self._stdin = stdin
        self._pages = (page for place in places for page in self._place(place))

    def __iter__(self) -> Iterator[Page | Failed]:
        return self

    def __next__(self) -> Page | Failed:
        return next(self._pages)

    def _place(self, place: str) -> Iterator[Page | Failed]:
        if place == "-":
            stream = _with_head(self._stdin or sys.stdin.buffer)
            yield from self._saved(SavedFile(_STDIN, stream, datetime.now(UTC)), None)
        elif Path(place).is_dir() and _kind_of(place) is None:
            yield from self._folder(Path(place))
        else:
            yield from self._file(Path(place))

    def _folder(self, folder: Path) -> Iterator[Page | Failed]:
        """All files in a folder and the folders in it, in the order of their names."""
        waiting = [folder]
        while waiting:
            path = waiting.pop()
            kind = _kind_of(path.name)
            if path is not folder and path.name.startswith(".") and not (kind and path.is_dir()):
                self.left_alone["hidden"] += 1
            elif path.is_dir() and not kind:
                try:
                    inside = sorted(path.iterdir(), reverse=True)
                except OSError as error:
                    yield Failed(_shown(path), "not-readable", _plain(error))
                else:
                    waiting += [entry for entry in inside if not self._set_aside(entry)]
            elif kind:
                yield from self._file(path)
            else:
                self.left_alone["other ending"] += 1

    def _set_aside(self, path: Path) -> bool:
        """Whether a folder is not walked: a link might lead in circles, and a saved page has its images beside it."""
        if not path.is_dir():
            return False
        page = path.name.removesuffix("_files")
        if path.is_symlink():
            self.left_alone["link to a folder"] += 1
        elif page != path.name and any(path.with_name(page + ending).is_file() for ending in (".html", ".htm")):
            self.left_alone["files of a saved page"] += 1
        else:
            return False
        return True

    def _file(self, path: Path) -> Iterator[Page | Failed]:
        origin = _shown(path)
        try:
            with closing(_open(path)) as stream:
                yield from self._saved(SavedFile(origin, stream, _written_at(stream)), _kind_of(path.name))
        except Unreadable as error:
            yield Failed(origin, error.reason, str(error), hint=error.hint)
        except FileNotFoundError:
            yield Failed(origin, "not-found", "no such file or folder")
        except OSError as error:
            yield Failed(origin, "not-readable", _plain(error))

    def _saved(self, saved: SavedFile, kind: str | None) -> Iterator[Page | Failed]:
        """The pages of an opened file. kind: by its ending; None to tell it by its first bytes."""
        try:
            if saved.stream.peek(1).startswith(MAGIC):
                saved = replace(saved, stream=gunzip(saved.stream, self._options.limits.ratio))
            kind = kind or _kind_by_head(saved.stream.peek(_HEAD))
            if kind == "zip":
                yield from self._zip(saved)
            else:
                yield from _READERS[kind](saved, self._options, self.left_alone)
        except Unreadable as error:
            yield Failed(saved.origin, error.reason, str(error), hint=error.hint)

    def _zip(self, saved: SavedFile) -> Iterator[Page | Failed]:
        if not saved.stream.seekable():
            with closing(_spooled(saved.stream, self._options.limits.bundle_bytes)) as stream:
                yield from self._zip(replace(saved, stream=stream))
            return
        for member in bundle.members(saved, self._options.limits, lambda name: bool(_kind_of(name)), self.left_alone):
            if isinstance(member, Failed):
                yield member
            else:
                yield from self._saved(member, _kind_of(member.origin))


def read_inputs(places: Sequence[str], options: ReaderOptions, stdin: BinaryIO | None = None) -> Reading:
    """All pages of files, folders, zip files and ``-`` for standard input, as a stream in a fixed order."""
    return Reading(places, options, stdin)


def _kind_of(name: str) -> str | None:
    name = name.lower().removesuffix(".gz")
    return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)


def _kind_by_head(head: bytes) -> str:
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(b"WARC/"):
        return "warc"
    if _LOOKS_JSON.match(head):
        return "json"
    return "html" if _LOOKS_HTML.match(head) else "text"


def _open(path: Path) -> io.BufferedReader:
    """A regular file, opened for reading. Unreadable for what would block or is no file; OSError as the system says."""
    if path.is_symlink() and not path.exists():
        raise Unreadable("not-found", f"a link to {path.readlink()}, which does not exist")
    _regular(path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # it may have become a pipe meanwhile
    stream: io.BufferedReader = io.BufferedReader(io.FileIO(descriptor), _HEAD)
    try:
        _regular(os.fstat(descriptor))
    except Unreadable:
        stream.close()
        raise
    return stream


def _written_at(stream: io.BufferedReader) -> datetime:
    try:
        return datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
    except (ValueError, OverflowError):  # a file system can hold years that nothing else can
        return datetime.now(UTC)


def _shown(path: Path) -> str:
    """The path as text that can be stored and printed; a name need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _NO_FILES.get(stat.S_IFMT(status.st_mode), "a device")
        raise Unreadable("not-a-file", f"{kind}, not a file")


class _Rewound(io.RawIOBase):
    """A stream whose first bytes were already read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader passes a memoryview
        data = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _with_head(stream: BinaryIO) -> io.BufferedReader:
    """The stream, with enough of it at hand to tell its kind: a pipe may give its first bytes one by one."""
    return io.BufferedReader(_Rewound(stream.read(_HEAD), stream), buffer_size=_HEAD)


def _spooled(stream: BinaryIO, limit: int) -> io.BufferedReader:
    """A copy on disk, without a name, of a stream that must be read from its end."""
    copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller closes it
    while chunk := stream.read(_HEAD):
        copy.write(chunk)
        if copy.tell() > limit:
            copy.close()
            raise Unreadable("too-large", f"more than {limit:,} bytes for one zip file")
    copy.seek(0)
    return io.BufferedReader(copy)


def _plain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
