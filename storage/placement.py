"""Placement: where an article belongs among the stories, and how that is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import change_log, schema
from storage.anchors import Anchors
from storage.duplicates import key_of
from storage.likeness import Likeness
from storage.records import Sketch
from storage.sketches import encode
from storage.story_schema import likeness, regrouped, sketch, story_event

_article = schema.article.c
_MOVE = (
    update(schema.article)
    .where(_article.id == bindparam("moved"))
    .values(story_id=bindparam("story"), copy_of=bindparam("copied"))
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An article whose place is sought. number: the version that is likened. dated_at: as of the table ``article``."""

    article_id: str
    number: int
    sketch: Sketch
    source: str | None
    dated_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """An article that goes from one story to another. The names before may be the same as those after."""

    article_id: str
    story_before: str
    copy_before: str | None
    story_id: str
    copy_of: str | None


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a new article belongs. likenesses: to what it is a copy of first. postings: hashes to be entered.

    moved: others, since it is the centre of their story from now on. also: their likenesses to it.
    """

    story_id: str
    copy_of: str | None = None
    likenesses: tuple[Likeness, ...] = ()
    postings: tuple[int, ...] = ()
    moved: tuple[Move, ...] = ()
    also: tuple[Likeness, ...] = ()


def write(
    connection: Connection, generation: int, learned: Sequence[tuple[Newcomer, Placing]], *, is_next: bool
) -> None:
    """Write what was decided of articles that the tables have. is_next: of the generation that is being made."""
    if not learned:
        return
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    found = [each for _, placing in learned for each in (*placing.likenesses, *placing.also)]
    if not is_next:  # of the next generation every article has a sketch: it says that it was decided on
        learned = [(new, placing) for new, placing in learned if new.sketch.anchors]
    if not learned:
        return
    ids = [new.article_id for new, _ in learned]
    seqs = {
        row.id: row.seq for row in connection.execute(select(_article.id, _article.seq).where(_article.id.in_(ids)))
    }
    connection.execute(
        insert(sketch).on_conflict_do_nothing(),
        [
            {
                "article": seqs[new.article_id],
                "number": new.number,
                "generation": generation,
                "body": encode(new.sketch),
            }
            for new, _ in learned
        ],
    )
    Anchors(connection, generation).add(
        (hash_, seqs[new.article_id]) for new, placing in learned for hash_ in placing.postings
    )
    places = {
        id_: place
        for new, placing in learned
        for id_, place in (
            (new.article_id, (placing.story_id, placing.copy_of)),
            *((move.article_id, (move.story_id, move.copy_of)) for move in placing.moved),
        )
    }
    put(connection, {id_: place for id_, place in places.items() if place != (id_, None)}, is_next=is_next)
    note(connection, generation, found)
    if not is_next:
        change_log.enter_moved(connection, places.keys() - ids)  # of newcomers the log has a change already
        for new, placing in learned:
            if placing.moved:
                enter(connection, "recentred", new.article_id, None, placing.moved, datetime.now(UTC))


def put(connection: Connection, places: dict[str, tuple[str, str | None]], *, is_next: bool = False) -> None:
    """Have articles be of a story, and copies of an article or of none."""
    if not places:
        return
    if not is_next:
        rows = [{"moved": id_, "story": story, "copied": copied} for id_, (story, copied) in places.items()]
        connection.execute(_MOVE, rows)
        return
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    upsert = insert(regrouped)
    changed = {name: upsert.excluded[name] for name in ("story_id", "copy_of")}
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["article_id"], set_=changed),
        [{"article_id": id_, "story_id": story, "copy_of": copied} for id_, (story, copied) in places.items()],
    )


def note(connection: Connection, generation: int, found: Sequence[Likeness]) -> None:
    """Write likenesses, in place of what was noted of the same two articles."""
    if not found:
        return
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    upsert = insert(likeness)
    keys = ["article_id", "other_id", "generation"]
    changed = {column.name: upsert.excluded[column.name] for column in likeness.c if column.name not in keys}
    now = datetime.now(UTC)
    rows = {(each.article_id, each.other_id): asdict(each) for each in found}
    connection.execute(
        upsert.on_conflict_do_update(index_elements=keys, set_=changed),
        [row | {"generation": generation, "decided_at": now} for row in rows.values()],
    )


def enter(
    connection: Connection, kind: str, article_id: str, other_id: str | None, moved: Sequence[Move], at: datetime,
    undoes: str | None = None,
) -> str:  # fmt: skip
    """Enter an event; its id, which is the same whenever the same is decided again."""
    id_ = key_of(kind, article_id, other_id, undoes, at.isoformat() if kind != "recentred" else None)[:12]
    row = {
        "id": id_, "at": at, "kind": kind, "article_id": article_id, "other_id": other_id, "undoes": undoes,
        "moved": [astuple(move) for move in moved],
    }  # fmt: skip
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    connection.execute(insert(story_event).on_conflict_do_nothing(), row)
    return id_
