"""Erasing: what must be gone from beside the tables when something was forgotten: lines of the log, bytes, old pages.

It is done after the tombstones are committed, lines before bytes; where it was broken off, the next time finishes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select

from storage import profile_schema, schema
from storage.blobs import Blobs
from storage.captures import Capture
from storage.captures_log import read_entry
from storage.database import Database
from storage.reader_schema import tombstone
from storage.tombstones import capture_keys
from storage.tray import capture_key
from storage.withdrawals import Withdrawal
from storage.word_index import merge

_SHA256 = re.compile(rb"[0-9a-f]{64}")
_ARTICLE = re.compile(rb'"article": "([0-9a-f]{16})"')

_tombstone, _capture, _version = tombstone.c, schema.capture.c, schema.version.c
_profile = profile_schema.profile.c


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: lines of the log, and bodies of pages."""

    lines: int = 0
    bodies: int = 0


class Stale:
    """Which lines of the log, and which bodies, are of something that was forgotten and of nothing that is kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        rows = connection.execute(select(_tombstone.key, _tombstone.kind).where(_tombstone.kind != "content")).all()
        self._articles = {row.key for row in rows if row.kind == "article"}
        self._bodies = {row.key for row in rows if row.kind in ("bytes", "erased")}
        self._places = self._bodies | {row.key for row in rows if row.kind == "address"}

    def __bool__(self) -> bool:
        return bool(self._places or self._articles)

    def has_line(self, line: bytes) -> bool:
        """Whether a line is to go. One that cannot be read, such as a torn one, goes with the bytes that it names, or
        with its article."""
        try:
            entry = read_entry(line)
        except ValueError:
            named = {found.decode() for found in _SHA256.findall(line)} & self._bodies
            withdrawn = {found.decode() for found in _ARTICLE.findall(line)} & self._articles
            return bool(withdrawn) or any(not self._is_needed(sha256) for sha256 in named)
        if isinstance(entry, Withdrawal):
            return entry.article_id in self._articles
        if not isinstance(entry, Capture) or self._places.isdisjoint(capture_keys(entry)):
            return False
        asked = select(exists().where(_capture.key == capture_key(entry)))
        return not self._connection.scalar(asked)

    def bodies(self) -> Iterator[str]:
        """The names of bytes that are to be gone, whether they are by now or not."""
        return (sha256 for sha256 in sorted(self._bodies) if not self._is_needed(sha256))

    def _is_needed(self, sha256: str) -> bool:
        needs = (_capture.sha256, _capture.profile, _version.profile, _profile.sha256)
        return any(self._connection.scalar(select(exists().where(column == sha256))) for column in needs)


def erase(
    database: Database,
    blobs: Blobs,
    writing: Callable[[], AbstractContextManager[Connection]],
    advance: Callable[[int], None],
) -> Erased:
    """Erase what is stale; advance: told of logs done. Writers wait while a log is written again, or bodies removed."""
    lines = bodies = 0
    with database.reading() as connection:
        if not (stale := Stale(connection)):
            return Erased()
        logs = []
        for log in blobs.logs():
            if any(map(stale.has_line, blobs.lines(log))):
                logs.append(log)
            advance(1)
    for log in logs:
        with writing() as connection:
            lines += blobs.strike(log, Stale(connection).has_line)
    with writing() as connection:
        for sha256 in Stale(connection).bodies():
            bodies += blobs.remove(sha256)
    _scrub(database)
    return Erased(lines, bodies)


def _scrub(database: Database) -> None:
    """Have SQLite's index hold no words of what is not to be found, and its log nothing that is in the file."""
    if database.file is None:
        return
    is_first, is_left = True, True
    while is_left:
        with database.scrubbing() as connection:
            is_left = merge(connection, first=is_first)
        is_first = False
    database.checkpoint()
