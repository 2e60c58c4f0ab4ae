"""Regrouping: what a ruling moves between stories, and how it is taken back. Every move is noted in its event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cmp_to_key
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, select

from storage import change_log, schema
from storage.copies import Copies, Resident, is_earlier
from storage.errors import NotFound, Unruly
from storage.likeness import liken
from storage.placement import Move, enter, put
from storage.rulings import Ruling
from storage.story_schema import regrouped, story_event

_article, _event, _regrouped = schema.article.c, story_event.c, regrouped.c


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """What moved articles between stories. kind: a ``Ruling``'s, or ``recentred``: an earlier article became a centre.

    article_id, other_id: whom it was about. undoes: the event that it took back. undone_by: the one that did so to it.
    """

    id: str
    at: datetime
    kind: str
    article_id: str
    other_id: str | None
    undoes: str | None
    undone_by: str | None
    moved: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class _Member:
    """An article of a story, as the tables have it."""

    article_id: str
    story_id: str
    copy_of: str | None
    dated_at: datetime


def apply(connection: Connection, ruling: Ruling, generation: int) -> str:
    """Carry out a ruling; the id of its event. Raises Unruly where it would change nothing, and NotFound."""
    copies = Copies(connection, generation)
    match ruling.kind:
        case "split":
            return _split(connection, copies, str(ruling.article), ruling.at)
        case "merge":
            return _merge(connection, str(ruling.article), str(ruling.other), ruling.at)
        case "undo":
            return _undo(connection, copies, str(ruling.event), ruling.at)


def events(connection: Connection, article_id: str | None = None, limit: int | None = None) -> tuple[StoryEvent, ...]:
    """The latest events, newest first. article_id: only those that moved it, to it or from it."""
    undone = {
        row.undoes: row.id
        for row in connection.execute(select(_event.undoes, _event.id).where(_event.undoes.is_not(None)))
    }
    asked = select(
        _event.id, _event.at, _event.kind, _event.article_id, _event.other_id, _event.undoes, _event.moved
    ).order_by(_event.seq.desc())
    if article_id is not None:
        asked = asked.where(cast(_event.moved, Text).like(f'%"{article_id}"%'))
    return tuple(
        StoryEvent(
            row.id, row.at, row.kind, row.article_id, row.other_id, row.undoes, undone.get(row.id),
            tuple(Move(*move) for move in row.moved),
        )
        for row in connection.execute(asked.limit(limit))
    )  # fmt: skip


def _split(connection: Connection, copies: Copies, article_id: str, at: datetime) -> str:
    member = _member(connection, article_id)
    others = [each for each in _members(connection, member.story_id) if each.article_id != article_id]
    if not others:
        raise Unruly(f"{article_id} is alone in its story", f"copydesk stories show {article_id}")
    centre, rest = _without(copies, member, others)
    places = {article_id: (article_id, None)} | rest
    return _move(connection, copies, "split", article_id, centre, [member, *others], places, at)


def leave(connection: Connection, generation: int, article_id: str, *, is_next: bool = False) -> str | None:
    """Have the others of its story do without an article that is about to be forgotten; the centre of what is left.

    is_next: of the generation that is being made.
    """
    copies = Copies(connection, generation, is_next=is_next)
    member = _member(connection, article_id, is_next=is_next)
    members = _members(connection, member.story_id, is_next=is_next)
    others = [each for each in members if each.article_id != article_id]
    if not others:
        return None
    centre, places = _without(copies, member, others)
    were = {each.article_id: (each.story_id, each.copy_of) for each in others}
    moved = {id_: place for id_, place in places.items() if were[id_] != place}
    put(connection, moved, is_next=is_next)
    for id_, (_, copy_of) in moved.items():
        if copy_of is None:
            copies.stand_alone(id_)
    if not is_next:
        change_log.enter_moved(connection, moved)
    return centre


def _without(
    copies: Copies, member: _Member, others: Sequence[_Member]
) -> tuple[str, dict[str, tuple[str, str | None]]]:
    """The centre of a story that an article leaves, and where those go that cannot stay as they are."""
    places: dict[str, tuple[str, str | None]] = {}
    if member.copy_of is None:
        centre = min(others, key=cmp_to_key(_in_order)).article_id
        places = _around(copies, centre, others)
    else:
        centre = member.copy_of
    gone = {member.article_id, *(id_ for id_, (story_id, _) in places.items() if story_id == id_ != centre)}
    if member.story_id in gone:  # the story was named after one that leaves
        for each in others:
            if each.article_id not in gone:
                places[each.article_id] = centre, places.get(each.article_id, ("", each.copy_of))[1]
    return centre, places


def _around(copies: Copies, centre: str, others: Iterable[_Member]) -> dict[str, tuple[str, str | None]]:
    """Where the copies go whose centre has left: those that are copies of the new one too stay with it."""
    middle = copies.resident(centre)
    places: dict[str, tuple[str, str | None]] = {}
    for each in others:
        resident = copies.resident(each.article_id)
        if each.article_id == centre:
            places[centre] = each.story_id, None
        elif middle and resident and _is_copy(resident, middle):
            places[each.article_id] = each.story_id, centre
        else:
            places[each.article_id] = each.article_id, None
    return places


def _is_copy(one: Resident, other: Resident) -> bool:
    number, text = max(one.texts.items())
    found = liken((one.article_id, number, text), other.article_id, other.texts)
    return found is not None and found.is_copy


def _merge(connection: Connection, article_id: str, other_id: str, at: datetime) -> str:
    here, there = _member(connection, article_id), _member(connection, other_id)
    if here.story_id == there.story_id:
        raise Unruly(f"{article_id} and {other_id} are of one story", f"copydesk stories show {article_id}")
    centre = here.copy_of or here.article_id
    coming = _members(connection, there.story_id)
    places: dict[str, tuple[str, str | None]] = {each.article_id: (here.story_id, centre) for each in coming}
    return _move(connection, None, "merge", centre, there.copy_of or other_id, coming, places, at)


def _undo(connection: Connection, copies: Copies, event_id: str, at: datetime) -> str:
    found = [event for event in events(connection) if event.id == event_id]
    if not found:
        raise NotFound(f"no event {event_id}", "copydesk stories events lists them")
    event = found[0]
    if event.kind == "undo" or event.undone_by:
        why = "it takes back another" if event.kind == "undo" else f"taken back by {event.undone_by}"
        raise Unruly(f"the event {event_id} cannot be undone: {why}", "rule again: copydesk stories split, or merge")
    try:
        were = {move.article_id: _member(connection, move.article_id) for move in event.moved}
    except NotFound as error:
        raise Unruly(f"the event {event_id} cannot be undone: an article that it moved was forgotten") from error
    for move in event.moved:
        now = were[move.article_id]
        if (now.story_id, now.copy_of) != (move.story_id, move.copy_of):
            raise _has_moved(move.article_id, event_id)
    places = {move.article_id: (move.story_before, move.copy_before) for move in event.moved}
    for story_id, copy_of in places.values():
        if copy_of is not None and copy_of not in places:
            there = connection.execute(_asked().where(_article.id == copy_of)).one_or_none()
            if there is None or (there.story_id, there.copy_of) != (story_id, None):
                raise _has_moved(copy_of, event_id)
    members = list(were.values())
    for follower in _followers(connection, members):  # what has come since goes with what it is a copy of
        story_id, copy_of = places[str(follower.copy_of)]
        members.append(follower)
        places[follower.article_id] = story_id, copy_of or follower.copy_of
    return _move(connection, copies, "undo", event.article_id, event.other_id, members, places, at, event_id)


def _has_moved(article_id: str, event_id: str) -> Unruly:
    return Unruly(
        f"{article_id} has moved since the event {event_id}",
        f"copydesk stories events {article_id}, and undo what came later first",
    )


def _move(
    connection: Connection, copies: Copies | None, kind: str, article_id: str, other_id: str | None,
    members: Sequence[_Member], places: dict[str, tuple[str, str | None]], at: datetime, undoes: str | None = None,
) -> str:  # fmt: skip
    moved = [
        Move(each.article_id, each.story_id, each.copy_of, *places[each.article_id])
        for each in members
        if places.get(each.article_id, (each.story_id, each.copy_of)) != (each.story_id, each.copy_of)
    ]
    put(connection, {move.article_id: (move.story_id, move.copy_of) for move in moved})
    change_log.enter_moved(connection, [move.article_id for move in moved])
    if copies is not None:
        for move in moved:
            if move.copy_of is None:
                copies.stand_alone(move.article_id)
    return enter(connection, kind, article_id, other_id, moved, at, undoes)


def _member(connection: Connection, article_id: str, *, is_next: bool = False) -> _Member:
    row = connection.execute(_asked(is_next=is_next).where(_article.id == article_id)).one_or_none()
    if row is None:
        raise NotFound(f"no article {article_id}", "copydesk search finds ids")
    return _Member(*row)


def _members(connection: Connection, story_id: str, *, is_next: bool = False) -> list[_Member]:
    asked = _asked(is_next=is_next)
    of = asked.selected_columns.story_id
    return [_Member(*row) for row in connection.execute(asked.where(of == story_id).order_by(_article.seq))]


def _followers(connection: Connection, members: Sequence[_Member]) -> list[_Member]:
    ids = [each.article_id for each in members]
    stories = {each.story_id for each in members}
    of_them = _article.story_id.in_(stories), _article.copy_of.in_(ids), _article.id.not_in(ids)
    rows = connection.execute(_asked().where(*of_them).order_by(_article.seq))
    return [_Member(*row) for row in rows]


def _asked(*, is_next: bool = False) -> Select[Any]:
    if not is_next:
        return select(_article.id, _article.story_id, _article.copy_of, _article.dated_at)
    story_id = func.coalesce(_regrouped.story_id, _article.id).label("story_id")
    return select(_article.id, story_id, _regrouped.copy_of, _article.dated_at).join(
        regrouped, _regrouped.article_id == _article.id, isouter=True
    )


def _in_order(one: _Member, other: _Member) -> int:
    return -1 if is_earlier(one.dated_at, other.dated_at) else 1 if is_earlier(other.dated_at, one.dated_at) else 0
