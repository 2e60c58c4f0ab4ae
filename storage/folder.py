"""A shelf in a folder: every file is written aside, synced, renamed into place, and its folder synced."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from uuid import uuid4

from storage.captures_log import LARGEST_LOG, stamp
from storage.errors import ArchiveUnavailable, NotFound

_ABANDONED_SECONDS = 86400  # a file still in tmp/ after a day belongs to a writer that was killed
_FEW = 16  # up to so many files are synced one by one; for more, the whole file system is synced at once


class FolderShelf:
    """Blobs and logs in a folder. ``Shelf`` has the contract."""

    def __init__(self, place: str) -> None:
        self._root = Path(place)
        self._aside = self._root / "tmp"
        self._touched: set[Path] = set()  # folders with new entries that are not synced yet
        self._log: Path | None = None
        self._swept = False

    def keep(self, names: Iterable[str], packed: Callable[[str], bytes]) -> None:
        """Write aside what is not there, sync, rename, sync the folders."""
        written: list[tuple[Path, Path]] = []
        with self._answering():
            self._make(self._aside)
            try:
                for name in names:
                    path = self._root / name
                    folder = path.parent
                    # Synced even where the file is there: another writer may have renamed it, and not be as far.
                    self._touched.update((folder, folder.parent, folder.parent.parent))
                    if not path.exists():
                        written.append((self._aside / uuid4().hex, path))
                        with written[-1][0].open("xb", buffering=0) as file:
                            _write(file, packed(name))
                self._sync([aside for aside, _ in written])
                for aside, path in written:
                    self._make(path.parent)
                    aside.replace(path)
            except BaseException:
                for aside, _ in written:
                    aside.unlink(missing_ok=True)
                raise
            self._sync_touched()
            self._sweep()

    def append(self, at: datetime, lines: bytes) -> None:
        """One file a day for each writer; a new one when it is large, and after a failure, so that no line ever
        follows a torn one."""
        day = self._root / "captures" / f"{at:%Y-%m-%d}"
        if self._log is None or self._log.parent != day:
            self._log = day / f"{stamp(at)}-{uuid4().hex[:8]}.jsonl"
        log, self._log = self._log, None
        with self._answering():
            self._make(day)
            self._touched |= {day, day.parent}
            with log.open("ab", buffering=0) as file:
                length = file.tell()
                try:
                    _write(file, lines)
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(length)  # the caller will log these lines again
                    raise
            self._sync_touched()
        if length + len(lines) < LARGEST_LOG:
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

    def replace(self, name: str, data: bytes) -> None:
        """Write aside, sync, rename, sync the folder."""
        path, aside = self._root / name, self._aside / uuid4().hex
        with self._answering():
            self._make(self._aside)
            self._make(path.parent)
            self._touched.add(path.parent)
            try:
                with aside.open("xb", buffering=0) as file:
                    _write(file, data)
                    os.fsync(file.fileno())
                aside.replace(path)
            finally:
                aside.unlink(missing_ok=True)
            self._sync_touched()

    def remove(self, name: str) -> bool:
        """Unlink, and sync the folder."""
        path = self._root / name
        with self._answering():
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            sync_one(path.parent)
        return True

    def has(self, name: str) -> bool:
        """Ask the folder."""
        with self._answering():
            return (self._root / name).exists()

    def size(self, name: str) -> int:
        """Ask the folder."""
        path = self._root / name
        with self._answering():
            try:
                return path.stat().st_size
            except FileNotFoundError as error:
                raise NotFound(f"{self._root}: no {name}") from error

    def names(self, folder: str) -> Iterator[str]:
        """Walks one folder at a time."""
        path = self._root / folder
        with self._answering():
            entries = sorted(path.iterdir()) if path.is_dir() else []
        for entry in entries:
            if entry.is_dir():
                yield from self.names(f"{folder}/{entry.name}")
            else:
                yield f"{folder}/{entry.name}"

    def lines(self, name: str) -> Iterator[bytes]:
        """Line by line."""
        with self._answering(), (self._root / name).open("rb") as file:
            yield from file

    def _make(self, folder: Path) -> None:
        """Make a folder, where it is missing, and those above it."""
        try:
            folder.mkdir()
        except FileExistsError:
            return
        except FileNotFoundError:
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)  # or another writer has made it meanwhile
        self._touched.add(folder.parent)

    def _sync_touched(self) -> None:
        self._sync(self._touched)
        self._touched.clear()

    def _sync(self, paths: Collection[Path]) -> None:
        """All these files or folders are on the disk when this returns.

        200 new blobs are 200 files in 200 folders. On a disk that others used too, syncing them took 0.3 to 2 s one by
        one, 0.1 to 1 s by threads, and 0.05 s as a whole file system; the price is to wait for what others wrote.
        """
        if len(paths) > _FEW and _can_sync_file_system():
            sync_file_system(self._root)
        else:
            for path in paths:
                sync_one(path)

    def _sweep(self) -> None:
        """Remove, once, what writers that were killed left aside."""
        if self._swept:
            return
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


def sync_file_system(path: Path) -> None:
    """Wait until the file system that holds ``path`` is on the disk: Linux' syncfs, which Python does not offer."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(path, os.O_RDONLY)
    try:
        if libc.syncfs(handle) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(handle)


def _can_sync_file_system() -> bool:
    """Before Linux 5.8 a syncfs did not tell of a failed write."""
    if sys.platform != "linux":
        return False
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 8)


def sync_one(path: Path) -> None:
    """Make a file, or the entries of a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(file: FileIO, data: bytes) -> None:
    """All of ``data``. Unbuffered: a failed write must not be tried again when the file is closed."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
