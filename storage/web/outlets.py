"""Outlets: how each source does, in a word, by the problems that are open."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from storage.archive import Archive
from storage.links import SourceRecord
from storage.problems import Problem
from storage.records import Run
from storage.web.newsroom import Newsroom
from storage.web.sparkline import DAYS, Sparkline, sparkline

State = Literal["broken", "late", "well", "new", "off"]
"""broken, late: it has such a problem; new: no article of it was stored yet; off: switched off."""

ORDER: tuple[State, ...] = ("broken", "late", "new", "well", "off")
"""What needs somebody first."""

_GRACE = timedelta(minutes=30)  # behind its time, before a schedule is missed


@dataclass(frozen=True, slots=True)
class Outlet:
    """A source, and how it does. problem: the one that is open. last: its latest run. next_at: when it is due."""

    record: SourceRecord
    state: State
    problem: Problem | None
    last: Run | None
    next_at: datetime | None
    volume: Sparkline


@dataclass(frozen=True, slots=True)
class Listing:
    """A place of a source, as its file has it."""

    kind: str
    urls: tuple[str, ...]
    pages: int | None


def outlets(archive: Archive, newsroom: Newsroom, problems: Collection[Problem], now: datetime) -> list[Outlet]:
    """Every source, those that need somebody first. problems: that are open. As many queries for many as for one."""
    today, records = now.date(), archive.sources.all()
    first = today - timedelta(days=DAYS - 1)
    runs, next_at = archive.overview.last_runs(), newsroom.next_runs(records)
    volumes, gaps = archive.overview.volumes(first, today + timedelta(days=1)), archive.pulses.gaps(first)
    of = {problem.source: problem for problem in problems}
    found = [
        Outlet(
            each, state_of(each, of.get(each.name)), of.get(each.name), runs.get(each.name), next_at.get(each.name),
            sparkline(volumes.get(each.name, {}), today, gaps.get(each.name, ())),
        )
        for each in records
    ]  # fmt: skip
    return sorted(found, key=lambda each: (ORDER.index(each.state), each.record.name))


def state_of(record: SourceRecord, problem: Problem | None) -> State:
    """How a source does. problem: the one of it that is open."""
    if not record.enabled:
        return "off"
    if problem is not None:
        return "late" if problem.state == "late" else "broken"
    return "well" if record.verified_at else "new"


def overdue(outlets: Collection[Outlet], now: datetime) -> int:
    """How many sources were due a while ago and are not looked at: of a schedule that runs, none."""
    return sum(each.next_at is not None and each.next_at + _GRACE < now for each in outlets)


def places(record: SourceRecord) -> tuple[Listing, ...]:
    """Where a source lists its articles; none where its definition cannot be read."""
    try:
        said = tomllib.loads(record.definition)
    except tomllib.TOMLDecodeError:
        return ()
    tables = said.get("place", [])
    return tuple(_listing(table) for table in tables if isinstance(table, dict)) if isinstance(tables, list) else ()


def _listing(table: Mapping[str, object]) -> Listing:
    urls, pages = table.get("urls"), table.get("pages")
    return Listing(
        str(table.get("kind", "")), tuple(map(str, urls)) if isinstance(urls, list) else (),
        pages if isinstance(pages, int) else None,
    )  # fmt: skip
