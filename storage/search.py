"""Search: a ``Query`` as SQL, over tables and ``storage.word_index``. It means the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import log
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    table,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY

from storage import schema
from storage.query_language import Clause, Filter, Question, Words, understood
from storage.records import Query
from storage.schema import article, articles, capture, current, version

_AT_ONCE = 100  # tokens in one tsquery or phrase: both databases take a question apart by recursion
_TITLE_WEIGHT = 5  # in bm25, to 1 of the text
HALF_LIFE_DAYS = 30.0
"""Where hits are sorted as recent, an article so much older than another must weigh twice as much to come first."""
_LEAST_SCORE = 1e-9
_UNRANKED = 0.0

_FTS = table("article_words", column("rowid", BigInteger))
_VECTORS = table("article_words", column("seq", BigInteger), column("words"), column("authors"), column("agency"))
_FTS_COLUMNS = {"anywhere": "{title text}", "title": "title", "author": "authors", "agency": "agency"}
_BOTH = {"sqlite": " AND ", "postgresql": " & "}
_EITHER = {"sqlite": " OR ", "postgresql": " | "}
_PG_COLUMNS = {"anywhere": "words", "title": "words", "author": "authors", "agency": "agency"}


def question_of(query: Query) -> Question:
    """What the words of a query ask for, today."""
    return understood(query.words, datetime.now(UTC).date())


def hits(query: Query, dialect: str, *, positioned: bool = False) -> Select[tuple[object, ...]]:
    """The articles that answer ``query`` as rows of ``schema.articles()``, in the order it asks for.

    positioned: each row has the fields of its ``Position`` behind those, in their order.
    """
    question = question_of(query)
    conditions = conditions_of(query, question, dialect)
    rank = None if query.sort == "newest" else _rank(question, dialect)
    order = [column.desc() for column in _ordered_by(query, rank, dialect)]
    conditions += _behind(query, rank, dialect)
    if query.by == "sighting":
        found = schema.sightings().where(*conditions).order_by(*order).limit(query.limit)
    elif query.limit is None:
        found = articles().where(*conditions).order_by(*order)
    else:  # two steps, so that the texts of those that will not be shown are not even read
        shown = _asked(select(article.c.seq), question, query, conditions)
        if rank is not None:
            shown = shown.outerjoin(rank, rank.c.seq == article.c.seq)
        shown = shown.order_by(*order).limit(max(0, query.limit))
        found = articles().where(article.c.seq.in_(shown)).order_by(*order)
    if rank is not None:
        found = found.outerjoin(rank, rank.c.seq == article.c.seq)
    if not positioned:
        return found
    score = null() if rank is None else _score(query, rank, dialect)
    place = capture.c.key if query.by == "sighting" else null()
    return found.add_columns(
        _dated_at(query), article.c.id.label("reached"), score.label("score"), place.label("place")
    )


def number_of_hits(query: Query, dialect: str) -> Select[int]:
    """How many articles answer ``query``, its limit apart."""
    return tally(query, dialect, func.count(article.c.seq))


def tally(query: Query, dialect: str, *columns: ColumnElement[Any], facts: bool = False) -> Select[Any]:
    """``columns``, such as counts, over all that answers ``query``. facts: whether they need ``version``."""
    question = question_of(query)
    conditions = conditions_of(query, question, dialect)
    if query.by == "sighting":
        return schema.sightings().with_only_columns(*columns, maintain_column_froms=True).where(*conditions)
    return _asked(select(*columns).select_from(article), question, query, conditions, facts=facts)


def conditions_of(query: Query, question: Question, dialect: str) -> list[ColumnElement[bool]]:
    """What must hold of each hit. ``question``: of the query's words."""
    whereabouts = _Whereabouts(query.by, dialect)
    conditions: list[ColumnElement[bool]] = [false()] if question.is_hopeless else []
    if query.source is not None:
        conditions.append(whereabouts.holds(Filter("source", query.source)))
    if query.language is not None:
        conditions.append(version.c.language == query.language)
    if query.since is not None:
        conditions.append(whereabouts.holds(Filter("since", query.since)))
    if query.until is not None:
        conditions.append(whereabouts.holds(Filter("until", query.until)))
    single = [group[0] for group in question.groups if len(group) == 1]
    plain = [clause.asked for clause in single if isinstance(clause.asked, Words) and not clause.is_not]
    conditions += matching(plain, dialect)
    conditions += (
        _holds(clause, whereabouts) for clause in single if clause.is_not or isinstance(clause.asked, Filter)
    )
    conditions += (or_(*_any(group, whereabouts)) for group in question.groups if len(group) > 1)
    return conditions


def matching(asked: Sequence[Words], dialect: str, *, is_any: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on ``article.seq``: that every term occurs where it is sought, or with ``is_any`` at least one does.

    dialect: ``sqlite`` or ``postgresql``. A term of more than 100 tokens is looked for in stretches of 100.
    """
    joined = _EITHER[dialect] if is_any else _BOTH[dialect]
    conditions: list[ColumnElement[bool]] = []
    for where, spelled in _spelled(asked, dialect):
        for at in range(0, len(spelled), _AT_ONCE):
            found = _found(where, joined.join(spelled[at : at + _AT_ONCE]), dialect)
            conditions.append(article.c.seq.in_(found))
    return conditions


@dataclass(frozen=True, slots=True)
class _Whereabouts:
    """Which columns tell the facts: those of the article, or of the place that showed it."""

    by: str
    dialect: str

    def holds(self, wanted: Filter) -> ColumnElement[bool]:
        """The condition that a fact is as wanted; unknown where the fact is."""
        by_place = self.by == "sighting"
        dated_at = schema.sighted_at if by_place else article.c.dated_at
        match wanted.fact:
            case "source":
                return (capture.c.source if by_place else version.c.source) == wanted.value
            case "lang":
                return func.lower(version.c.language) == wanted.value
            case "story":
                return article.c.story_id.between(wanted.value, f"{wanted.value}g")
            case "copy":
                return article.c.copy_of.is_not(None)
            case "flag" if self.dialect == "sqlite":
                flags = func.json_each(version.c.flags).table_valued("value")
                return exists(select(literal(1)).select_from(flags).where(flags.c.value == wanted.value))
            case "flag":
                return cast(version.c.flags, JSONB).contains([str(wanted.value)])
            case "since":
                return dated_at >= wanted.value
            case "until":
                return dated_at < wanted.value


def _asked(
    found: Select[Any], question: Question, query: Query, conditions: list[ColumnElement[bool]], *, facts: bool = False
) -> Select[Any]:
    told = {clause.asked.fact for group in question.groups for clause in group if isinstance(clause.asked, Filter)}
    if facts or query.source is not None or query.language is not None or told & {"source", "lang", "flag"}:
        found = found.join(version, current)
    return found.where(*conditions)


def _holds(clause: Clause, whereabouts: _Whereabouts) -> ColumnElement[bool]:
    if isinstance(clause.asked, Filter):
        condition = whereabouts.holds(clause.asked)
    else:
        condition = and_(*matching([clause.asked], whereabouts.dialect))
    return not_(func.coalesce(condition, false())) if clause.is_not else condition


def _any(group: Sequence[Clause], whereabouts: _Whereabouts) -> list[ColumnElement[bool]]:
    words = [clause.asked for clause in group if isinstance(clause.asked, Words) and not clause.is_not]
    others = [clause for clause in group if clause.is_not or isinstance(clause.asked, Filter)]
    return matching(words, whereabouts.dialect, is_any=True) + [_holds(clause, whereabouts) for clause in others]


def _dated_at(query: Query) -> ColumnElement[Any]:
    return schema.sighted_at if query.by == "sighting" else article.c.dated_at


def _ordered_by(query: Query, rank: FromClause | None, dialect: str) -> list[ColumnElement[Any]]:
    """What the hits are ordered by, all of it descending."""
    place = [capture.c.key] if query.by == "sighting" else []
    score = [] if rank is None else [_score(query, rank, dialect)]
    return [*score, _dated_at(query), article.c.id, *place]


def _behind(query: Query, rank: FromClause | None, dialect: str) -> list[ColumnElement[bool]]:
    """The condition that a hit comes behind the query's position."""
    after = query.after
    if after is None:
        return []
    reached: list[Any] = [] if rank is None else [_UNRANKED if after.score is None else after.score]
    reached += [after.dated_at, after.id, *([after.place or ""] if query.by == "sighting" else [])]
    columns = _ordered_by(query, rank, dialect)
    return [
        tuple_(*columns)
        < tuple_(*(literal(value, column.type) for value, column in zip(reached, columns, strict=True)))
    ]


def _score(query: Query, rank: FromClause, dialect: str) -> ColumnElement[Any]:
    """The weight of a hit. That of the recent ones is a logarithm, to which age adds: so it is the same at any hour."""
    if query.sort == "relevance":
        return func.coalesce(rank.c.score, 0.0, type_=Double)
    days = (
        func.julianday(_dated_at(query)) if dialect == "sqlite" else func.extract("epoch", _dated_at(query)) / 86_400.0
    )
    weight = func.ln(func.coalesce(rank.c.score, 0.0) + _LEAST_SCORE)
    return cast(weight + cast(days, Double) * (log(2) / HALF_LIFE_DAYS), Double)


def _rank(question: Question, dialect: str) -> FromClause | None:
    """How well articles answer: their seq and a score, the better the higher. None where no words are sought."""
    spelled = dict(_spelled(question.sought, dialect))
    if dialect == "sqlite" and spelled:
        score: ColumnElement[Any] = literal_column(f"-bm25(article_words, {_TITLE_WEIGHT}, 1, 1, 1)")
        holds = literal_column("article_words").op("MATCH")(" OR ".join(spelled[""][:_AT_ONCE]))
        found = select(_FTS.c.rowid.label("seq"), score.label("score")).where(holds)
    elif "words" in spelled:
        sought = cast(bindparam(None, " | ".join(spelled["words"][:_AT_ONCE]), Text), TSQUERY)
        score = func.ts_rank_cd(_VECTORS.c.words, sought)
        found = select(_VECTORS.c.seq, score.label("score")).where(_VECTORS.c.words.op("@@")(sought))
    else:
        return None
    return found.cte("ranked").prefix_with("MATERIALIZED")  # or SQLite weighs each article on its own, for seconds


def _found(where: str, sought: str, dialect: str) -> Select[int]:
    if dialect == "sqlite":
        return select(_FTS.c.rowid).where(literal_column("article_words").op("MATCH")(sought))
    return select(_VECTORS.c.seq).where(_VECTORS.c[where].op("@@")(cast(bindparam(None, sought, Text), TSQUERY)))


def _spelled(asked: Iterable[Words], dialect: str) -> list[tuple[str, list[str]]]:
    """Terms as the database reads them, with the column that is asked; FTS5 has columns in the question itself."""
    if dialect == "sqlite":
        terms = [_fts_term(term) for term in asked]
        return [("", list(dict.fromkeys(terms)))] if terms else []
    by_column = sorted(asked, key=lambda term: _PG_COLUMNS[term.place])
    return [
        (where, list(dict.fromkeys(map(_ts_term, terms))))
        for where, terms in groupby(by_column, key=lambda term: _PG_COLUMNS[term.place])
    ]


def _stretches(term: Words) -> list[tuple[tuple[str, ...], bool]]:
    """A term in parts of at most 100 tokens, each beginning with the last token before it; is the part open-ended?"""
    last = max(1, len(term.tokens) - 1)
    return [
        (term.tokens[at : at + _AT_ONCE], term.is_open and at + _AT_ONCE >= len(term.tokens))
        for at in range(0, last, _AT_ONCE - 1)
    ]


def _fts_term(term: Words) -> str:
    phrases = [f'"{" ".join(part)}"' + ("*" if is_open else "") for part, is_open in _stretches(term)]
    return f"({_FTS_COLUMNS[term.place]} : ({' AND '.join(phrases)}))"


def _ts_term(term: Words) -> str:
    weight = "A" if term.place == "title" else ""
    return f"({' & '.join(_ts_phrase(part, weight, is_open=is_open) for part, is_open in _stretches(term))})"


def _ts_phrase(part: tuple[str, ...], weight: str, *, is_open: bool) -> str:
    label = f":{weight}" if weight else ""
    if len(part) == 1:
        return f"'{part[0]}':*{weight}" if is_open else f"'{part[0]}'{label}"
    words = [f"('{token}'{label} | '{token} ':*{weight})" for token in part]  # with the lexemes of further positions
    if is_open:
        words[-1] = f"'{part[-1]}':*{weight}"
    return f"({' <-> '.join(words)})"
