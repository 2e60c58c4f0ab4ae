"""The query language: what a person types, as clauses. Every text is a question; nothing in it can fail.

    flood gate            both words                     "flood gate"       the words in a row
    flood OR fire         either                         -flood             without it
    flo*                  words that begin so            title:flood        in the title (author:, agency: too)
    source:gazette lang:fr story:7f3a91 flag:incomplete  is:copy            is:canonical: no copies
    since:2021-07 until:2021-07-14                       since:7d           yesterday, today

All clauses must hold; OR binds its two neighbours closer than that, and a - closer still. What cannot be read as an
operator (``since:2021-13``, an OR with nothing behind it) is taken for words, and a note says so where it may surprise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from storage.safe_text import safe_text
from storage.times import moment
from storage.words import QUOTES, open_ended, tokens

MOST_OPERATORS = 100
"""Of one question, phrases and stars apart; the databases' own limits are not far above. Further ones are words."""

Place = Literal["anywhere", "title", "author", "agency"]
Fact = Literal["source", "lang", "story", "flag", "copy", "since", "until"]

OPERATORS = ("title", "author", "agency", "source", "lang", "story", "flag", "is", "since", "until")
"""The words that a colon makes operators."""

_PLACES: dict[str, Place] = {"title": "title", "author": "author", "agency": "agency"}
_KINDS = {"copy": False, "canonical": True}
_STORY = re.compile(r"[0-9a-f]{4,16}")
_PIECE = re.compile(
    rf"""(?P<minus>-(?=[^\s\-]))?
        (?:(?P<field>{"|".join(OPERATORS)}):(?=[^\s:]))?
        (?:"(?P<quoted>[^"]*)"(?P<star>\*)?|(?P<bare>[^\s"]+))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens that must stand in a row in a place; with ``is_open`` the last one is the beginning of a token."""

    tokens: tuple[str, ...]
    place: Place = "anywhere"  # title or text
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What a fact of the article must be. copy: ``value`` is empty. since is inclusive, until exclusive."""

    fact: Fact
    value: str | datetime = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """What must hold of an article, or must not."""

    asked: Words | Filter
    is_not: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A text as it was understood: of each group, one clause must hold.

    is_hopeless: something was typed, and no word is in it. notes: what was read otherwise than it may have been meant.
    """

    groups: tuple[tuple[Clause, ...], ...] = ()
    is_hopeless: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sought(self) -> tuple[Words, ...]:
        """The words that a hit may show, each once: what a snippet marks and a ranking weighs."""
        clauses = (clause for group in self.groups for clause in group if not clause.is_not)
        return tuple(dict.fromkeys(clause.asked for clause in clauses if isinstance(clause.asked, Words)))


def understood(text: str | None, today: date) -> Question:
    """What ``text`` asks for. today: in UTC; what yesterday and 7d are counted from. Takes time linear in the text."""
    if not text or text.isspace():
        return Question()
    reader = _Reader(today)
    for piece in _PIECE.finditer(text.translate(QUOTES)):
        reader.read(piece)
    return reader.question()


class _Reader:
    """Reads a question piece by piece."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._groups: list[list[Clause]] = []
        self._notes: list[str] = []
        self._operators = 0
        self._or: bool = False  # whether an OR waits for its second clause

    def read(self, piece: re.Match[str]) -> None:
        """Take in one piece."""
        said = piece.group()
        if said == "OR" and self._groups and not self._or and self._may():
            self._or = True
            return
        if piece["field"] or piece["minus"]:
            clause = self._clause(piece) if self._may() else None
            if clause is None:  # no operator after all: as if there were none
                self._add(self._words(said))
            else:
                self._add(clause)
        elif piece["quoted"] is not None:
            self._add(self._words(piece["quoted"], is_open=bool(piece["star"])))
        else:
            self._add(self._words(said, is_open=said.endswith("*")))

    def question(self) -> Question:
        """What was read."""
        if self._or:  # nothing came behind it
            self._or = False
            self._add(self._words("OR"))
        if self._operators > MOST_OPERATORS:
            self._notes.append(f"only the first {MOST_OPERATORS} operators are read as such; the others are words")
        groups = tuple(dict.fromkeys(tuple(dict.fromkeys(group)) for group in self._groups))
        return Question(groups, not groups, tuple(dict.fromkeys(self._notes)))

    def _may(self) -> bool:
        self._operators += 1
        return self._operators <= MOST_OPERATORS

    def _add(self, clause: Clause | None) -> None:
        if clause is None:
            return
        if self._or:
            self._groups[-1].append(clause)
            self._or = False
        else:
            self._groups.append([clause])

    def _clause(self, piece: re.Match[str]) -> Clause | None:
        field, is_not = piece["field"], piece["minus"] is not None
        value = piece["bare"] if piece["quoted"] is None else piece["quoted"]
        if field is None or field in _PLACES:
            is_open = bool(piece["star"]) or (piece["bare"] or "").endswith("*")
            return self._words(value, _PLACES.get(field or "", "anywhere"), is_open, is_not)
        if field == "is":
            if value.lower() in _KINDS:
                return Clause(Filter("copy"), is_not != _KINDS[value.lower()])
            self._notes.append(f"{piece.group()[:80]}: there are is:copy and is:canonical; read as words")
        elif field in {"since", "until"}:
            if (at := moment(value, self._today)) is not None:
                return Clause(Filter("since" if field == "since" else "until", at), is_not)
            self._notes.append(
                f"{piece.group()[:80]}: no time such as 2026-07, 2026-07-15, yesterday, 7d; read as words"
            )
        elif field == "story":
            if _STORY.fullmatch(value.lower()):
                return Clause(Filter("story", value.lower()), is_not)
            self._notes.append(f"{piece.group()[:80]}: a story is 4 to 16 of the digits 0-9 and a-f; read as words")
        elif field == "source":
            return Clause(Filter("source", safe_text(value)), is_not)
        else:
            return Clause(Filter("lang" if field == "lang" else "flag", safe_text(value.lower())), is_not)
        return None

    @staticmethod
    def _words(said: str, place: Place = "anywhere", is_open: bool = False, is_not: bool = False) -> Clause | None:
        found = tuple(tokens(said))
        return Clause(Words(found, place, is_open or open_ended(found)), is_not) if found else None
