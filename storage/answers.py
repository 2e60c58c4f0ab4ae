"""Answers: the first few hits of a query, without looking at all of them where there are very many.

A word that is in every second article has hits without number, and the newest fifty of them are among the newest few
hundred articles. Those came lately too, but for a few: so where the index finds many, only its end is looked at, and
those few are asked for one by one. Where hits are ranked, those that were weighed come first. If that does not fill
the page, everything is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from storage.records import Query
from storage.schema import article, articles
from storage.search import Asked, hits, with_positions
from storage.word_question import are_many

_MANY = 20_000  # hits, from which on only the latest articles are looked at first
_LATEST = 2_000  # articles that are so
_STRAYS = 20  # of them, that came long before the others: with a date in the future, say
_WIDEST = 20 * _LATEST  # articles that came while the latest did


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
    seqs = sorted(connection.scalars(latest))
    strays = 0 if asked.words.has_beginnings else min(_STRAYS, len(seqs) - 1)
    if not seqs or seqs[-1] - seqs[strays] > _WIDEST:
        return ()
    among = asked.words.holds_among(asked.dialect, seqs[strays], seqs[-1], seqs[:strays])
    shown = select(article.c.seq).where(article.c.seq.in_(latest), among).order_by(*order).limit(asked.query.limit)
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
