"""Search: a ``Query`` as SQL, over tables and ``storage.word_index``. It means the same on SQLite and PostgreSQL.

``storage.answers`` asks it, and knows short cuts to the first few answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import log
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Select,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage import schema
from storage.facets import facets, tells
from storage.query_language import Clause, Fact, Filter, Question, Words, understood
from storage.records import Query
from storage.schema import article, articles, capture, current, version
from storage.word_question import WordQuestion, matching, weighed

HALF_LIFE_DAYS = 30.0
"""Where hits are sorted as recent, an article so much older than another must weigh twice as much to come first."""

MOST_RANKED = 20_000
"""Of more hits than these the latest to come are weighed; the others follow them, newest first."""

_LEAST_SCORE = 1e-9


def question_of(query: Query) -> Question:
    """What the words of a query ask for, today."""
    return understood(query.words, datetime.now(UTC).date())


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with what its words ask for, made ready for a database (``dialect``). table: the articles, or facets."""

    query: Query
    question: Question
    words: WordQuestion
    dialect: str
    table: FromClause = article

    @classmethod
    def of(cls, query: Query, dialect: str) -> Asked:
        """The query, understood today."""
        question = question_of(query)
        return cls(query, question, WordQuestion.of(question, dialect), dialect)

    def by_facets(self) -> Asked:
        """The same, asked of the facets where these are kept, tell all that it asks for, and are the quicker way."""
        clauses = [clause.asked for group in self.words.rest for clause in group]
        filters = [asked for asked in clauses if isinstance(asked, Filter)]
        if self.dialect != "sqlite" or self.by_place or len(filters) < len(clauses):
            return self
        filters += self._fields
        in_time = all(each.fact in {"since", "until"} for each in filters)  # an index of the articles has the others
        is_told = all(map(tells, filters)) and (in_time or bool(self.words.required))
        return replace(self, table=facets) if is_told else self

    @property
    def by_place(self) -> bool:
        """Whether each place that showed an article answers by itself."""
        return self.query.by == "sighting"

    @property
    def number(self) -> ColumnElement[int]:
        """How many hits there are."""
        return func.count(article.c.seq if self.by_place else self.table.c.seq)

    @property
    def dated_at(self) -> ColumnElement[Any]:
        """When a hit is dated."""
        return schema.sighted_at if self.by_place else self.table.c.dated_at

    def rank(self) -> FromClause | None:
        """How well articles answer, where that matters: their ``seq`` and a ``score``. Only the latest are weighed."""
        found = None if self.query.sort == "newest" else weighed(self.words, self.question, self.dialect)
        if found is None:
            return None
        seq = found.selected_columns.seq
        if self.is_narrowed:
            found = found.where(self.by_facets().holds_for(seq))
        ranked = found.order_by(seq.desc()).limit(MOST_RANKED).cte("ranked")
        return ranked.prefix_with("MATERIALIZED")  # or SQLite weighs each article on its own, for seconds

    @property
    def is_narrowed(self) -> bool:
        """Whether only what fits the filters is weighed: not where that means to look up very many articles."""
        narrow = self.by_facets()
        return bool(narrow.holding()) and (narrow.table is facets or self.dialect == "postgresql") and not self.by_place

    def holds_for(self, seq: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that all but the words of that one look holds of the article of a ``seq``."""
        looked_up = self.of_articles(select(literal(1)).select_from(self.table))
        return exists(looked_up.where(self.table.c.seq == seq, *self.holding()))

    def order(self, rank: FromClause | None) -> list[ColumnElement[Any]]:
        """What the hits are ordered by, all of it descending."""
        place = [capture.c.key] if self.by_place else []
        score = [] if rank is None else [self.score(rank)]
        return [*score, self.dated_at, article.c.id, *place]

    def score(self, rank: FromClause) -> ColumnElement[Any]:
        """The weight of a hit. If recent ones count more it is a logarithm, plus the date: so it is the same at any
        hour."""
        if self.query.sort == "relevance":
            return func.coalesce(rank.c.score, 0.0, type_=Double)
        seconds = func.extract("epoch", self.dated_at) / 86_400.0
        days = func.julianday(self.dated_at) if self.dialect == "sqlite" else seconds
        weight = func.ln(func.coalesce(rank.c.score, 0.0) + _LEAST_SCORE)
        return cast(weight + cast(days, Double) * (log(2) / HALF_LIFE_DAYS), Double)

    def behind(self, rank: FromClause | None) -> list[ColumnElement[bool]]:
        """The condition that a hit comes behind the query's position."""
        after = self.query.after
        if after is None:
            return []
        reached: list[Any] = [] if rank is None else [after.score or 0.0]
        reached += [after.dated_at, after.id, *([after.place or ""] if self.by_place else [])]
        columns = self.order(rank)
        values = (literal(value, each.type) for value, each in zip(reached, columns, strict=True))
        return [tuple_(*columns) < tuple_(*values)]

    def holding(self) -> list[ColumnElement[bool]]:
        """What must hold of each hit, but for the words that one look into the index answers."""
        conditions: list[ColumnElement[bool]] = [false()] if self.question.is_hopeless else []
        conditions += map(self.fact, self._fields)
        single = [group[0] for group in self.words.rest if len(group) == 1]
        plain = [clause.asked for clause in single if isinstance(clause.asked, Words) and not clause.is_not]
        conditions += matching(plain, self.dialect)
        conditions += (self._holds(clause) for clause in single if clause.is_not or isinstance(clause.asked, Filter))
        conditions += (or_(*self._any(group)) for group in self.words.rest if len(group) > 1)
        return conditions

    def found(self) -> list[ColumnElement[bool]]:
        """The condition of that look; none where nothing is asked of it."""
        return [self.words.holds(self.dialect, self.table.c.seq)] if self.words.required else []

    def fact(self, wanted: Filter) -> ColumnElement[bool]:
        """The condition that a fact is as wanted; unknown where the fact is."""
        match wanted.fact:
            case "source":
                return (capture.c.source if self.by_place else self.table.c.source) == wanted.value
            case "lang":
                return self._language == wanted.value
            case "story":
                return article.c.story_id.between(wanted.value, f"{wanted.value}g")
            case "copy":
                return self.table.c.copy_of.is_not(None)
            case "flag":
                return self._has_flag(str(wanted.value))
            case "since":
                return self.dated_at >= wanted.value
            case "until":
                return self.dated_at < wanted.value

    @property
    def needs_versions(self) -> bool:
        """Whether a filter looks at what only versions have."""
        clauses = (clause.asked for group in self.question.groups for clause in group)
        return any(isinstance(asked, Filter) and asked.fact == "flag" for asked in clauses)

    def of_articles(self, found: Select[Any]) -> Select[Any]:
        """``found`` of the table of articles, joined with what its conditions look at."""
        return found.join(version, current) if self.needs_versions else found

    @property
    def _fields(self) -> list[Filter]:
        """What the fields of the query ask for."""
        query = self.query
        said: dict[Fact, str | datetime | None] = {
            "source": query.source, "lang": query.language, "since": query.since, "until": query.until
        }  # fmt: skip
        return [Filter(fact, value) for fact, value in said.items() if value is not None]

    @property
    def _language(self) -> ColumnElement[Any]:
        return version.c.language if self.by_place else self.table.c.language

    def _has_flag(self, flag: str) -> ColumnElement[bool]:
        if self.dialect == "sqlite":
            flags = func.json_each(version.c.flags).table_valued("value")
            return exists(select(literal(1)).select_from(flags).where(flags.c.value == flag))
        return cast(version.c.flags, JSONB).contains([flag])

    def _holds(self, clause: Clause) -> ColumnElement[bool]:
        if isinstance(clause.asked, Filter):
            condition = self.fact(clause.asked)
        else:
            condition = and_(*matching([clause.asked], self.dialect))
        return not_(func.coalesce(condition, false())) if clause.is_not else condition

    def _any(self, group: Sequence[Clause]) -> list[ColumnElement[bool]]:
        words = [clause.asked for clause in group if isinstance(clause.asked, Words) and not clause.is_not]
        others = [clause for clause in group if clause.is_not or isinstance(clause.asked, Filter)]
        return matching(words, self.dialect, is_any=True) + [self._holds(clause) for clause in others]


def hits(query: Query, dialect: str, *, positioned: bool = False) -> Select[tuple[object, ...]]:
    """The articles that answer ``query`` as rows of ``schema.articles()``, in the order it asks for.

    positioned: each row has the fields of its ``Position`` behind those, in their order.
    """
    asked = Asked.of(query, dialect)
    rank = asked.rank()
    conditions = asked.holding() + asked.found() + asked.behind(rank)
    order = [column.desc() for column in asked.order(rank)]
    if query.by == "sighting":
        found = schema.sightings().where(*conditions).order_by(*order).limit(query.limit)
    elif query.limit is None:
        found = articles().where(*conditions).order_by(*order)
    else:  # two steps, so that the texts of those that will not be shown are not even read
        shown = asked.of_articles(select(article.c.seq).select_from(article))
        if rank is not None:
            shown = shown.outerjoin(rank, rank.c.seq == article.c.seq)
        shown = shown.where(*conditions).order_by(*order).limit(max(0, query.limit))
        found = articles().where(article.c.seq.in_(shown)).order_by(*order)
    if rank is not None:
        found = found.outerjoin(rank, rank.c.seq == article.c.seq)
    return with_positions(found, asked, rank) if positioned else found


def with_positions(found: Select[Any], asked: Asked, rank: FromClause | None) -> Select[Any]:
    """Rows of articles with the fields of their ``Position`` behind those."""
    score = null() if rank is None else asked.score(rank)
    place = capture.c.key if asked.by_place else null()
    return found.add_columns(asked.dated_at, article.c.id.label("reached"), score.label("score"), place.label("place"))


def number_of_hits(query: Query, dialect: str) -> Select[int]:
    """How many articles answer ``query``, its limit apart."""
    asked = Asked.of(query, dialect).by_facets()
    if asked.words.required and not asked.by_place and not asked.holding():  # the index knows them all, and no others
        return select(func.count()).select_from(asked.words.entries(dialect).subquery())
    return tallied(asked, asked.number)


def tally(query: Query, dialect: str, *columns: ColumnElement[Any]) -> Select[Any]:
    """``columns``, such as counts, over all that answers ``query``: of the article, or with sightings of the place."""
    return tallied(Asked.of(query, dialect), *columns)


def tallied(asked: Asked, *columns: ColumnElement[Any]) -> Select[Any]:
    """As ``tally``, of what was made ready; the columns are those of ``asked.table``."""
    if asked.table is facets and asked.words.required:  # joined: SQLite would gather the hits before it looks them up
        hits = asked.words.entries(asked.dialect).subquery()
        (seq,) = hits.c
        return select(*columns).select_from(hits.join(facets, facets.c.seq == seq)).where(*asked.holding())
    conditions = asked.holding() + asked.found()
    if asked.by_place:
        return schema.sightings().with_only_columns(*columns, maintain_column_froms=True).where(*conditions)
    return asked.of_articles(select(*columns).select_from(asked.table)).where(*conditions)
