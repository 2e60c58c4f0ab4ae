"""Search: what the index holds, and a ``Query`` as SQL. It means the same on SQLite and on PostgreSQL.

The table ``article_words`` is fed with the tokens of ``storage.words`` and with nothing else, under ``article.seq``:

    SQLite       article_words(title, text)     a contentless FTS5 table; the tokens joined by spaces
    PostgreSQL   article_words(seq, words)      a tsvector: the tokens of the title, a gap, the tokens of the text

A tsvector has limits. It holds 256 positions of a lexeme: further ones stand under the lexeme with a space and a
number behind it, which no token has. It knows no position beyond 16,383: words further back are found, but not as
parts of a phrase. And it holds 1 MiB, about 100,000 different words: those that come after are not found. FTS5 has
none of these limits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from storage import schema
from storage.records import Query
from storage.schema import article, articles, capture, current, version
from storage.words import open_ended, terms, tokens

_POSITIONS = 256  # of one lexeme
_LAST_POSITION = 16_382
_VECTOR_BYTES = 1_000_000  # PostgreSQL refuses 1,048,576
_AT_ONCE = 100  # tokens in one tsquery or phrase: both databases take a question apart by recursion

_FTS = table("article_words", column("rowid", BigInteger))
_VECTORS = table("article_words", column("seq", BigInteger), column("words"))
_INTO_FTS = text("INSERT OR REPLACE INTO article_words (rowid, title, text) VALUES (:seq, :title, :text)")
_INTO_VECTORS = text(
    "INSERT INTO article_words (seq, words) VALUES (:seq, CAST(:words AS tsvector))"
    " ON CONFLICT (seq) DO UPDATE SET words = excluded.words"
)


def index(connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Make articles findable: (seq, title, text) each. What was indexed under the same seq before is replaced."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(
            _INTO_FTS,
            [
                {"seq": seq, "title": " ".join(tokens(title)), "text": " ".join(tokens(body))}
                for seq, title, body in rows
            ],
        )
    else:
        connection.execute(
            _INTO_VECTORS, [{"seq": seq, "words": _vector(tokens(title), tokens(body))} for seq, title, body in rows]
        )


def matching(asked: Sequence[tuple[str, ...]], dialect: str) -> ColumnElement[bool]:
    """The condition on ``article.seq`` that every term of ``storage.words.terms`` occurs in the title or in the text.

    dialect: ``sqlite`` or ``postgresql``. A term of more than 100 tokens is looked for in stretches of 100.
    """
    stretches = [
        term[at : at + _AT_ONCE]
        for term in asked
        for at in range(0, max(1, len(term) - 1), _AT_ONCE - 1)  # each stretch begins with the last token before it
    ]
    spelled = list(dict.fromkeys(map(_fts_phrase if dialect == "sqlite" else _ts_phrase, stretches)))
    together = [spelled[at : at + _AT_ONCE] for at in range(0, len(spelled), _AT_ONCE)]
    if dialect == "sqlite":
        found = [
            select(_FTS.c.rowid).where(literal_column("article_words").op("MATCH")(" AND ".join(some)))
            for some in together
        ]
        return and_(*(article.c.seq.in_(rowids) for rowids in found))
    holds = [_VECTORS.c.words.op("@@")(cast(bindparam(None, " & ".join(some), Text), TSQUERY)) for some in together]
    return article.c.seq.in_(select(_VECTORS.c.seq).where(*holds))


def hits(query: Query, dialect: str) -> Select[tuple[object, ...]]:
    """The articles that answer ``query`` as rows of ``schema.articles()``, newest first."""
    if query.by == "sighting":
        by_place = schema.sighted_at.desc(), article.c.id.desc(), capture.c.key.desc()
        return schema.sightings().where(*_conditions(query, dialect)).order_by(*by_place).limit(query.limit)
    newest_first = article.c.dated_at.desc(), article.c.id.desc()
    if query.limit is None:
        return articles().where(*_conditions(query, dialect)).order_by(*newest_first)
    # Two steps, so that the texts of those that will not be shown are not even read.
    shown = _asked(select(article.c.seq), query, dialect).order_by(*newest_first).limit(max(0, query.limit))
    return articles().where(article.c.seq.in_(shown)).order_by(*newest_first)


def number_of_hits(query: Query, dialect: str) -> Select[int]:
    """How many articles answer ``query``, its limit apart."""
    if query.by == "sighting":
        found = schema.sightings().with_only_columns(func.count(article.c.seq), maintain_column_froms=True)
        return found.where(*_conditions(query, dialect))
    return _asked(select(func.count(article.c.seq)), query, dialect)


def _asked(found: Select[int], query: Query, dialect: str) -> Select[int]:
    if query.source is not None or query.language is not None:
        found = found.join(version, current)
    return found.where(*_conditions(query, dialect))


def _conditions(query: Query, dialect: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.words and not query.words.isspace():
        asked = terms(query.words)
        conditions.append(matching(asked, dialect) if asked else false())  # "???" is no word of any article
    source, dated_at = (
        (capture.c.source, schema.sighted_at) if query.by == "sighting" else (version.c.source, article.c.dated_at)
    )
    if query.source is not None:
        conditions.append(source == query.source)
    if query.language is not None:
        conditions.append(version.c.language == query.language)
    if query.since is not None:
        conditions.append(dated_at >= query.since)
    if query.until is not None:
        conditions.append(dated_at < query.until)
    return conditions


def _fts_phrase(term: tuple[str, ...]) -> str:
    return f'"{" ".join(term)}"' + ("*" if open_ended(term) else "")


def _ts_phrase(term: tuple[str, ...]) -> str:
    if len(term) == 1:
        return f"'{term[0]}':*" if open_ended(term) else f"'{term[0]}'"
    words = [f"('{token}' | '{token} ':*)" for token in term]  # with the lexemes of further positions
    if open_ended(term):
        words[-1] = f"'{term[-1]}':*"
    return f"({' <-> '.join(words)})"


def _vector(title: Sequence[str], body: Sequence[str]) -> str:
    """A tsvector as PostgreSQL reads it. Tokens hold no quote and no backslash, so nothing is to be escaped."""
    positions: dict[str, list[int]] = {}
    for first, words in ((1, title), (len(title) + 2, body)):  # phrases do not reach across the gap
        for position, token in enumerate(words, start=first):
            if token in positions:
                positions[token].append(position)
            else:
                positions[token] = [position]
    lexemes: list[str] = []
    room = _VECTOR_BYTES
    for token, found in positions.items():
        held = found[: bisect_right(found, _LAST_POSITION)]
        lexemes.append(f"'{token}':{','.join(map(str, held[:_POSITIONS]))}" if held else f"'{token}'")
        lexemes += [
            f"'{token} {at}':{','.join(map(str, held[at : at + _POSITIONS]))}"
            for at in range(_POSITIONS, len(held), _POSITIONS)
        ]
        room -= len(token.encode()) + 4 + 3 * len(held)
        if room < 0:
            break
    return " ".join(lexemes)
