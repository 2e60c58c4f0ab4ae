"""What the archive answers about articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from storage import schema
from storage.errors import Gone, NotFound
from storage.positions import Position
from storage.records import ArchivedArticle, Removed, Results, Sighting
from storage.tombstones import forgotten_at

_article, _version, _capture, _sighting = schema.article.c, schema.version.c, schema.capture.c, schema.sighting.c
_SHORT_ID = re.compile(r"[0-9a-f]{4,16}")
_IN_MEMORY = 200
_FIELDS = len(fields(ArchivedArticle))
_NAMED = 5  # ids that a message lists


def full_id(connection: Connection, short: str) -> str:
    """The id that begins with the hex digits ``short``, at least 4. Raises NotFound where none or several do."""
    digits = short.strip().lower()
    if not _SHORT_ID.fullmatch(digits):
        raise NotFound(f"{short[:80]!r} is no article's id", "an id is 4 to 16 of the digits 0-9 and a-f")
    fitting = connection.scalars(
        select(_article.id).where(_article.id.between(digits, digits + "g")).order_by(_article.id).limit(_NAMED + 1)
    ).all()
    if not fitting:
        if at := forgotten_at(connection, digits):
            raise Gone(f"article {short} was forgotten on {at:%Y-%m-%d}")
        raise NotFound(f"no article {short}", "copydesk search finds ids")
    if len(fitting) > 1:
        listed = ", ".join(fitting[:_NAMED]) + (", …" if len(fitting) > _NAMED else "")
        raise NotFound(f"{short} fits several articles: {listed}", "give more digits")
    return str(fitting[0])


def get(connection: Connection, article_id: str) -> ArchivedArticle:
    """An article as its current version has it."""
    row = connection.execute(schema.articles().where(_article.id == article_id)).one()
    return ArchivedArticle(*row)


def versions(connection: Connection, article_id: str) -> tuple[ArchivedArticle, ...]:
    """Every distinct text of an article, in the order of their coming."""
    rows = connection.execute(
        schema.articles(schema.version.c.article_id == _article.id)
        .where(_article.id == article_id)
        .order_by(_version.number)
    )
    return tuple(ArchivedArticle(*row) for row in rows)


def removed(connection: Connection, article_id: str) -> tuple[Removed, ...]:
    """What was cut from the current version, in reading order."""
    kept = schema.removal.c
    blocks = connection.scalar(
        select(kept.blocks)
        .join(schema.article, _article.id == kept.article_id)
        .where(_article.id == article_id, _article.current == kept.number)
    )
    return tuple(Removed(*block) for block in blocks or ())


def current_sha256(connection: Connection, article_id: str) -> str:
    """The name of the bytes that the current version was cleaned from."""
    sha256: str = connection.execute(
        select(_capture.sha256)
        .join_from(schema.capture, schema.version, _capture.key == _version.capture_key)
        .join(schema.article, schema.current)
        .where(_article.id == article_id)
    ).scalar_one()
    return sha256


def sightings(connection: Connection, article_id: str) -> tuple[Sighting, ...]:
    """Each time an article was seen, there or elsewhere, oldest first."""
    rows = connection.execute(
        select(
            _sighting.article_id,
            _capture.url,
            _capture.source,
            _sighting.title,
            _sighting.published_at,
            _capture.fetched_at,
            _sighting.outcome,
            _capture.origin,
            _capture.sha256,
        )
        .join_from(schema.sighting, schema.capture, _capture.key == _sighting.capture_key)
        .where(_sighting.article_id == article_id)
        .order_by(_capture.fetched_at, _capture.key)
    )
    return tuple(Sighting(*row) for row in rows)


def results(rows: Sequence[Row[Any]], limit: int | None) -> Results:
    """Some answers, of rows that have the fields of their position at their end; one more than ``limit`` was asked."""
    shown = rows if limit is None else rows[:limit]
    after = Position(*shown[-1][_FIELDS:]) if shown and len(rows) > len(shown) else None
    return Results(tuple(ArchivedArticle(*row[:_FIELDS]) for row in shown), after)


def stream(connection: Connection, asked: Select[Any]) -> Iterator[ArchivedArticle]:
    """The articles of a question, a few hundred in memory at a time."""
    rows = connection.execution_options(yield_per=_IN_MEMORY).execute(asked)
    return (ArchivedArticle(*row) for row in rows)
