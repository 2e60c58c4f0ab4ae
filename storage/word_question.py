"""Word question: terms as the word index of each database reads them, FTS5 on SQLite and tsvectors on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from storage.query_language import Clause, Question, Words
from storage.schema import article

_AT_ONCE = 100  # tokens in one tsquery or phrase: both databases take a question apart by recursion
_TITLE_WEIGHT = 5  # in bm25, to 1 of the text

_FTS = table("article_words", column("rowid", BigInteger))
_VECTORS = table("article_words", column("seq", BigInteger), column("words"), column("authors"), column("agency"))
_FTS_COLUMNS = {"anywhere": "{title text}", "title": "title", "author": "authors", "agency": "agency"}
_BOTH = {"sqlite": " AND ", "postgresql": " & "}
_EITHER = {"sqlite": " OR ", "postgresql": " | "}
_WITHOUT = {"sqlite": " NOT ", "postgresql": " & !"}
_PG_COLUMNS = {"anywhere": "words", "title": "words", "author": "authors", "agency": "agency"}


@dataclass(frozen=True, slots=True)
class WordQuestion:
    """What of a question one look into the index answers. of each group in ``required`` a term must occur, and none
    of ``excluded``. rest: the groups that need more than this look."""

    required: tuple[tuple[Words, ...], ...]
    excluded: tuple[Words, ...]
    rest: tuple[tuple[Clause, ...], ...]

    @classmethod
    def of(cls, question: Question, dialect: str) -> WordQuestion:
        """The most that can be asked at once: on PostgreSQL, of title and text."""
        required: list[tuple[Words, ...]] = []
        excluded: list[Words] = []
        rest: list[tuple[Clause, ...]] = []
        room = _AT_ONCE
        for group in sorted(question.groups, key=lambda group: any(clause.is_not for clause in group)):
            terms = [clause.asked for clause in group if isinstance(clause.asked, Words)]
            size = sum(len(term.tokens) for term in terms)
            in_reach = dialect == "sqlite" or all(_PG_COLUMNS[term.place] == "words" for term in terms)
            if len(terms) < len(group) or size > room or not in_reach:
                rest.append(group)
            elif not any(clause.is_not for clause in group):
                required.append(tuple(terms))
                room -= size
            elif len(group) == 1 and required:  # nothing is left out of nothing
                excluded += terms
                room -= size
            else:
                rest.append(group)
        return cls(tuple(required), tuple(excluded), tuple(rest))

    def spelled(self, dialect: str) -> str:
        """The question as the index reads it; only where something is required."""
        groups = (_EITHER[dialect].join(_terms(group, dialect)) for group in self.required)
        spelled = _BOTH[dialect].join(f"({group})" for group in groups)
        return spelled + "".join(_WITHOUT[dialect] + term for term in _terms(self.excluded, dialect))

    def entries(self, dialect: str) -> Select[Any]:
        """The ``seq`` of all that the look finds."""
        return found_in("words", self.spelled(dialect), dialect)

    def holds(self, dialect: str, seq: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that the article of a ``seq`` is found."""
        return seq.in_(self.entries(dialect))

    def holds_among(self, dialect: str, first: int, last: int, others: Sequence[int]) -> ColumnElement[bool]:
        """The condition that an article is found, and is one of a range of the index or one of a few others."""
        entries = self.entries(dialect)
        (seq,) = entries.selected_columns
        looks = [entries.where(seq.between(first, last)), *(entries.where(seq == other) for other in others)]
        return or_(*(article.c.seq.in_(look) for look in looks))

    @property
    def has_beginnings(self) -> bool:
        """Whether it asks for words that begin so: each look gathers all of them."""
        return any(term.is_open for terms in (*self.required, self.excluded) for term in terms)


def weighed(words: WordQuestion, question: Question, dialect: str) -> Select[Any] | None:
    """The ``seq`` of articles and a ``score``: how well they answer, the better the higher. None where no words are
    sought."""
    if words.required:
        sought = words.spelled(dialect)
    else:
        terms = [term for term in question.sought if dialect == "sqlite" or _PG_COLUMNS[term.place] == "words"]
        sought = _EITHER[dialect].join(_terms(terms, dialect)[:_AT_ONCE])
    if not sought:
        return None
    if dialect == "sqlite":
        seq: ColumnElement[Any] = _FTS.c.rowid
        score: ColumnElement[Any] = literal_column(f"-bm25(article_words, {_TITLE_WEIGHT}, 1, 1, 1)")
    else:
        seq = _VECTORS.c.seq
        score = cast(func.ts_rank_cd(_VECTORS.c.words, cast(bindparam(None, sought, Text), TSQUERY)), Double)
    return found_in("words", sought, dialect).with_only_columns(seq.label("seq"), score.label("score"))


def matching(asked: Sequence[Words], dialect: str, *, is_any: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on ``article.seq``: that every term occurs where it is sought, or with ``is_any`` at least one does.

    dialect: ``sqlite`` or ``postgresql``. A term of more than 100 tokens is looked for in stretches of 100.
    """
    joined = _EITHER[dialect] if is_any else _BOTH[dialect]
    conditions: list[ColumnElement[bool]] = []
    for where, spelled in _by_column(asked, dialect):
        for at in range(0, len(spelled), _AT_ONCE):
            found = found_in(where, joined.join(spelled[at : at + _AT_ONCE]), dialect)
            conditions.append(article.c.seq.in_(found))
    return conditions


def found_in(where: str, sought: str, dialect: str) -> Select[Any]:
    """The ``seq`` of what the index has of ``sought``, as spelled. where: the column, on PostgreSQL."""
    if dialect == "sqlite":
        return select(_FTS.c.rowid).where(literal_column("article_words").op("MATCH")(sought))
    return select(_VECTORS.c.seq).where(_VECTORS.c[where].op("@@")(cast(bindparam(None, sought, Text), TSQUERY)))


def are_many(entries: Select[Any], number: int) -> Select[int]:
    """A question whose answer is ``number`` where there are so many or more, and less where there are less."""
    return select(func.count()).select_from(entries.limit(number).subquery())


def _by_column(asked: Iterable[Words], dialect: str) -> list[tuple[str, list[str]]]:
    """Terms as the database reads them, with the column that is asked; FTS5 has columns in the question itself."""
    if dialect == "sqlite":
        terms = _terms(asked, dialect)
        return [("", terms)] if terms else []
    by_column = sorted(asked, key=lambda term: _PG_COLUMNS[term.place])
    return [
        (where, _terms(terms, dialect)) for where, terms in groupby(by_column, key=lambda term: _PG_COLUMNS[term.place])
    ]


def _terms(asked: Iterable[Words], dialect: str) -> list[str]:
    return list(dict.fromkeys(map(_fts_term if dialect == "sqlite" else _ts_term, asked)))


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
