"""Answers: the first few hits of a query, without looking at all of them where there are very many.

A word that is in every second article has hits without number, and the newest fifty of them are among the newest few
hundred articles. Those came lately too, but for a few: so where the index finds many, only its end is looked at, and
those few are asked for one by one. Where hits are ranked, those that were weighed come first. If that does not fill
the page, everything is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    FromClause,
    Row,
    Select,
    column,
    func,
    select,
    values,
)

from storage.records import Query
from storage.schema import article, articles
from storage.search import MOST_RANKED, Asked, hits, with_positions
from storage.word_question import are_many

_MANY = 20_000  # hits, from which on only the latest articles are looked at first
_LATEST = 2_000  # articles that are so
_STRAYS = 20  # of them, that came long before the others: with a date in the future, say
_MOST_CHOSEN = 1_000  # hits whose scores are given back to the database
_WIDEST = 20 * _LATEST  # articles that came while the latest did


def first_answers(connection: Connection, query: Query) -> Sequence[Row[Any]]:
    """The rows of ``search.hits`` with their positions; the query has a limit."""
    asked = Asked.of(query, connection.dialect.name)
    if query.limit and query.by == "article" and asked.words.required:
        best = _best(connection, asked)
        if best is not None:
            return best
        rows = _newest(connection, asked) if query.sort == "newest" else ()
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


def _best(connection: Connection, asked: Asked) -> Sequence[Row[Any]] | None:
    """The hits that come first by relevance alone; None where they are not all among those that were weighed.

    In two steps, for nothing but its score is looked at of the many that are not shown.
    """
    rank, limit = asked.rank(), asked.query.limit or 0
    if rank is None or asked.query.sort != "relevance":
        return None
    chosen = connection.execute(_chosen(asked, rank, limit)).all()
    if len(chosen) > _MOST_CHOSEN:
        return None
    is_full = len(chosen) >= limit and min(score for _, score in chosen) > 0
    if not is_full and connection.scalar(are_many(asked.words.entries(asked.dialect), MOST_RANKED)) == MOST_RANKED:
        return None
    if not chosen:
        return ()
    scores = values(column("seq", BigInteger), column("score", Double)).data([(seq, score) for seq, score in chosen])
    ranked = scores.cte("ranked")
    found = articles().join(ranked, ranked.c.seq == article.c.seq).where(article.c.seq.in_([seq for seq, _ in chosen]))
    found = found.where(*asked.behind(ranked)).order_by(*(column.desc() for column in asked.order(ranked)))
    return connection.execute(with_positions(found.limit(limit), asked, ranked)).all()


def _chosen(asked: Asked, rank: FromClause, limit: int) -> Select[Any]:
    """The seq and score of a page of the best, of all that are weighed as much as its last, and as its position."""
    weighed = select(rank.c.seq, rank.c.score)
    if asked.holding() and not asked.is_narrowed:
        weighed = weighed.where(asked.holds_for(rank.c.seq))
    below = weighed.with_only_columns(rank.c.score)
    if asked.query.after is not None:
        reached = asked.query.after.score or 0.0
        weighed, below = weighed.where(rank.c.score <= reached), below.where(rank.c.score < reached)
    least = below.order_by(rank.c.score.desc()).limit(1).offset(limit - 1)
    return weighed.where(rank.c.score >= func.coalesce(least.scalar_subquery(), 0.0)).limit(_MOST_CHOSEN + 1)
