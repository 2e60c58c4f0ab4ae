"""SavedFile: an opened file on its way to Pages; with the options and limits that every reader keeps to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader
from types import MappingProxyType
from typing import Protocol

from crawler.errors import Unreadable
from pipelines.decoding import binary_kind
from storage.records import Failed, Page


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """How much of an input is read at most; sizes in bytes, after decompression.

    ratio: how many times larger than the packed bytes an unpacked file may be. members, bundle_bytes: of one zip file.
    """

    page_bytes: int = 20 * 1024 * 1024
    line_bytes: int = 10 * 1024 * 1024
    members: int = 100_000
    bundle_bytes: int = 2 * 1024**3
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """What the user says of all inputs. source: name of their outlet. mapping: our field to the input's JSON field."""

    source: str | None = None
    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    limits: ReaderLimits = ReaderLimits()


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file opened for reading. origin: the name that people know it by. saved_at: when it was last written."""

    origin: str
    stream: BufferedReader
    saved_at: datetime


class Reader(Protocol):
    """Turns one kind of saved file into Pages, as a stream.

    What cannot be read is yielded as ``Failed`` and the rest goes on; where the bytes themselves end early,
    ``Unreadable`` is raised after all that came whole.
    What is sound but no page (an image in a WARC file) is counted in ``left_alone`` by its kind.
    """

    def __call__(
        self, saved: SavedFile, options: ReaderOptions, left_alone: Counter[str], /
    ) -> Iterator[Page | Failed]: ...


def whole(saved: SavedFile, limit: int) -> bytes:
    """All bytes of a file that is one page. Unreadable: ``empty``, ``too-large``, or ``not-text``."""
    body = saved.stream.read(limit + 1)
    if len(body) > limit:
        raise Unreadable("too-large", f"more than {limit:,} bytes for one page")
    if not body.strip(b"\x00\t\n\r\f\v \xef\xbb\xbf"):
        raise Unreadable("empty", "the file holds no text")
    if kind := binary_kind(body):
        raise Unreadable("not-text", f"{kind}, not text")
    return body
