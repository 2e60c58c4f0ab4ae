"""Answers: the first few hits of a query, without looking at all of them where there are very many.

A word that is in every second article has hits without number, and the newest fifty of them are among the newest few
hundred articles. So where the index finds many, the latest articles are asked one by one whether they have the words;
and where hits are ranked, those that were weighed come first. Only if that does not fill the page is everything
looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from storage.records import Query
from storage.schema import article, articles
from storage.search import Asked, hits, with_positions
from storage.word_question import are_many

_MANY = 20_000  # hits, from which on the latest articles are asked one by one
_LATEST = 2_000  # articles that are asked so


def first_answers(connection: Connection, query: Query) -> Sequence[Row[Any]]:
    """The rows of ``search.hits`` with their positions; the query has a limit."""
    asked = Asked.of(query, connection.dialect.name)
    if query.limit and query.by == "article" and asked.words.required:
        rows = _best(connection, asked) if query.sort != "newest" else _newest(connection, asked)
        if len(rows) == query.limit:
            return rows
    return connection.execute(hits(query, asked.dialect, positioned=True)).all()


def _newest(connection: Connection, asked: Asked) -> Sequence[Row[Any]]:
    """Hits among the latest articles that fit all filters; none where it is not worth the while."""
    entries = asked.words.entries(asked.dialect)
    if connection.scalar(are_many(entries, _MANY)) != _MANY:
        return ()
    order = [column.desc() for column in asked.order(None)]
    latest = asked.of_articles(select(article.c.seq).select_from(article)).where(*asked.holding(), *asked.behind(None))
    latest = latest.order_by(*order).limit(_LATEST)
    shown = (
        select(article.c.seq)
        .where(article.c.seq.in_(latest), *asked.found(one_by_one=True))
        .order_by(*order)
        .limit(asked.query.limit)
    )
    found = articles().where(article.c.seq.in_(shown)).order_by(*order)
    return connection.execute(with_positions(found, asked, None)).all()


def _best(connection: Connection, asked: Asked) -> Sequence[Row[Any]]:
    """Hits among those that were weighed; by relevance alone they come before all others."""
    rank = asked.rank()
    if rank is None or asked.query.sort != "relevance":
        return ()
    order = [column.desc() for column in asked.order(rank)]
    shown = (
        asked.of_articles(select(article.c.seq).select_from(rank.join(article, article.c.seq == rank.c.seq)))
        .where(*asked.holding(), *asked.behind(rank), rank.c.score > 0)
        .order_by(*order)
        .limit(asked.query.limit)
    )
    found = articles().where(article.c.seq.in_(shown)).order_by(*order).join(rank, rank.c.seq == article.c.seq)
    return connection.execute(with_positions(found, asked, rank)).all()
