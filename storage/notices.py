"""Notices: what watches have found, entered once for each watch and article, and held by one process while it tells."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Update, delete, exists, func, insert, select, update

from storage import reader_schema, schema
from storage.records import ArchivedArticle
from storage.watch import Delivery, untold, watches

TOGETHER = 50
"""Articles of one delivery at most."""

HELD = timedelta(minutes=5)
"""For so long a delivery is one process's; it must take less than that."""

ATTEMPTS = 80
"""Then a delivery is given up: after some three days, since the delays grow from half a minute to an hour."""

_FIRST_DELAY, _LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
_JITTER = 0.25  # of a delay, more or less, so that what failed together is not tried again together

_notice = reader_schema.notice.c


def enter(connection: Connection, name: str, articles: Sequence[str], now: datetime) -> int:
    """Note that a watch has found articles; how many of them are new to it."""
    known = connection.scalars(
        select(_notice.article_id).where(_notice.watch == name, _notice.article_id.in_(articles))
    )
    if new := sorted(set(articles).difference(known)):
        notices = [
            {"watch": name, "article_id": each, "found_at": now, "attempts": 0, "not_before": now} for each in new
        ]
        connection.execute(insert(reader_schema.notice), notices)
    return len(new)


def next_watch(connection: Connection, now: datetime) -> str | None:
    """The watch with the oldest notice that is due, of those that have no delivery under way or put off."""
    other = reader_schema.notice.alias()
    is_busy = exists().where(
        other.c.watch == _notice.watch, other.c.told_at.is_(None), other.c.given_up_at.is_(None),
        other.c.not_before > now,
    )  # fmt: skip
    return connection.scalar(
        select(_notice.watch)
        .where(untold, _notice.not_before <= now, ~is_busy)
        .group_by(_notice.watch)
        .order_by(func.min(_notice.found_at), _notice.watch)
        .limit(1)
    )


def hold(connection: Connection, name: str, now: datetime) -> Delivery | None:
    """The delivery that was begun, or else a new one; None where its articles are gone by now: they are not told."""
    due: list[ColumnElement[bool]] = [_notice.watch == name, untold, _notice.not_before <= now]
    begun = connection.execute(
        select(_notice.delivery, _notice.attempts).where(*due, _notice.delivery.is_not(None)).order_by(_notice.found_at)
    ).first()
    id_, attempts = (begun.delivery, begun.attempts) if begun else (uuid4().hex, 0)
    which = _notice.delivery == id_ if begun else _notice.delivery.is_(None)
    named = connection.scalars(
        select(_notice.article_id)
        .outerjoin(schema.article, schema.article.c.id == _notice.article_id)
        .where(*due, which)
        .order_by(_notice.found_at, schema.article.c.seq)
        .limit(TOGETHER)
    ).all()
    rows = connection.execute(
        schema.articles().where(schema.article.c.id.in_(named)).order_by(schema.article.c.seq)
    ).all()
    articles = tuple(ArchivedArticle(*row) for row in rows)
    held = [article.id for article in articles]
    of_watch = _notice.watch == name
    connection.execute(
        delete(reader_schema.notice).where(of_watch, _notice.article_id.in_(set(named).difference(held)))
    )
    connection.execute(
        update(reader_schema.notice)
        .where(of_watch, _notice.article_id.in_(held))
        .values(delivery=id_, attempts=attempts + 1, not_before=now + HELD)
    )
    return Delivery(id_, watches(connection, name)[0], articles, attempts + 1) if articles else None


def of(delivery: Delivery) -> Update:
    """An update of the notices of a delivery."""
    return update(reader_schema.notice).where(_notice.watch == delivery.watch.name, _notice.delivery == delivery.id)


def delay(attempt: int) -> timedelta:
    """How long to wait after so many attempts, give or take a quarter."""
    grown: timedelta = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(attempt - 1, 16))
    return grown * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nobody's secret
