"""Damages: all that an archive keeps, held against all it says of that, and what to do where the two differ.

Rows against rows, texts against their hashes, the search index and the change log against the articles, the captures
log against the captures, bytes against their names, and tombstones against all of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    and_,
    case,
    column,
    exists,
    func,
    not_,
    or_,
    select,
    table,
    union,
)

from storage import profile_schema, schema
from storage.blobs import Blobs
from storage.captures import Capture
from storage.captures_log import read_entry
from storage.database import Database
from storage.erasing import Stale
from storage.errors import Damaged, NotFound
from storage.facets import are_of
from storage.reader_schema import change, tombstone
from storage.sketches import decode
from storage.story_schema import sketch
from storage.tombstones import text_key
from storage.tray import capture_key

_AT_ONCE = 500  # rows in memory
_MOST_NAMED = 100  # captures that the log lacks

_RESTORE = "restore a backup, or make the archive again: copydesk rebuild"
_REBUILD = "make the archive again: copydesk rebuild"
_RELINK = "copydesk relink --again"
_BYTES = "ingest or crawl the page again, or restore the file from a backup"
_FORGET = "copydesk forget {}"

_centre = schema.article.alias("centre").c
_article, _version, _sighting, _capture = schema.article.c, schema.version.c, schema.sighting.c, schema.capture.c
_change, _tombstone, _sketch, _address = change.c, tombstone.c, sketch.c, schema.address.c


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was kept. subject: a blob's sha256, an article's id, a log, or the database. remedy:
    a command or step to try."""

    subject: str
    detail: str
    remedy: str = _RESTORE


@dataclass(frozen=True, slots=True)
class NormalForm:
    """How texts are told from one another: the version of the normal form, and the hash of a text in it."""

    version: int
    key: Callable[[str], str]


class Verification:
    """One look at everything. For one thread. normal_form: None where hashes are not to be computed again. quick:
    bodies are not read. Every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, blobs: Blobs, normal_form: NormalForm | None, *, quick: bool) -> None:
        self._database = database
        self._blobs = blobs
        self._normal_form = normal_form
        self._quick = quick

    def total(self) -> int:
        """How many things are looked at: versions, captures, and bodies."""
        counted = [schema.version, schema.capture, *([] if self._quick else [_named()])]
        with self._database.reading() as connection:
            return sum(connection.scalar(select(func.count()).select_from(each)) or 0 for each in counted)

    def damages(self, advance: Callable[[int], None]) -> Iterator[Damage]:
        """What is damaged. What is forgotten meanwhile may be told as damage; nothing else that others commit is."""
        with self._database.reading() as connection:
            yield from _of_database(connection)
            yield from _of_articles(connection)
            yield from _of_stories(connection)
            yield from _of_index(connection)
            yield from _of_changes(connection)
            yield from _of_sketches(connection)
            yield from _of_tombstones(connection, self._blobs)
            yield from self._of_texts(connection, advance)
            yield from self._of_log(connection, advance)
            if not self._quick:
                yield from self._of_bodies(connection, advance)

    def _of_texts(self, connection: Connection, advance: Callable[[int], None]) -> Iterator[Damage]:
        """Each text against its hashes, and against what was forgotten."""
        gone = set(connection.scalars(select(_tombstone.key).where(_tombstone.kind == "content")))
        columns = (
            _version.article_id, _version.number, _version.title, _version.content_hash, _version.title_hash,
            _version.norm_version, _version.words,
        )  # fmt: skip
        form = self._normal_form
        asked = select(*columns, *([_version.text] if form else [])).order_by(_version.article_id, _version.number)
        for row in connection.execution_options(yield_per=_AT_ONCE).execute(asked):
            subject = f"{row.article_id} version {row.number}"
            if form and row.norm_version == form.version:
                for what, text, kept in (
                    ("text", row.text, row.content_hash), ("title", row.title, row.title_hash)
                ):  # fmt: skip
                    if form.key(text) != kept:
                        yield Damage(row.article_id, f"the {what} of version {row.number} is not what its hash says",
                                     f"{_RESTORE}; where the text is right: {_RELINK}")  # fmt: skip
            if gone and text_key(row.content_hash, row.title_hash, row.words) in gone:
                yield Damage(row.article_id, f"{subject} is a text that was forgotten", _FORGET.format(row.article_id))
            advance(1)

    def _of_log(self, connection: Connection, advance: Callable[[int], None]) -> Iterator[Damage]:
        """The log against the captures, both ways as far as something is to be there or to be gone."""
        stale, logged = Stale(connection), array("Q")
        for log in self._blobs.logs():
            number = 0
            for line in self._blobs.lines(log):
                if stale and stale.has_line(line):
                    yield Damage(log, "a line of it is of something that was forgotten", _finish(connection))
                try:
                    entry = read_entry(line)
                except ValueError:
                    continue  # such as the torn last line of a writer that was killed: nothing rests on it
                if isinstance(entry, Capture) and not entry.again:
                    logged.append(_short(capture_key(entry)))
                    number += 1
            advance(number)
        known = np.unique(np.frombuffer(logged, np.uint64)) if logged else np.empty(0, np.uint64)
        lacking = 0
        keys = connection.execution_options(yield_per=_AT_ONCE).scalars(select(_capture.key))
        for some in keys.partitions():
            shorts = np.array([_short(key) for key in some], np.uint64)
            for at in np.flatnonzero(~np.isin(shorts, known)):
                lacking += 1
                if lacking <= _MOST_NAMED:
                    yield Damage(some[int(at)], "the captures log has no line of this capture",
                                 "restore captures/ from a backup: copydesk rebuild would lose the page")  # fmt: skip
        if lacking > _MOST_NAMED:
            yield Damage("captures", f"the log lacks {lacking:,} captures in all", "restore it from a backup")

    def _of_bodies(self, connection: Connection, advance: Callable[[int], None]) -> Iterator[Damage]:
        """Every body against its name."""
        named = _named()
        for sha256 in connection.execution_options(yield_per=_AT_ONCE).scalars(
            select(named.c.sha256).order_by(named.c.sha256)
        ):
            try:
                self._blobs.get(sha256)
            except (Damaged, NotFound) as error:
                yield Damage(sha256, str(error), _BYTES)
            advance(1)


def _named() -> Subquery:
    """Every body that a row needs."""
    return union(
        select(_capture.sha256),
        select(_capture.profile).where(_capture.profile.is_not(None)),
        select(_version.profile).where(_version.profile.is_not(None)),
        select(profile_schema.profile.c.sha256),
    ).subquery()


def _of_database(connection: Connection) -> Iterator[Damage]:
    if connection.dialect.name == "sqlite":
        for pragma, what in (("integrity_check", "{0}"), ("foreign_key_check", "row {1} of {0} refers to none in {2}")):
            for row in connection.exec_driver_sql(f"PRAGMA {pragma}"):
                if row[0] != "ok":
                    yield Damage("database", what.format(*row))


def _of_articles(connection: Connection) -> Iterator[Damage]:
    current = and_(_version.article_id == _article.id, _version.number == _article.current)
    dated = func.coalesce(_version.published_at, _version.fetched_at) == _article.dated_at
    has_current = exists().where(current)
    lacking = {
        "has no current version": (has_current, _RESTORE),
        "has no sighting": (exists().where(_sighting.article_id == _article.id), _REBUILD),
        "is not dated as its current version is": (or_(not_(has_current), exists().where(current, dated)), _REBUILD),
    }
    yield from _lacking(connection, lacking)


def _of_stories(connection: Connection) -> Iterator[Damage]:
    around = exists().where(
        _centre.id == _article.copy_of, _centre.story_id == _article.story_id, _centre.copy_of.is_(None)
    )
    star = "is a copy of none that its story stands around"
    yield from _lacking(connection, {star: (or_(_article.copy_of.is_(None), around), _RELINK)})
    centres = func.sum(case((_article.copy_of.is_(None), 1), else_=0))
    asked = select(_article.story_id, centres.label("centres")).group_by(_article.story_id).having(centres > 1)
    for row in connection.execute(asked):
        yield Damage(row.story_id, f"the story has {row.centres} articles in its centre", _RELINK)


def _of_index(connection: Connection) -> Iterator[Damage]:
    indexed = table("article_words", column("rowid" if connection.dialect.name == "sqlite" else "seq"))
    (seq,) = indexed.c
    yield from _lacking(connection, {"has no search entry": (_article.seq.in_(select(seq)), _REBUILD)})
    for number in connection.scalars(select(seq).where(seq.not_in(select(_article.seq)))):
        yield Damage("search index", f"entry {number} is of no article", _REBUILD)
    if connection.dialect.name == "sqlite":
        counted = exists().where(are_of(schema.article))
        yield from _lacking(connection, {"is not counted as what it is": (counted, _REBUILD)})


def _of_changes(connection: Connection) -> Iterator[Damage]:
    later = change.alias("later").c
    last = not_(exists().where(later.article_id == _change.article_id, later.seq > _change.seq))
    remedy = f"{_REBUILD}; mirrors begin again from --since 0"
    agrees = exists().where(
        _change.article_id == _article.id, _change.number == _article.current, _change.kind != "forgotten", last
    )
    yield from _lacking(connection, {"is not as the change log has it last": (agrees, remedy)})
    is_there = exists().where(_article.id == _change.article_id)
    asked = select(_change.article_id).where(last, _change.kind != "forgotten", not_(is_there))
    for article_id in connection.scalars(asked.order_by(_change.seq)):
        yield Damage(article_id, "the change log has an article that is not there", remedy)


def _of_sketches(connection: Connection) -> Iterator[Damage]:
    asked = (
        select(_article.id, _sketch.number, _sketch.body, _version.number.label("kept"))
        .join_from(sketch, schema.article, _article.seq == _sketch.article)
        .join(schema.version, and_(_version.article_id == _article.id, _version.number == _sketch.number), isouter=True)
        .order_by(_article.seq)
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(asked):
        if row.kept is None:
            yield Damage(row.id, f"a sketch is of version {row.number}, which is not there", _RELINK)
        try:
            decode(row.body)
        except Damaged as error:
            yield Damage(row.id, f"the {error}", _RELINK)


def _of_tombstones(connection: Connection, blobs: Blobs) -> Iterator[Damage]:
    held: dict[str, tuple[str, ColumnElement[bool]]] = {
        "article": ("the article was forgotten and is there", exists().where(_article.id == _tombstone.key)),
        "address": ("its address was forgotten and is known", exists().where(_address.key == _tombstone.key)),
        "bytes": ("a page of it is there", exists().where(_capture.sha256 == _tombstone.key)),
    }
    for kind, (what, is_there) in held.items():
        asked = select(_tombstone.article_id).where(_tombstone.kind == kind, is_there)
        for article_id in connection.scalars(asked):
            yield Damage(article_id, f"forgotten, yet not gone: {what}", _FORGET.format(article_id))
    for sha256 in Stale(connection).bodies():
        if blobs.has(sha256):
            yield Damage(
                sha256, "these bytes are of something that was forgotten, and still there", _finish(connection)
            )


def _finish(connection: Connection) -> str:
    """How to finish what was broken off: any article that was forgotten will do."""
    return _FORGET.format(connection.scalar(select(_tombstone.article_id).limit(1)))


def _lacking(connection: Connection, conditions: dict[str, tuple[ColumnElement[bool], str]]) -> Iterator[Damage]:
    for what, (is_well, remedy) in conditions.items():
        for article_id in connection.scalars(select(_article.id).where(not_(is_well)).order_by(_article.seq)):
            yield Damage(article_id, f"the article {what}", remedy)


def _short(key: str) -> int:
    """The first 64 bits of a key: two captures with the same ones would hide one another, and there are none."""
    return int(key[:16], 16)
