"""The page of several questions: how many articles answer each, when they were, and where they stand, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from storage.counts import Count
from storage.records import CountedBy, Query
from storage.web.asking import MOST_QUESTIONS, Asked
from storage.web.comparison import LETTERS, STROKES, comparison
from storage.web.counter import Counter
from storage.web.doors import comparing_lines
from storage.web.facets import SHOWN, Facet, facets
from storage.web.front_desk import FrontDesk
from storage.web.periods import Counting
from storage.web.rendering import page


@dataclass(frozen=True, slots=True)
class Side:
    """One of the questions. alone: the page of its articles; without: the page without it. total: None where counting
    took too long."""

    letter: str
    stroke: str
    question: str
    total: int | None
    alone: str
    without: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A value of a facet, and the number of each question. address: toggles it."""

    text: str
    address: str
    is_chosen: bool
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A facet of all questions. rows: None where counting took too long."""

    title: str
    rows: tuple[Row, ...] | None

    @property
    def shown(self) -> tuple[Row, ...]:
        """The first rows."""
        return (self.rows or ())[:SHOWN]

    @property
    def more(self) -> tuple[Row, ...]:
        """The others."""
        return (self.rows or ())[SHOWN:]


def compare(request: Request, desk: FrontDesk, asked: Asked, counter: Counter) -> Response:
    """The page of the questions that stand in the address."""
    now = datetime.now(UTC)
    query = asked.query(now.date())
    queries = [replace(query, words=question) for question in asked.questions]
    totals = [counter.count(each) for each in queries]
    chart = comparison(
        [_counting(counter, each) for each in queries], asked, (query.since, query.until), now,
        lambda spans: desk.archive.overview.covered(spans, query.source),
    )  # fmt: skip
    sides = [
        Side(
            LETTERS[at], STROKES[at], question, totals[at], asked.asking(question).without("by").address(),
            asked.asking(*(other for other in asked.questions if other != question)).address(),
            asked.asking(question).notes(queries[at]) if at else asked.notes(queries[at]),
        )
        for at, question in enumerate(asked.questions)
    ]  # fmt: skip
    found = [facets(asked, each, counter.counts) for each in queries]
    return page(
        request, "compare", asked=asked, sides=sides, chart=chart,
        tables=[_table(each) for each in zip(*found, strict=True)],
        notes=list(dict.fromkeys(note for side in sides for note in side.notes)), narrowed=asked.narrowed,
        lines=comparing_lines(asked, query, chart.frame.unit if chart else None), most=MOST_QUESTIONS,
        is_counted=None not in totals,
    )  # fmt: skip


def _counting(counter: Counter, query: Query) -> Counting:
    def counts(by: CountedBy) -> Sequence[Count] | None:
        return counter.counts(query, by)

    return counts


def _table(same: Sequence[Facet]) -> Table:
    """One facet of each question as one table, the rows with the most articles of all of them first."""
    if any(facet.values is None or None in [value.number for value in facet.values] for facet in same):
        return Table(same[0].title, None)
    numbers = [{value.text: value.number or 0 for value in facet.values or ()} for facet in same]
    values = {value.text: value for facet in same for value in facet.values or ()}
    rows = [
        Row(text, value.address, value.is_chosen, tuple(each.get(text, 0) for each in numbers))
        for text, value in values.items()
    ]
    return Table(same[0].title, tuple(sorted(rows, key=lambda row: (not row.is_chosen, -sum(row.numbers), row.text))))
