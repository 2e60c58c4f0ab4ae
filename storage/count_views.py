"""How counts and top terms are shown on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from storage.console import Column, Desk
from storage.counts import BY_TIME, Count
from storage.records import CountedBy, Query
from storage.terms import Term

if TYPE_CHECKING:
    from storage.archive import Archive


def show_counts(desk: Desk, counts: Sequence[Count], by: CountedBy) -> None:
    """A number for each key."""
    desk.table(
        counts,
        [Column[Count](by, lambda count: count.key or "(unknown)"), Column("number", lambda count: count.number)],
        lambda count: {"by": by, "key": count.key, "number": count.number},
    )
    if not counts and desk.on_terminal:
        desk.say("nothing found")


def show_totals(desk: Desk, archive: Archive, queries: Sequence[Query]) -> None:
    """How many articles answer each query."""
    desk.table(
        [(query.words, archive.count(query)) for query in queries],
        [
            Column[tuple[str | None, int]]("query", lambda row: row[0] or "(everything)", shrinks=True),
            Column("number", lambda row: row[1]),
        ],
        lambda row: {"query": row[0], "number": row[1]},
    )


def show_comparison(desk: Desk, archive: Archive, queries: Sequence[Query], by: CountedBy) -> None:
    """The numbers of each query side by side; in a pipe without names, in the order of the queries."""
    found = [{count.key: count.number for count in archive.counts(query, by)} for query in queries]
    keys = list(dict.fromkeys(key for numbers in found for key in numbers))
    rows = [(key, [numbers.get(key, 0) for numbers in found]) for key in keys]
    rows.sort(key=(lambda row: row[0] or "") if by in BY_TIME else (lambda row: (-sum(row[1]), row[0] or "")))
    names = [query.words or "(everything)" for query in queries]
    desk.table(
        rows[: queries[0].limit],
        [
            Column[tuple[str | None, list[int]]](by, lambda row: row[0] or "(unknown)"),
            *(Column(name, lambda row, at=at: row[1][at]) for at, name in enumerate(names)),  # type: ignore[misc]
        ],
        lambda row: {"by": by, "key": row[0], "numbers": dict(zip(names, row[1], strict=True))},
    )


def show_terms(desk: Desk, found: Sequence[Term]) -> None:
    """Terms, and how much was read to find them."""
    desk.table(
        found,
        [
            Column[Term]("term", lambda term: term.term),
            Column("articles", lambda term: term.articles),
            Column("elsewhere", lambda term: term.elsewhere),
            Column("score", lambda term: f"{term.score:.1f}"),
        ],
        asdict,
    )
    if found and desk.on_terminal:
        desk.say(f"from {found[0].read:,} articles, and {found[0].read_elsewhere:,} of the rest")
    elif not found:
        desk.note("no term stands in it clearly more often than in the rest of the archive")
