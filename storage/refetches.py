"""Refetches: pages that were fetched again and showed what they had shown, between the first and the last that did.

An article's sightings are a row of streaks: the same text under the same title, time and again. The ends of a streak
stay, and with them every change, each address, and when each was seen first and last. What is in between may go: rows
first, with a mark for each; then their lines in the captures log; then bytes that nothing else needs, and the marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import add
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, delete, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import profile_schema, schema
from storage.blobs import Blobs
from storage.captures import Capture
from storage.captures_log import read_entry
from storage.database import Database
from storage.errors import NotFound
from storage.tray import capture_key

_ROWS = 200  # bytes of a capture, its sighting and their entries in indexes, without what they say
_ROUND = 100_000  # captures whose lines are sought in one reading of the log
_ARTICLES, _SIGHTINGS = 500, 4000  # of one step
_AT_ONCE = 500

_sighting, _capture, _version = schema.sighting.c, schema.capture.c, schema.version.c
_pruned = schema.pruned.c
_WEIGHED = (_capture.url, cast(_capture.headers, Text), cast(_capture.claims, Text), _sighting.title)


def seen_again(connection: Connection, after: str) -> Sequence[str]:
    """The next articles that were seen unchanged, by their ids: so many that they have some thousands of sightings."""
    asked = (
        select(_sighting.article_id, func.count().label("number"))
        .where(_sighting.article_id > after, _sighting.outcome == "unchanged")
        .group_by(_sighting.article_id)
        .order_by(_sighting.article_id)
        .limit(_ARTICLES)
    )
    some: list[str] = []
    number = 0
    for row in connection.execute(asked):
        number += row.number
        if some and number > _SIGHTINGS:
            break
        some.append(row.article_id)
    return some


def refetches(connection: Connection, articles: Sequence[str], before: datetime) -> list[Row[Any]]:
    """The sightings of some articles that may go: capture_key, sha256, bytes and others."""
    said = (func.coalesce(func.length(each), 0) for each in _WEIGHED)
    weight = reduce(add, said, literal(_ROWS))
    rows: Sequence[Row[Any]] = connection.execute(
        select(
            _sighting.article_id, _sighting.capture_key, _sighting.number, _sighting.title, _sighting.outcome,
            _capture.fetched_at, _capture.sha256, func.coalesce(_capture.url_key, _capture.sha256).label("place"),
            _capture.asked_url, weight.label("bytes"),
            exists().where(_version.capture_key == _capture.key).label("made_one"),
        )
        .join_from(schema.sighting, schema.capture, _capture.key == _sighting.capture_key)
        .where(_sighting.article_id.in_(articles))
        .order_by(_sighting.article_id, _capture.fetched_at, _capture.key)
    ).all()  # fmt: skip
    return [
        row
        for _, seen in groupby(rows, key=lambda row: row.article_id)
        for row in _within(list(seen))
        if row.outcome == "unchanged" and row.fetched_at < before and not row.made_one and row.asked_url is None
    ]


def _within(seen: list[Row[Any]]) -> Iterator[Row[Any]]:
    """The sightings of an article that are neither the end of a streak nor the first or last at their address."""
    last = {row.place: at for at, row in enumerate(seen)}
    met: set[str] = set()
    for at, row in enumerate(seen):
        shown = row.number, row.title
        if (
            0 < at < len(seen) - 1
            and all(shown == (seen[near].number, seen[near].title) for near in (at - 1, at + 1))
            and row.place in met
            and at < last[row.place]
        ):
            yield row
        met.add(row.place)


def drop(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Take sightings and their captures out, and mark what of them is to be erased beside the tables."""
    if not rows:
        return
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    marks = [{"key": row.capture_key, "sha256": row.sha256} for row in rows]
    connection.execute(insert(schema.pruned).on_conflict_do_nothing(), marks)
    for at in range(0, len(rows), _AT_ONCE):
        keys = [row.capture_key for row in rows[at : at + _AT_ONCE]]
        connection.execute(delete(schema.sighting).where(_sighting.capture_key.in_(keys)))
        connection.execute(delete(schema.capture).where(_capture.key.in_(keys)))


def lonely(connection: Connection, rows: Sequence[Row[Any]], profiles: set[str]) -> set[str]:
    """The bodies that nothing else would need. profiles: see ``profile_hashes``."""
    going = Counter(row.sha256 for row in rows)
    hashes, kept = list(going), set[str]()
    for at in range(0, len(hashes), _AT_ONCE):
        some = hashes[at : at + _AT_ONCE]
        asked = select(_capture.sha256, func.count()).where(_capture.sha256.in_(some)).group_by(_capture.sha256)
        kept.update(sha256 for sha256, number in connection.execute(asked) if number > going[sha256])
    return going.keys() - kept - profiles


def profile_hashes(connection: Connection) -> set[str]:
    """The bytes that are what was known of a site."""
    held = (_capture.profile, _version.profile, profile_schema.profile.c.sha256)
    return {each for column in held for each in connection.scalars(select(column).distinct()) if each}


def is_line_of(line: bytes, keys: set[str]) -> bool:
    """Whether a line of the log is of one of these captures."""
    try:
        entry = read_entry(line)
    except ValueError:
        return False
    return isinstance(entry, Capture) and capture_key(entry) in keys


class Sweep:
    """Erases what the marks tell of: lines, bytes. lines, bodies: how many, and their bytes."""

    def __init__(
        self, database: Database, blobs: Blobs, writing: Callable[[], AbstractContextManager[Connection]]
    ) -> None:
        self.lines = self.line_bytes = self.bodies = self.body_bytes = 0
        self._database = database
        self._blobs = blobs
        self._writing = writing

    def work(self) -> None:
        """Erase all of it; where it is broken off, the next time goes on. Others write between two logs."""
        while True:
            with self._database.reading() as connection:
                marks = connection.execute(select(_pruned.key, _pruned.sha256).order_by(_pruned.key).limit(_ROUND))
                marked = {row.key: row.sha256 for row in marks}
                profiles = profile_hashes(connection) if marked else set()
            if not marked:
                return
            needed = self._strike(marked) | profiles
            keys = list(marked)
            for at in range(0, len(keys), _AT_ONCE):
                self._remove({key: marked[key] for key in keys[at : at + _AT_ONCE]}, needed)

    def _strike(self, marked: dict[str, str]) -> set[str]:
        """Take the lines out of the logs; the bodies that other lines name."""
        keys, hashes = set(marked), set(marked.values())
        stale, needed = [], set[str]()
        for log in self._blobs.logs():
            has_some = False
            for line in self._blobs.lines(log):
                if is_line_of(line, keys):
                    has_some = True
                else:
                    needed.update(_named(line, hashes))
            if has_some:
                stale.append(log)
        for log in stale:
            with self._writing() as connection:
                self.lines += self._blobs.strike(log, lambda line: self._is_stale(connection, line, keys))
        return needed

    def _is_stale(self, connection: Connection, line: bytes, keys: set[str]) -> bool:
        if not is_line_of(line, keys):
            return False
        entry = read_entry(line)
        if not isinstance(entry, Capture) or _is_there(connection, capture_key(entry)):
            return False  # it was kept again meanwhile
        self.line_bytes += len(line)
        return True

    def _remove(self, marked: dict[str, str], needed: set[str]) -> None:
        """Remove bytes, and the marks."""
        with self._writing() as connection:
            kept = select(_capture.sha256).where(_capture.sha256.in_(set(marked.values())))
            staying = set(connection.scalars(kept)) | needed
            for sha256 in sorted(set(marked.values()) - staying):
                try:
                    size = self._blobs.size(sha256)
                except NotFound:
                    continue  # removed before
                self._blobs.remove(sha256)
                self.bodies += 1
                self.body_bytes += size
            connection.execute(delete(schema.pruned).where(_pruned.key.in_(marked)))


def _named(line: bytes, hashes: set[str]) -> set[str]:
    """The bodies that a line names, of some."""
    try:
        entry = read_entry(line)
    except ValueError:
        return set()
    return hashes & {str(getattr(entry, name, "")) for name in ("sha256", "profile")}


def _is_there(connection: Connection, key: str) -> bool:
    return bool(connection.scalar(select(exists().where(_capture.key == key))))
