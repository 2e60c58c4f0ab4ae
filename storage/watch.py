"""Watch: a saved search as it stands in the archive, and the records of what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, case, func, select, true

from storage import reader_schema
from storage.query_language import Question
from storage.records import ArchivedArticle, Query
from storage.times import rfc3339

Way = Literal["webhook", "email", "command"]
"""How the finds of a watch are told."""

NOTHING_ASKED = "nothing is asked for: there is no word in the query"

_watch, _notice = reader_schema.watch.c, reader_schema.notice.c

untold = _notice.told_at.is_(None) & _notice.given_up_at.is_(None)
"""That a notice waits to be told."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A saved search. seen: the number of the change up to which it was asked. target: as its way has it.

    waiting, told, given_up: how many articles. why: what went wrong with those that wait, or were given up, the last
    time. secret: what its webhooks are signed with.
    """

    name: str
    query: Query
    way: Way
    target: str
    made_at: datetime
    seen: int
    matched_at: datetime | None
    told_at: datetime | None
    waiting: int = 0
    told: int = 0
    given_up: int = 0
    why: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Articles to be told of, oldest first. id: the same at every attempt; attempt: from 1."""

    id: str
    watch: Watch
    articles: tuple[ArchivedArticle, ...]
    attempt: int


def watches(connection: Connection, name: str | None = None) -> tuple[Watch, ...]:
    """Every watch by name, or that one."""
    columns = [_watch[each] for each in ("name", "query", "way", "target", "made_at", "seen", "matched_at", "told_at")]
    counted = (
        select(
            _notice.watch,
            func.sum(case((untold, 1), else_=0)).label("waiting"),
            func.sum(case((_notice.told_at.is_not(None), 1), else_=0)).label("told"),
            func.sum(case((_notice.given_up_at.is_not(None), 1), else_=0)).label("given_up"),
            func.max(_notice.why).label("why"),
        )
        .where(true() if name is None else _notice.watch == name)
        .group_by(_notice.watch)
        .subquery()
    )
    found = (
        select(*columns, counted.c.waiting, counted.c.told, counted.c.given_up, counted.c.why, _watch.secret)
        .outerjoin(counted, counted.c.watch == _watch.name)
        .order_by(_watch.name)
    )
    rows = connection.execute(found if name is None else found.where(_watch.name == name))
    return tuple(
        Watch(
            row.name, asked_query(row.query), row.way, row.target, row.made_at, row.seen, row.matched_at, row.told_at,
            row.waiting or 0, row.told or 0, row.given_up or 0, row.why, row.secret,
        )
        for row in rows
    )  # fmt: skip


def asks_nothing(question: Question) -> bool:
    """Whether a watch for it could never tell anything of use: all there is, or nothing ever."""
    return question.is_hopeless or not question.groups


def kept_query(query: Query) -> dict[str, str | None]:
    """The filters of a query, as JSON."""
    return {
        "words": query.words,
        "source": query.source,
        "language": query.language,
        "since": rfc3339(query.since) if query.since else None,
        "until": rfc3339(query.until) if query.until else None,
    }


def asked_query(kept: dict[str, str | None]) -> Query:
    """The query that ``kept_query`` kept; for all that answers it."""
    since, until = (datetime.fromisoformat(at) if (at := kept[end]) else None for end in ("since", "until"))
    return Query(kept["words"], kept["source"], since, until, kept["language"], limit=None)
