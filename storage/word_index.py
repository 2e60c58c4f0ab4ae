"""The word index: what articles are found by, on SQLite and on PostgreSQL.

The table ``article_words`` is fed with the tokens of ``storage.words`` and with nothing else, under ``article.seq``:

    SQLite       article_words(title, text, authors, agency)  FTS5, contentless where it can be; tokens joined by spaces
    PostgreSQL   article_words(seq, words, authors, agency)   tsvectors; words: the tokens of the title with the weight
                                                              A, a gap, the tokens of the text; authors: with gaps too

A tsvector has limits. It holds 256 positions of a lexeme: further ones stand under the lexeme with a space and a
number behind it, which no token has. It knows no position beyond 16,383: words further back are found, but not as
parts of a phrase, nor as those of a title. And it holds 1 MiB, about 100,000 different words: those that come after
are not found. FTS5 has none of these limits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from storage.words import tokens

_POSITIONS = 256  # of one lexeme
_LAST_POSITION = 16_382
_VECTOR_BYTES = 1_000_000  # PostgreSQL refuses 1,048,576
_INTO_FTS = text(
    "INSERT OR REPLACE INTO article_words (rowid, title, text, authors, agency)"
    " VALUES (:seq, :title, :text, :authors, :agency)"
)
_INTO_VECTORS = text(
    "INSERT INTO article_words (seq, words, authors, agency)"
    " VALUES (:seq, CAST(:words AS tsvector), CAST(:authors AS tsvector), CAST(:agency AS tsvector))"
    " ON CONFLICT (seq) DO UPDATE SET words = excluded.words, authors = excluded.authors, agency = excluded.agency"
)
_MERGED_PAGES = 1_000  # of the index, in one transaction
_MERGED = 2  # rows that are written where there was something to merge; the command itself counts as one
_BETWEEN_NAMES = "\u00a6"  # a sign, so no token of ours, yet one to FTS5: phrases do not reach across it


@dataclass(frozen=True, slots=True)
class Entry:
    """What an article is to be found by."""

    title: str
    text: str
    authors: tuple[str, ...] = ()
    agency: str | None = None


def index(connection: Connection, entries: Sequence[tuple[int, Entry]]) -> None:
    """Make articles findable, each under its seq. What was indexed under the same seq before is replaced."""
    if not entries:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(
            _INTO_FTS,
            [
                {
                    "seq": seq,
                    "title": " ".join(tokens(entry.title)),
                    "text": " ".join(tokens(entry.text)),
                    "authors": " ".join(_apart(entry.authors)),
                    "agency": " ".join(tokens(entry.agency or "")),
                }
                for seq, entry in entries
            ],
        )
    else:
        connection.execute(
            _INTO_VECTORS,
            [
                {
                    "seq": seq,
                    "words": _vector(tokens(entry.title), tokens(entry.text)),
                    "authors": _vector((), _apart(entry.authors)),
                    "agency": _vector((), tokens(entry.agency or "")),
                }
                for seq, entry in entries
            ],
        )


def remove(connection: Connection, seq: int) -> None:
    """Have an article be found no more. On SQLite its words stay in the file until ``merge`` has gone through it."""
    key = "rowid" if connection.dialect.name == "sqlite" else "seq"
    connection.execute(text(f"DELETE FROM article_words WHERE {key} = :seq"), {"seq": seq})  # noqa: S608 - one of two


def merge(connection: Connection, *, first: bool) -> bool:
    """Do some of the work that leaves of the index only what can be found; whether more is to be done. SQLite's own."""
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    pages = -_MERGED_PAGES if first else _MERGED_PAGES
    connection.exec_driver_sql(f"INSERT INTO article_words (article_words, rank) VALUES ('merge', {pages})")  # noqa: S608
    return bool(connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before >= _MERGED)


def _apart(names: Sequence[str]) -> list[str]:
    """The tokens of names in order, with something between two names that no phrase reaches across."""
    found: list[str] = []
    for name in names:
        found += ([_BETWEEN_NAMES] if found else []) + tokens(name)
    return found


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
        placed = [f"{position}A" if position <= len(title) else str(position) for position in held]
        lexemes.append(f"'{token}':{','.join(placed[:_POSITIONS])}" if held else f"'{token}'")
        lexemes += [
            f"'{token} {at}':{','.join(placed[at : at + _POSITIONS])}"
            for at in range(_POSITIONS, len(held), _POSITIONS)
        ]
        room -= len(token.encode()) + 4 + 3 * len(held)
        if room < 0:
            break
    return " ".join(lexemes)
