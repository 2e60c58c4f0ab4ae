"""Spread: who had a story, when, and how much of it; and which stories went widest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from storage import generations, schema
from storage.likeness import Likeness, share
from storage.records import Query
from storage.sketches import decode
from storage.story_schema import likeness, sketch

_article, _version, _capture, _sighting = schema.article.c, schema.version.c, schema.capture.c, schema.sighting.c
_sketch, _likeness = sketch.c, likeness.c


@dataclass(frozen=True, slots=True)
class Member:
    """One article of a story. places: addresses that showed exactly its text. copy_of: None for the centre.

    share: how much of the centre's text stands in it, 0..1; None where that was not measured. likeness: what made it
    a copy; None for the centre, and for one that was put there by hand.
    """

    article_id: str
    title: str
    source: str | None
    url: str | None
    agency: str | None
    published_at: datetime | None
    first_seen_at: datetime
    places: int
    copy_of: str | None
    share: float | None
    likeness: Likeness | None


@dataclass(frozen=True, slots=True)
class Sight:
    """An outlet that had an article of a story: since when, and at how many addresses."""

    article_id: str
    source: str | None
    first_seen_at: datetime
    places: int


@dataclass(frozen=True, slots=True)
class Story:
    """An article with its copies, first seen first. outlets: that had it; places: addresses in all.

    sights: each outlet of each article, those that had the very same text as well, first seen first.
    """

    id: str
    centre: str
    title: str
    language: str | None
    agency: str | None
    first_seen_at: datetime
    outlets: int
    places: int
    members: tuple[Member, ...]
    sights: tuple[Sight, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """How wide a story went in a period: in how many outlets, at how many addresses, as how many articles."""

    story_id: str
    title: str
    source: str | None
    language: str | None
    agency: str | None
    outlets: int
    places: int
    articles: int
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class FirstSights:
    """In how many outlets, and at how many addresses, a story was seen."""

    outlets: int
    places: int


def widest(connection: Connection, query: Query) -> tuple[Spread, ...]:
    """The stories that most outlets had; see ``Stories.widest``."""
    outlets = func.count(func.distinct(func.coalesce(_capture.source, ""))).label("outlets")
    places = func.count().label("places")
    asked = (
        select(
            _article.story_id, outlets, places, func.count(func.distinct(_article.id)).label("articles"),
            func.min(_capture.fetched_at), func.max(_capture.fetched_at),
        )
        .join_from(schema.sighting, schema.article, _article.id == _sighting.article_id)
        .join(schema.capture, _capture.key == _sighting.capture_key)
        .where(_sighting.outcome.in_(schema.FIRST_SIGHTS))
        .group_by(_article.story_id)
        .having(places > 1)
        .order_by(outlets.desc(), places.desc(), _article.story_id)
        .limit(query.limit)
    )  # fmt: skip
    if query.since is not None:
        asked = asked.where(_article.dated_at >= query.since)
    if query.until is not None:
        asked = asked.where(_article.dated_at < query.until)
    if query.source is not None:
        asked = asked.where(_article.story_id.in_(select(_article.story_id).where(_article.source == query.source)))
    if query.language is not None:
        asked = asked.where(_article.language == query.language)
    rows = connection.execute(asked).all()
    heads = _heads(connection, [row.story_id for row in rows])
    return tuple(Spread(row[0], *heads[row[0]], *row[1:]) for row in rows)


def _heads(connection: Connection, stories: Sequence[str]) -> dict[str, tuple[str, str | None, str | None, str | None]]:
    """Title, source, language and agency of the article in the centre of each."""
    asked = (
        select(_article.story_id, _version.title, _version.source, _version.language, _version.agency)
        .join_from(schema.article, schema.version, schema.current)
        .where(_article.story_id.in_(stories), _article.copy_of.is_(None))
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in connection.execute(asked)}


def first_sights(connection: Connection, stories: Sequence[str]) -> dict[str, FirstSights]:
    """How wide each of these stories went; those that are not there are left out."""
    asked = (
        select(_article.story_id, func.count(func.distinct(func.coalesce(_capture.source, ""))), func.count())
        .join_from(schema.sighting, schema.article, _article.id == _sighting.article_id)
        .join(schema.capture, _capture.key == _sighting.capture_key)
        .where(_article.story_id.in_(stories), _sighting.outcome.in_(schema.FIRST_SIGHTS))
        .group_by(_article.story_id)
    )
    return {row[0]: FirstSights(row[1], row[2]) for row in connection.execute(asked)}


def together(connection: Connection, article_id: str) -> list[str]:
    """The articles of the story of an article."""
    story = select(_article.story_id).where(_article.id == article_id).scalar_subquery()
    return list(connection.scalars(select(_article.id).where(_article.story_id == story)))


def story(connection: Connection, article_id: str) -> Story:
    """The story of an article."""
    ids = together(connection, article_id)
    asked = (
        select(
            _article.id, _article.story_id, _article.copy_of, _article.first_seen_at, _version.title, _version.source,
            _version.url, _version.language, _version.agency, _version.published_at, _sketch.body,
        )
        .join_from(schema.article, schema.version, schema.current)
        .join(sketch, and_(_sketch.article == _article.seq, _sketch.number == _article.current,
                           _sketch.generation == _standing(connection)), isouter=True)
        .where(_article.id.in_(ids))
        .order_by(_article.first_seen_at, _article.seq)
    )  # fmt: skip
    rows = connection.execute(asked).all()
    seen = connection.execute(
        select(_sighting.article_id, _capture.source, func.count(), func.min(_capture.fetched_at))
        .join_from(schema.sighting, schema.capture, _capture.key == _sighting.capture_key)
        .where(_sighting.article_id.in_(ids), _sighting.outcome.in_(schema.FIRST_SIGHTS))
        .group_by(_sighting.article_id, _capture.source)
    ).all()
    places: Counter[str] = Counter()
    for row in seen:
        places[row[0]] += row[2]
    (centre,) = [row for row in rows if row.copy_of is None]
    found = _likenesses(connection, centre.id, ids)
    agencies = Counter(row.agency for row in rows if row.agency)
    whole = decode(centre.body) if centre.body else None
    members = tuple(
        Member(
            row.id, row.title, row.source, row.url, row.agency, row.published_at, row.first_seen_at, places[row.id],
            row.copy_of, share(whole, decode(row.body)) if whole and row.body else None, found.get(row.id),
        )
        for row in rows
    )  # fmt: skip
    return Story(
        centre.story_id, centre.id, centre.title, centre.language,
        next((agency for agency, _ in agencies.most_common(1)), None), min(row[3] for row in seen),
        len({row[1] for row in seen}), places.total(), members,
        tuple(sorted((Sight(row[0], row[1], row[3], row[2]) for row in seen), key=lambda sight: sight.first_seen_at)),
    )  # fmt: skip


def _likenesses(connection: Connection, centre: str, ids: Sequence[str]) -> dict[str, Likeness]:
    """What was measured of each article and the centre."""
    found = (each for each in likenesses(connection, centre) if each.is_copy)
    known = {each.other_id if each.article_id == centre else each.article_id: each for each in found}
    return {id_: each for id_, each in known.items() if id_ in set(ids)}


def likenesses(connection: Connection, article_id: str) -> tuple[Likeness, ...]:
    """What an article is to others, and others to it, the closest first."""
    columns = [_likeness[name] for name in Likeness.__dataclass_fields__]
    asked = select(*columns).where(
        (_likeness.article_id == article_id) | (_likeness.other_id == article_id),
        _likeness.generation == _standing(connection),
    )
    found = (Likeness(*row) for row in connection.execute(asked))
    return tuple(sorted(found, key=lambda each: (each.rank, each.article_id, each.other_id)))


def _standing(connection: Connection) -> int:
    found = generations.standing(connection)
    return found.number if found else 0
