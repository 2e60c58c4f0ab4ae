"""A shelf in a folder: every file written aside, synced, renamed into place, and its folder synced."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from uuid import uuid4

from storage.captures import stamp
from storage.errors import ArchiveUnavailable, NotFound

_ABANDONED_SECONDS = 86400  # a file still in tmp/ after a day belongs to a writer that was killed


class FolderShelf:
    """Blobs and logs in a folder. ``Shelf`` has the contract."""

    lanes = 4  # measured: fsync in 4 threads takes half the time of one, and 8 or 16 are no faster

    def __init__(self, place: str) -> None:
        self._root = Path(place)
        self._aside = self._root / "tmp"
        self._touched: set[Path] = set()  # folders with new entries that are not synced yet
        self._log: Path | None = None
        self._swept = False

    def has(self, name: str) -> bool:
        """Whether the file is there. Its folders are synced all the same: another writer may be about to."""
        path = self._root / name
        with self._answering():
            there = path.exists()
        if there:
            self._touch(path)
        return there

    def keep(self, name: str, data: bytes) -> None:
        """Write aside, sync, rename."""
        path = self._root / name
        with self._answering():
            if not self._aside.is_dir():
                self._make(self._aside)
            aside = self._aside / uuid4().hex
            try:
                with aside.open("xb", buffering=0) as file:
                    _write(file, data)
                if not path.parent.is_dir():
                    self._make(path.parent)
                aside.replace(path)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
        self._touch(path)

    def settle(self) -> None:
        """Sync each touched folder once. The first sync commits the journal; the others cost little."""
        with self._answering():
            if not self._swept:
                self._sweep()
            for folder in sorted(self._touched):
                _sync(folder)
            self._touched.clear()

    def append(self, at: datetime, lines: bytes) -> None:
        """One file a day for each writer; a new one after a failure, so that no line ever follows a torn one."""
        day = self._root / "captures" / f"{at:%Y-%m-%d}"
        if self._log is None or self._log.parent != day:
            self._log = day / f"{stamp(at)}-{uuid4().hex[:8]}.jsonl"
        log, self._log = self._log, None
        with self._answering():
            if not log.exists():
                self._make(day)
                self._touched |= {day, day.parent}
            with log.open("ab", buffering=0) as file:
                length = file.tell()
                try:
                    _write(file, lines)
                except OSError:
                    file.truncate(length)  # the caller will log these lines again
                    raise
        self.settle()
        self._log = log

    def read(self, name: str) -> bytes:
        """The file's bytes."""
        try:
            with self._answering():
                return (self._root / name).read_bytes()
        except ArchiveUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFound(f"{self._root}: no {name}") from error
            raise

    def names(self, folder: str) -> Iterator[str]:
        """Walks one folder at a time."""
        with self._answering():
            path = self._root / folder
            entries = sorted(os.scandir(path), key=lambda entry: entry.name) if path.is_dir() else []
        for entry in entries:
            if entry.is_dir():
                yield from self.names(f"{folder}/{entry.name}")
            else:
                yield f"{folder}/{entry.name}"

    def lines(self, name: str) -> Iterator[bytes]:
        """Line by line."""
        with self._answering(), (self._root / name).open("rb") as file:
            yield from file

    def _touch(self, path: Path) -> None:
        self._touched.update((path.parent, path.parent.parent, path.parent.parent.parent))

    def _make(self, folder: Path) -> None:
        """Make a folder, and note the folders to be synced because of it."""
        for missing in [folder, *folder.parents]:
            if missing.is_dir():
                break
            self._touched.add(missing.parent)
        folder.mkdir(parents=True, exist_ok=True)

    def _sweep(self) -> None:
        """Remove, once, what writers that were killed left aside."""
        self._swept = True
        if self._aside.is_dir():
            for left in self._aside.iterdir():
                with suppress(FileNotFoundError):  # renamed or swept by another writer
                    if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                        left.unlink()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self._root
            raise ArchiveUnavailable(
                f"kept bytes: {where}: {error.strerror or error}", hint=f"df -h {self._root}"
            ) from error


def _write(file: FileIO, data: bytes) -> None:
    """All of ``data``, synced. Unbuffered: a failed write must not be tried again when the file is closed."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
