"""Forgetting: an article taken out of the tables with all that quotes it, and the tombstones that keep it away.

What is left of it are hashes, its id in the ledger and in the change log, and the day. The bytes are removed when this
is committed: see ``storage.erasing``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, not_, or_, select, update

from storage import change_log, crawl_schema, generations, ledger, regrouping, schema, tombstones
from storage.anchors import Anchors, series_hash, short
from storage.duplicates import SHORT_WORDS, article_id, key_of
from storage.errors import NotFound
from storage.reader_schema import notice
from storage.reading import full_id
from storage.sketches import decode
from storage.story_schema import sketch, story_event
from storage.tombstones import Forgotten, Key, text_key
from storage.url_key import url_key
from storage.word_index import remove

_AT_ONCE = 400  # keys in one question

_article, _version, _sighting = schema.article.c, schema.version.c, schema.sighting.c
_capture, _address, _fate, _run = schema.capture.c, schema.address.c, schema.fate.c, schema.run.c
_link, _sketch, _event = crawl_schema.link.c, sketch.c, story_event.c


@dataclass(frozen=True, slots=True)
class Takedown:
    """What was forgotten. article_id: None where an address was forgotten that no article was known under.

    versions, captures: how many went. copies: other articles that were copies of it, or of which it was one, or that
    hold one of its texts: they stay. forgotten_at: an earlier time where it had been forgotten before.
    """

    article_id: str | None
    forgotten_at: datetime
    versions: int = 0
    captures: int = 0
    copies: tuple[str, ...] = ()


def named(connection: Connection, what: str) -> str | None:
    """The article of an id, of its first digits or at an address. None: an address that the archive has read or was
    to read, and that no article is known under. Raises NotFound."""
    address = url_key(what)
    if address is None:
        return full_id(connection, what)
    key = key_of(address)
    held = connection.execute(select(_address.article_id, _address.kind).where(_address.key == key)).one_or_none()
    if held is not None and held.kind != "shared":
        return str(held.article_id)
    for there in (_capture.url_key == key, _fate.url_key == key, _link.key == key_of("article", address)):
        if connection.execute(select(there.left).where(there).limit(1)).first():
            return None
    raise NotFound(f"{what[:200]}: nothing was ever read there", "copydesk search finds articles; give an id")


def others_like(connection: Connection, id_: str) -> tuple[str, ...]:
    """The other articles of its story, and those that hold one of its texts."""
    own = select(_version.content_hash).where(_version.article_id == id_)
    story_id = select(_article.story_id).where(_article.id == id_).scalar_subquery()
    of_story = select(_article.id).where(_article.story_id == story_id)
    same = select(_version.article_id).where(_version.content_hash.in_(own), _version.words >= SHORT_WORDS)
    return tuple(sorted({*connection.scalars(of_story), *connection.scalars(same)} - {id_}))


def forget(connection: Connection, id_: str, run: int, at: datetime) -> tuple[Forgotten, Takedown]:
    """Take an article out. run: under which the ledger says so."""
    copies = others_like(connection, id_)
    addresses = connection.execute(
        select(_address.key, _address.identity, _address.kind).where(
            _address.article_id == id_, _address.kind != "shared"
        )
    ).all()
    keys = [row.key for row in addresses]
    shown, unread = _shown(connection, id_), _unread(connection, keys)
    versions, texts = _texts(connection, id_)
    _leave_stories(connection, id_)
    _leave_indexes(connection, id_)
    connection.execute(delete(schema.sighting).where(_sighting.article_id == id_))
    connection.execute(delete(schema.article).where(_article.id == id_))  # what refers to it goes with it
    connection.execute(delete(notice).where(notice.c.article_id == id_))
    drop_captures(connection, [*shown, *unread])
    _leave_ledger(connection, id_, keys, [row.identity for row in addresses], at)
    own = next((row.key for row in addresses if row.kind == "own"), None)
    ledger.note_forgotten(connection, run, id_, own, at)
    change_log.enter(connection, {id_: "forgotten"}, {id_: None})
    hashes = {sha256: 0 for sha256, _ in unread.values()} | dict(shown.values())
    gone: tuple[Key, ...] = (
        ("article", id_),
        *(("address", key) for key in keys),
        *(("content", key) for key in texts),
        *_bytes(connection, hashes),
    )
    tombstones.put(connection, forgotten := Forgotten(id_, at, gone))
    return forgotten, Takedown(id_, at, versions, len(shown) + len(unread), copies)


def forget_address(connection: Connection, url: str, run: int, at: datetime) -> tuple[Forgotten, Takedown]:
    """Take out what was read at an address that no article is known under, and let nothing come from there."""
    identity = str(url_key(url))
    key = key_of(identity)
    unread = _unread(connection, [key])
    drop_captures(connection, list(unread))
    _leave_ledger(connection, None, [key], [identity], at)
    ledger.note_forgotten(connection, run, None, key, at)
    erased: list[Key] = [("erased", sha256) for sha256 in sorted({sha256 for sha256, _ in unread.values()})]
    forgotten = Forgotten(article_id(identity), at, (("address", key), *erased))
    tombstones.put(connection, forgotten)
    return forgotten, Takedown(None, at, 0, len(unread))


def drop_captures(connection: Connection, keys: Sequence[str]) -> None:
    """Take out what is known of kept pages that no article shows any more."""
    for some in _chunks(keys):
        connection.execute(delete(schema.capture).where(_capture.key.in_(some)))


def _shown(connection: Connection, id_: str) -> dict[str, tuple[str, int]]:
    """The kept pages that showed the article: sha256 and words of what they showed, by their keys."""
    columns = _capture.key, _capture.sha256, _version.words
    seen = and_(_version.article_id == _sighting.article_id, _version.number == _sighting.number)
    sighted = (
        select(*columns)
        .join_from(schema.capture, schema.sighting, _sighting.capture_key == _capture.key)
        .join(schema.version, seen)
        .where(_sighting.article_id == id_)
    )
    made = (
        select(*columns)
        .join_from(schema.capture, schema.version, _version.capture_key == _capture.key)
        .where(_version.article_id == id_)
    )
    return {row.key: (row.sha256, row.words) for asked in (sighted, made) for row in connection.execute(asked)}


def _unread(connection: Connection, addresses: Sequence[str]) -> dict[str, tuple[str, int]]:
    """The kept pages of addresses that no article shows, such as those that were rejected."""
    is_shown = or_(
        exists().where(_sighting.capture_key == _capture.key), exists().where(_version.capture_key == _capture.key)
    )
    return {
        row.key: (row.sha256, 0)
        for some in _chunks(addresses)
        for row in connection.execute(
            select(_capture.key, _capture.sha256).where(_capture.url_key.in_(some), not_(is_shown))
        )
    }


def _texts(connection: Connection, id_: str) -> tuple[int, list[str]]:
    """How many versions it has; the keys of their texts that no other article holds."""
    other = schema.version.alias("other").c
    is_same = and_(
        other.article_id != id_,
        other.content_hash == _version.content_hash,
        or_(_version.words >= SHORT_WORDS, other.title_hash == _version.title_hash),
    )
    rows = connection.execute(
        select(
            _version.content_hash, _version.title_hash, _version.words, exists().where(is_same).label("is_shared")
        ).where(_version.article_id == id_)
    ).all()
    return len(rows), sorted({text_key(*row[:3]) for row in rows if not row.is_shared})


def _bytes(connection: Connection, words: dict[str, int]) -> Iterator[Key]:
    """The keys of bytes: such as showed a text long enough to be told by them alone, and are nobody else's, may not
    come again."""
    for some in _chunks(sorted(words)):
        needed = set(connection.scalars(select(_capture.sha256).where(_capture.sha256.in_(some))))
        for sha256 in some:
            yield ("bytes" if words[sha256] >= SHORT_WORDS and sha256 not in needed else "erased"), sha256


def _leave_stories(connection: Connection, id_: str) -> None:
    """Have the others of its story do without it, in both generations, and what people ruled of it be about those."""
    standing, coming = generations.standing(connection), generations.coming(connection)
    heir = regrouping.leave(connection, standing.number if standing else 0, id_)
    if coming is not None:
        regrouping.leave(connection, coming.number, id_, is_next=True)
    of_it = or_(_event.article_id == id_, _event.other_id == id_)
    of_itself = and_(_event.article_id == id_, _event.kind != "merge")
    connection.execute(delete(story_event).where(of_itself if heir else of_it))
    if heir:
        for column in (_event.article_id, _event.other_id):
            connection.execute(update(story_event).where(column == id_).values({column.name: heir}))
        connection.execute(delete(story_event).where(_event.article_id == _event.other_id))


def _leave_indexes(connection: Connection, id_: str) -> None:
    """Take out what it is found by: its words, and its hashes in every generation."""
    seq, source = connection.execute(
        select(_article.seq, _version.source)
        .join_from(schema.article, schema.version, schema.current)
        .where(_article.id == id_)
    ).one()
    remove(connection, seq)
    sources = {source, *connection.scalars(select(_version.source).where(_version.article_id == id_))}
    for number, body in connection.execute(select(_sketch.generation, _sketch.body).where(_sketch.article == seq)):
        known = decode(body)
        hashes = {short(anchor) for anchor in known.anchors}
        if known.title_pattern:
            hashes |= {series_hash(each, known.title_pattern) for each in sources if each}
        Anchors(connection, number).drop((hash_, seq) for hash_ in hashes)


def _leave_ledger(
    connection: Connection, id_: str | None, keys: Sequence[str], identities: Sequence[str], at: datetime
) -> None:
    """What was noted of it keeps its number, its outcome and the hash of its address; the links that led to it go."""
    why = f"forgotten on {at:%Y-%m-%d}"
    its = _fate.article_id.is_(None) if id_ is None else or_(_fate.article_id.is_(None), _fate.article_id == id_)
    whose: list[ColumnElement[bool]] = [and_(_fate.url_key.in_(some), its) for some in _chunks(keys)]
    links: list[ColumnElement[bool]] = [
        _link.key.in_([key_of("article", identity) for identity in some]) for some in _chunks(identities)
    ]
    if id_ is not None:
        whose.append(_fate.article_id == id_)
        links.append(_link.article_id == id_)
    for those in links:
        waiting = select(_link.run_id).where(those, _link.state != "done")
        rows = [{"run_id": run, "at": at, "outcome": "rejected", "why": why} for run in connection.scalars(waiting)]
        if rows:  # the run has counted them
            connection.execute(insert(schema.fate), rows)
        connection.execute(delete(crawl_schema.link).where(those))
    for which in whose:
        runs = select(_fate.run_id).where(which).scalar_subquery()
        spelt = _run.source.is_(None), _run.kind == "crawl", _run.id.in_(runs)
        connection.execute(update(schema.run).where(*spelt).values(detail=None))  # it spells the address
        connection.execute(update(schema.fate).where(which).values(why=why, url=None, origin=None))


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(keys)
    while some := list(islice(waiting, _AT_ONCE)):
        yield some
