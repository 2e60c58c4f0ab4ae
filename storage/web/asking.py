"""Asking: the state of the search page. All of it stands in the address, so a copied address gives the same answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of results was asked for, as it stands in the address; an empty text is not there.

    counts: ``all`` to wait for counts however long they take.
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

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> Self:
        """What the parameters of an address say; those of other names are left alone."""
        return cls(**{field.name: parameters.get(field.name, "").strip() for field in fields(cls)})

    def address(self, **changes: str) -> str:
        """Where the same is asked, but for these changes; always from the first page, unless ``after`` is one."""
        said = replace(self, **{"after": ""} | changes)
        return f"/search?{urlencode(said.parameters())}" if said.parameters() else "/search"

    def parameters(self) -> dict[str, str]:
        """What is said, by its name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def without(self, *names: str) -> Self:
        """The same without these."""
        return replace(self, **dict.fromkeys((*names, "after"), ""))

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
        return tuple(notes)


def written(at: datetime) -> str:
    """A moment as an address has it: a day where it is midnight."""
    utc = at.astimezone(UTC)
    return (
        utc.date().isoformat() if (utc.hour, utc.minute, utc.second, utc.microsecond) == (0, 0, 0, 0) else rfc3339(utc)
    )
