"""Relinking: all articles likened again, by a newer rule, beside the links that stand until it is done.

The next generation is made in the order in which the articles came, some hundred in a transaction; a run that is killed
goes on where it stood. What comes in meanwhile is decided by the generation that stands, and gets its turn. In the end
one transaction puts the new links in place of the old ones, and carries out again what people have ruled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from storage import change_log, generations, regrouping, schema
from storage.copies import Copies
from storage.database import Database
from storage.errors import Unruly
from storage.generations import Generation
from storage.placement import Newcomer, put
from storage.records import Sketch
from storage.rulings import Ruling
from storage.story_schema import anchor, generation, likeness, regrouped, sketch, story_event

_CLEARED_AT_ONCE = 50_000  # rows of an old generation

_article, _version, _sketch, _event = schema.article.c, schema.version.c, sketch.c, story_event.c
_generation, _regrouped = generation.c, regrouped.c
_REKEY = (
    update(schema.version)
    .where(_version.article_id == bindparam("of"), _version.number == bindparam("at"))
    .values(content_hash=bindparam("content"), title_hash=bindparam("titled"), norm_version=bindparam("norm"))
)


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version, as far as keys and sketches are made of it."""

    number: int
    title: str
    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Unlinked:
    """An article that the next generation has not decided on. versions: all of them; ``current`` stands for it."""

    seq: int
    article_id: str
    current: int
    source: str | None
    dated_at: datetime
    versions: tuple[VersionText, ...]


@dataclass(frozen=True, slots=True)
class Sketched:
    """An article with what was made of its versions. sketches: of the first and the current one, by number. keys:
    content and title hash of each version, by number."""

    article: Unlinked
    sketches: dict[int, Sketch]
    keys: dict[int, tuple[str, str]]


class Relinking:
    """Makes the next generation of an archive's links. Every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._database = database
        self._writing = writing

    def standing(self) -> Generation | None:
        """The generation that stands."""
        with self._database.reading() as connection:
            return generations.standing(connection)

    def is_under_way(self) -> bool:
        """Whether a next generation was begun and has not taken over."""
        with self._database.reading() as connection:
            return generations.coming(connection) is not None

    def begin(self, rule: int, sketch: int, norm: int) -> Generation:
        """The next generation: one that was begun by the same versions goes on, another one is dropped."""
        with self._database.reading() as connection:
            standing, coming = generations.standing(connection), generations.coming(connection)
        if coming and coming.made_by == (rule, sketch, norm):
            return coming
        if coming:
            with self._writing() as connection:
                connection.execute(delete(regrouped))
                connection.execute(delete(generation).where(_generation.number == coming.number))
        self.clear()
        number = standing.number + 1 if standing else 0
        with self._writing() as connection:
            generations.begin(connection, number, rule, sketch, norm)
        with self._database.reading() as connection:
            begun = generations.coming(connection)
        assert begun is not None  # noqa: S101 - just entered
        return begun

    def left(self, coming: Generation, limit: int) -> tuple[Unlinked, ...]:
        """The next articles that it has to decide on, in the order of their coming."""
        with self._database.reading() as connection:
            now = _now(connection, coming)
            return tuple(_unlinked(connection, _is_new(now), limit)) or tuple(
                _unlinked(connection, _is_other_by_now(now), limit)
            )

    def decide(self, coming: Generation, articles: Sequence[Sketched]) -> int:
        """Decide on articles, and note how far it is; how many are copies."""
        with self._writing() as connection:
            copies = Copies(connection, coming.number, is_next=True)
            now = _now(connection, coming)
            fresh = [each for each in articles if each.article.seq > now.done]
            copies.expect([(each.sketches[each.article.current], each.article.source) for each in fresh])
            found = sum(_settle(copies, each) for each in fresh)
            copies.write()
            for each in articles:
                if each.article.seq <= now.done:  # another version stands for it since
                    copies.renew(_newcomer(each), is_other=True)
            _rekey(connection, coming.norm, articles)
            done = max(each.article.seq for each in articles)
            connection.execute(
                update(generation).where(_generation.number == coming.number).values(done=max(done, now.done))
            )
        return found

    def finish(self, coming: Generation) -> bool:
        """Have it take over; False where articles are left."""
        with self._writing() as connection:
            now = _now(connection, coming)
            for is_left in (_is_new(now), _is_other_by_now(now)):
                if connection.execute(select(_article.seq).where(is_left).limit(1)).first():
                    return False
            _take_over(connection, now)
        self.clear()
        return True

    def clear(self) -> None:
        """Delete what is of no generation any more, some of it in each transaction."""
        with self._database.reading() as connection:
            known = [each.number for each in (generations.standing(connection), generations.coming(connection)) if each]
        signs = {number % 2 for number in known}
        for sign in {0, 1} - signs:
            self._delete(anchor, anchor.c.key < 0 if sign else anchor.c.key >= 0)
        for table in (sketch, likeness):
            self._delete(table, table.c.generation.not_in(known))

    def _delete(self, table: Table, condition: ColumnElement[bool]) -> None:
        keys = list(table.primary_key)
        one = delete(table).where(*(key == bindparam(f"old_{key.name}") for key in keys))
        while True:
            with self._writing() as connection:
                rows = connection.execute(select(*keys).where(condition).limit(_CLEARED_AT_ONCE)).all()
                if rows:
                    names = [f"old_{key.name}" for key in keys]
                    connection.execute(one, [dict(zip(names, row, strict=True)) for row in rows])
            if len(rows) < _CLEARED_AT_ONCE:
                return


def _now(connection: Connection, coming: Generation) -> Generation:
    """The generation as it is by now. Raises Unruly where another run has finished or dropped it."""
    found = generations.coming(connection)
    if found is None or found.number != coming.number or found.made_by != coming.made_by:
        raise Unruly("another run has made these links, or makes others", "copydesk relink")
    return found


def _is_new(coming: Generation) -> ColumnElement[bool]:
    """Whether an article's turn has not come."""
    return _article.seq > coming.done


def _is_other_by_now(coming: Generation) -> ColumnElement[bool]:
    """Whether another version stands for an article since its turn. This looks at every article."""
    likened = exists().where(
        _sketch.article == _article.seq, _sketch.number == _article.current, _sketch.generation == coming.number
    )
    return and_(_article.seq <= coming.done, not_(likened))


def _unlinked(connection: Connection, which: ColumnElement[bool], limit: int) -> Iterator[Unlinked]:
    some = select(_article.seq).where(which).order_by(_article.seq).limit(limit)
    asked = (
        select(
            _article.seq, _article.id, _article.current, _article.dated_at, _version.number, _version.title,
            _version.text, _version.language, _version.source,
        )
        .join_from(schema.article, schema.version, _version.article_id == _article.id)
        .where(_article.seq.in_(connection.scalars(some).all()))
        .order_by(_article.seq, _version.number)
    )  # fmt: skip
    for seq, rows in groupby(connection.execute(asked), key=lambda row: row.seq):
        versions = list(rows)
        _, id_, current, dated_at, *_ = versions[0]
        source = next(row.source for row in versions if row.number == current)
        texts = tuple(VersionText(row.number, row.title, row.text, row.language) for row in versions)
        yield Unlinked(seq, id_, current, source, dated_at, texts)


def _newcomer(each: Sketched) -> Newcomer:
    of = each.article
    return Newcomer(of.article_id, of.current, each.sketches[of.current], of.source, of.dated_at)


def _settle(copies: Copies, each: Sketched) -> bool:
    """Decide on one article by the text that stands; by its first text it is found too. Whether it is a copy."""
    new = _newcomer(each)
    placing = copies.place(new, copies.split_from(new.article_id))
    copies.learn(new, placing)
    for number, text in each.sketches.items():
        if number != new.number:
            copies.learn_text(Newcomer(new.article_id, number, text, new.source, new.dated_at))
    return placing.copy_of is not None


def _rekey(connection: Connection, norm: int, articles: Sequence[Sketched]) -> None:
    rows = [
        {"of": each.article.article_id, "at": number, "content": content, "titled": title, "norm": norm}
        for each in articles
        for number, (content, title) in each.keys.items()
    ]
    if not rows:
        return
    standing = (
        select(_article.id, _version.content_hash, _version.norm_version)
        .join_from(schema.article, schema.version, schema.current)
        .where(_article.id.in_({each.article.article_id for each in articles}))
    )
    before = {row.id: (row.content_hash, row.norm_version) for row in connection.execute(standing)}
    connection.execute(_REKEY, rows)
    others: dict[str, int | None] = {
        id_: current
        for each in articles
        for id_, current in [(each.article.article_id, each.article.current)]
        if before[id_] != (each.keys[current][0], norm)
    }
    change_log.enter(connection, dict.fromkeys(others, "version"), others)


def _take_over(connection: Connection, coming: Generation) -> None:
    change_log.enter_all(connection, "grouped", _is_regrouped())
    was_moved = or_(_article.story_id != _article.id, _article.copy_of.is_not(None))
    connection.execute(update(schema.article).where(was_moved).values(story_id=_article.id, copy_of=None))
    rows = connection.execute(select(_regrouped.article_id, _regrouped.story_id, _regrouped.copy_of)).all()
    put(connection, {row[0]: (row[1], row[2]) for row in rows})
    connection.execute(delete(regrouped))
    connection.execute(delete(story_event).where(_event.kind == "recentred"))
    ended = update(generation).where(_generation.number == coming.number).values(ended_at=datetime.now(UTC))
    connection.execute(ended)
    _rule_again(connection, coming.number)


def _is_regrouped() -> ColumnElement[bool]:
    """Whether the next generation has an article elsewhere than the one that stands."""
    there = exists().where(
        _regrouped.article_id == _article.id,
        _regrouped.story_id == _article.story_id,
        func.coalesce(_regrouped.copy_of, "") == func.coalesce(_article.copy_of, ""),
    )
    is_alone = and_(_article.story_id == _article.id, _article.copy_of.is_(None))
    return not_(or_(there, and_(is_alone, not_(exists().where(_regrouped.article_id == _article.id)))))


def _rule_again(connection: Connection, number: int) -> None:
    """Carry out what people have ruled and not taken back. What changes nothing now still holds for what comes."""
    for event in reversed(regrouping.events(connection)):
        if event.kind == "undo" or event.undone_by:
            continue
        row = connection.execute(select(story_event).where(_event.id == event.id)).mappings().one()
        connection.execute(delete(story_event).where(_event.id == event.id))
        ruling = Ruling("split" if event.kind == "split" else "merge", event.at, event.article_id, event.other_id)
        pair = select(_article.story_id).where(_article.id.in_([event.article_id, event.other_id])).distinct()
        if (len(connection.execute(pair).all()) == 1) == (event.kind == "split"):
            regrouping.apply(connection, ruling, number)
        else:
            connection.execute(insert(story_event).values({**row, "moved": []}))
