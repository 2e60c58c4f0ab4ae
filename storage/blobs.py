"""Blobs: kept bytes under the sha256 of what they are, and the log of captures beside them.

    sha256/ab/cd/abcd….gz                     gzip of one body, never changed once written; zcat reads it for ever
    captures/2026-11-20/<stamp>-<id>.jsonl    one line of JSON for each page that was kept that day; of a writer one
                                              after the other, some 32 MB each

Where they lie is a ``Shelf``: a folder or a bucket.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from storage.captures import Capture
from storage.captures_log import Entry, in_order, is_whole, merged
from storage.errors import Damaged, NotFound
from storage.raw_fields import SHA256

_HELD_BYTES = 32 << 20  # bodies held back for a flush; beyond, they are written early, so that memory stays flat
_JOINED = "-joined.jsonl"  # a log that several were joined in
_LEVEL = 6  # of gzip: level 9 takes twice the time for 1 % less

_log = logging.getLogger(__name__)


class Shelf(Protocol):
    """Where blobs and logs lie. Names are relative, with ``/``. Every method may raise ArchiveUnavailable."""

    def keep(self, names: Iterable[str], packed: Callable[[str], bytes]) -> None:
        """Make every name durable; ``packed`` gives its bytes, and may be called from several threads.

        Each is kept whole or not at all, and what is there under a name already stays. If it raises, some may be kept.
        """

    def append(self, at: datetime, lines: bytes) -> None:
        """Add whole lines to this writer's log of the day ``at``, durable when this returns."""

    def read(self, name: str) -> bytes:
        """What is kept as ``name``. Raises NotFound."""

    def replace(self, name: str, data: bytes) -> None:
        """Put ``data`` in place of what is kept as ``name``: durable when this returns, whole or not at all."""

    def remove(self, name: str) -> bool:
        """Remove what is kept as ``name``, for good when this returns; whether it was there."""

    def has(self, name: str) -> bool:
        """Whether something is kept as ``name``."""

    def size(self, name: str) -> int:
        """How many bytes are kept as ``name``. Raises NotFound."""

    def names(self, folder: str) -> Iterator[str]:
        """All names under ``folder``, sorted."""

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a log with their line breaks; the last may lack it."""


class Blobs:
    """Kept bytes and the captures log. For one thread; several processes may share one place.

    ``put`` and ``log`` may hold back what they are given until ``flush``; ``discard`` drops what is held back.
    Blobs that nothing names are harmless; a name without its blob never comes about, because blobs are durable before
    the log, and the log before the row. Every method may raise ArchiveUnavailable.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._bodies: dict[str, bytes] = {}
        self._held = 0
        self._entries: list[Entry] = []

    def put(self, body: bytes) -> str:
        """Keep a body; its name is the sha256 (hex) of the bytes as they are."""
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 not in self._bodies:
            self._bodies[sha256] = body
            self._held += len(body)
            if self._held > _HELD_BYTES:
                self._keep()
        return sha256

    def log(self, entry: Entry) -> None:
        """Note that a page was kept, or a profile made; its bytes must have been ``put`` before."""
        self._entries.append(entry)

    def flush(self) -> None:
        """Everything put and logged so far is durable when this returns. If it raises, what was held back still is."""
        self._keep()
        if self._entries:
            now = datetime.now(UTC)
            self._shelf.append(now, b"".join(replace(entry, kept_at=now).line() for entry in self._entries))
            self._entries.clear()

    def discard(self) -> None:
        """Drop what is held back: the batch it belongs to was rolled back."""
        self._bodies.clear()
        self._held = 0
        self._entries.clear()

    def get(self, sha256: str) -> bytes:
        """The body of that name. Raises NotFound, or Damaged where the bytes are not what their name says."""
        if sha256 in self._bodies:
            return self._bodies[sha256]
        if not SHA256.fullmatch(sha256):
            raise NotFound(f"blob {sha256[:80]!r}: not a sha256")
        name = _name(sha256)
        packed = self._shelf.read(name)
        try:
            body = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise Damaged(f"blob {name}: cannot be unpacked ({error})") from error
        if hashlib.sha256(body).hexdigest() != sha256:
            raise Damaged(f"blob {name}: its content is not what its name says")
        return body

    def entries(self, damaged: Callable[[str], None] = _log.warning) -> Iterator[Entry]:
        """The whole log, in the order kept. ``damaged`` is told each line that cannot be read, with its place."""
        yield from in_order(self._shelf.names("captures"), self._shelf.lines, damaged)

    def captures(self, damaged: Callable[[str], None] = _log.warning) -> Iterator[Capture]:
        """Every page that was kept, once each time that it came, in the order kept."""
        return (entry for entry in self.entries(damaged) if isinstance(entry, Capture) and not entry.again)

    def logs(self) -> Iterator[str]:
        """The names of all logs, sorted."""
        return (name for name in self._shelf.names("captures") if name.endswith(".jsonl"))

    def lines(self, log: str) -> Iterator[bytes]:
        """The lines of a log, with their line breaks."""
        return self._shelf.lines(log)

    def strike(self, log: str, is_stale: Callable[[bytes], bool]) -> int:
        """Take lines out of a log; how many. The transaction that writes must be held: no other line may be added."""
        lines = list(self._shelf.lines(log))
        kept = [line for line in lines if not is_stale(line)]
        if not kept:
            self._shelf.remove(log)
        elif len(kept) < len(lines):
            self._shelf.replace(log, b"".join(kept))
        return len(lines) - len(kept)

    def join(self, logs: Sequence[str]) -> int:
        """Write logs of one day as one; how many there are less. What cannot be read as whole lines is left alone.

        The transaction that writes must be held, and nobody may add to them any more. Where it is broken off, lines
        stand in two logs: the next time makes one of them, and a rebuild takes them for one until then.
        """
        held = self._whole(logs)
        if len(held) < 2:
            return 0
        first = min(held)
        joined = first if first.endswith(_JOINED) else f"{first.rpartition('-')[0]}{_JOINED}"
        self._shelf.replace(joined, b"".join(merged(held)))
        return sum(self._shelf.remove(log) for log in held if log != joined) - (joined not in held)

    def joinable(self, logs: Sequence[str]) -> int:
        """How many logs fewer ``join`` would leave."""
        return max(0, len(self._whole(logs)) - 1)

    def _whole(self, logs: Sequence[str]) -> dict[str, list[bytes]]:
        """The lines of those logs in which none is torn."""
        held = {log: list(self._shelf.lines(log)) for log in logs} if len(logs) > 1 else {}
        return {log: lines for log, lines in held.items() if lines and all(map(is_whole, lines))}

    def log_size(self, log: str) -> int:
        """The bytes of a log. Raises NotFound."""
        return self._shelf.size(log)

    def size(self, sha256: str) -> int:
        """The bytes that a body takes, packed. Raises NotFound."""
        return self._shelf.size(_name(sha256))

    def copy(self, hashes: Sequence[str], target: Blobs) -> None:
        """Keep bodies in another place too, durable when this returns. Raises NotFound."""
        target._shelf.keep(list(map(_name, hashes)), self._shelf.read)

    def copy_log(self, log: str, target: Blobs) -> None:
        """Have another place hold the whole lines of a log; one that has them is not written to."""
        written = self._shelf.read(log)
        whole = written[: written.rfind(b"\n") + 1]
        if not (target._shelf.has(log) and target._shelf.read(log) == whole):
            target._shelf.replace(log, whole)

    def remove(self, sha256: str) -> bool:
        """Remove a body for good; whether it was there. The transaction that writes must be held."""
        return self._shelf.remove(_name(sha256))

    def has(self, sha256: str) -> bool:
        """Whether there is a body of that name, whatever state it is in."""
        return self._shelf.has(_name(sha256))

    def hashes(self) -> Iterator[str]:
        """The name of every blob, sorted."""
        for name in self._shelf.names("sha256"):
            sha256 = name.rpartition("/")[2].removesuffix(".gz")
            if name == _name(sha256):  # anything else is not ours
                yield sha256

    def _keep(self) -> None:
        """Make the bodies held back durable."""
        if not self._bodies:
            return
        bodies = {_name(sha256): body for sha256, body in self._bodies.items()}
        self._shelf.keep(bodies, lambda name: gzip.compress(bodies[name], _LEVEL, mtime=0))
        self._bodies.clear()
        self._held = 0


def open_blobs(place: str) -> Blobs:
    """The blobs of a folder, made when first written to, or of ``s3://bucket/prefix``. Nothing is asked yet."""
    if place.startswith("s3://"):
        from storage.s3 import BucketShelf  # noqa: PLC0415  (boto3 is heavy, and most archives lie in a folder)

        return Blobs(BucketShelf(place))
    from storage.folder import FolderShelf  # noqa: PLC0415  (beside its twin)

    return Blobs(FolderShelf(place))


def full_place(place: str) -> str:
    """A place as it can be named from any folder."""
    return place.rstrip("/") if place.startswith("s3://") else str(Path(place).resolve())


def _name(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}.gz"
