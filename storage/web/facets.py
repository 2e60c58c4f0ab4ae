"""Facets: how many of the answers are of each source and language; each value is a link that toggles itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from storage.counts import Count
from storage.records import CountedBy, Query
from storage.web.asking import Asked

Name = Literal["source", "language"]

SHOWN = 8
"""Values of a facet that stand open; the others are under "more"."""

Counting = Callable[[Query, CountedBy], Sequence[Count] | None]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet. address: toggles it. number: of answers, with all that else was asked; None where
    counting took too long."""

    text: str
    number: int | None
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A field by which the answers may be narrowed. values: None where counting took too long.

    unknown: answers without a value; they cannot be chosen.
    """

    name: Name
    title: str
    values: tuple[Value, ...] | None
    unknown: int = 0

    @property
    def shown(self) -> tuple[Value, ...]:
        """The first values."""
        return (self.values or ())[:SHOWN]

    @property
    def more(self) -> tuple[Value, ...]:
        """The others."""
        return (self.values or ())[SHOWN:]


_TITLES: tuple[tuple[Name, str], ...] = (("source", "Source"), ("language", "Language"))


def facets(asked: Asked, query: Query, counting: Counting) -> tuple[Facet, ...]:
    """The facets of what was asked. The counts of each leave its own choice aside, so that others can be chosen."""
    return tuple(_facet(name, title, asked, query, counting) for name, title in _TITLES)


def _facet(name: Name, title: str, asked: Asked, query: Query, counting: Counting) -> Facet:
    others = replace(query, source=None) if name == "source" else replace(query, language=None)
    found = counting(others, name)
    chosen = getattr(asked, name)
    if found is None:
        return Facet(name, title, (_value(asked, name, chosen, None),) if chosen else None)
    numbers = {count.key: count.number for count in found}
    unknown = numbers.pop(None, 0)
    if chosen:  # first, and also where it has no answers
        numbers = {chosen: numbers.pop(chosen, 0)} | numbers
    return Facet(
        name, title, tuple(_value(asked, name, key, number) for key, number in numbers.items() if key), unknown
    )


def _value(asked: Asked, name: Name, key: str, number: int | None) -> Value:
    is_chosen = getattr(asked, name) == key
    return Value(key, number, asked.address(**{name: "" if is_chosen else key}), is_chosen)
