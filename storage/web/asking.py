"""Asking: the state of the search page. All of it stands in the address, so a copied address gives the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal, Self, get_args
from urllib.parse import urlencode

from storage.positions import Position
from storage.records import Query, Sort
from storage.search import question_of
from storage.times import moment, rfc3339

Unit = Literal["hour", "day", "week", "month", "year"]
"""What one bar of a timeline stands for."""

HITS = 50
"""On a page of results."""

MOST_QUESTIONS = 4
"""That are compared on one page."""

_NAMES = ("q", "source", "language", "since", "until", "by", "sort", "after", "counts")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of results was asked for, as it stands in the address; an empty text is not there.

    counts: ``all`` to wait for counts however long they take. versus: further questions, to be compared with ``q``.
    """

    q: str = ""
    source: str = ""
    language: str = ""
    since: str = ""
    until: str = ""
    by: str = ""
    sort: str = ""
    after: str = ""
    counts: str = ""
    versus: tuple[str, ...] = ()

    @classmethod
    def read(cls, parameters: Sequence[tuple[str, str]]) -> Self:
        """What the parameters of an address say; those of other names are left alone. ``q`` may come several times."""
        said = {name: value.strip() for name, value in parameters}
        questions = [value.strip() for name, value in parameters if name == "q" and value.strip()]
        first, *others = dict.fromkeys(questions) or ("",)
        return cls(**{name: said.get(name, "") for name in _NAMES} | {"q": first}, versus=tuple(others))

    def asking(self, *questions: str) -> Self:
        """The same of other questions, which are distinct."""
        first, *others = questions or ("",)
        return replace(self, q=first, versus=tuple(others), after="")

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that are compared; further ones are left out, and noted."""
        return (self.q, *self.versus)[:MOST_QUESTIONS]

    def address(self, **changes: str) -> str:
        """Where the same is asked, but for these changes; always from the first page, unless ``after`` is one."""
        changed = {"after": ""} | changes
        said = self.parameters() | changed
        versus = () if "q" in changes else self.questions[1:]
        pairs = [(name, said[name]) for name in _NAMES if said.get(name)]
        pairs[1:1] = [("q", question) for question in versus]
        return f"/search?{urlencode(pairs)}" if pairs else "/search"

    def parameters(self) -> dict[str, str]:
        """What is said, by its name, but for ``versus``."""
        return {name: value for name in _NAMES if (value := getattr(self, name))}

    def without(self, *names: str) -> Self:
        """The same without these."""
        kept = {name: value for name, value in self.parameters().items() if name not in (*names, "after")}
        return type(self)(**kept, versus=self.versus)

    @property
    def narrowed(self) -> list[tuple[str, str, str]]:
        """What narrows beside the words: its name, its value, and the address without it."""
        names = ("source", "language", "since", "until")
        return [(name, value, self.address(**{name: ""})) for name in names if (value := getattr(self, name))]

    @property
    def unit(self) -> Unit | None:
        """What a bar shall stand for; None to choose by the length of the period."""
        return next((unit for unit in get_args(Unit) if unit == self.by), None)

    def query(self, today: date) -> Query:
        """The query; what cannot be read narrows nothing, and is in the ``notes``."""
        after = None
        if self.after:
            try:
                after = Position.read(self.after)
            except ValueError:
                after = None
        return Query(
            words=self.q or None, source=self.source or None, language=self.language or None,
            since=moment(self.since, today), until=moment(self.until, today), limit=HITS,
            sort=next((sort for sort in get_args(Sort) if sort == self.sort), "newest"), after=after,
        )  # fmt: skip

    def notes(self, query: Query) -> tuple[str, ...]:
        """What was read otherwise than it may have been meant. query: of this."""
        notes = list(question_of(query).notes)
        for name in ("since", "until"):
            said = getattr(self, name)
            if said and getattr(query, name) is None:
                notes.append(f"{name}={said[:80]}: no time such as 2026-07, 2026-07-15, yesterday, 7d; left out")
        if self.by and self.unit is None:
            notes.append(f"by={self.by[:80]}: bars are by {', '.join(get_args(Unit))}")
        if self.sort and query.sort != self.sort:
            notes.append(f"sort={self.sort[:80]}: hits are sorted by {', '.join(get_args(Sort))}")
        if self.after and query.after is None:
            notes.append("after: no position in a list of articles; this is the first page")
        if len(self.versus) >= MOST_QUESTIONS:
            notes.append(f"q: {MOST_QUESTIONS} questions are compared; the others are left out")
        return tuple(notes)


def written(at: datetime) -> str:
    """A moment as an address has it: a day where it is midnight."""
    utc = at.astimezone(UTC)
    return (
        utc.date().isoformat() if (utc.hour, utc.minute, utc.second, utc.microsecond) == (0, 0, 0, 0) else rfc3339(utc)
    )
