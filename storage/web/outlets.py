"""Outlets: how each source does, as one word and the reason for it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from storage.archive import Archive
from storage.links import SourceRecord
from storage.records import Run
from storage.web.newsroom import Newsroom
from storage.web.sparkline import DAYS, Sparkline, sparkline

State = Literal["broken", "late", "well", "new", "off"]
"""broken: its last run brought nothing but failures; late: its time has passed; new: no run yet; off: switched off."""

ORDER: tuple[State, ...] = ("broken", "late", "new", "well", "off")
"""What needs somebody first."""

_GRACE = timedelta(minutes=30)  # behind its time, before a source is called late


@dataclass(frozen=True, slots=True)
class Outlet:
    """A source, how it does, and why it is said to. last: its latest run. next_at: when it is due."""

    record: SourceRecord
    state: State
    why: str
    last: Run | None
    next_at: datetime | None
    volume: Sparkline


@dataclass(frozen=True, slots=True)
class Listing:
    """A place of a source, as its file has it."""

    kind: str
    urls: tuple[str, ...]
    pages: int | None


def outlets(archive: Archive, newsroom: Newsroom, now: datetime) -> list[Outlet]:
    """Every source, those that need somebody first."""
    runs, volumes = archive.overview.last_runs(), volumes_of(archive, now.date())
    found = []
    for record in archive.sources.all():
        found.append(outlet(record, runs.get(record.name), newsroom, volumes, now))
    return sorted(found, key=lambda each: (ORDER.index(each.state), each.record.name))


def outlet(
    record: SourceRecord, last: Run | None, newsroom: Newsroom, volumes: Mapping[str, Mapping[date, int]], now: datetime
) -> Outlet:
    """One source."""
    next_at = newsroom.next_run(record.name) if record.enabled else None
    state, why = _state(record, last, next_at, now)
    return Outlet(record, state, why, last, next_at, sparkline(volumes.get(record.name, {}), now.date()))


def volumes_of(archive: Archive, today: date) -> Mapping[str, Mapping[date, int]]:
    """The articles of each source by day, of the days that are drawn."""
    return archive.overview.volumes(today - timedelta(days=DAYS - 1), today + timedelta(days=1))


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


def _state(record: SourceRecord, last: Run | None, next_at: datetime | None, now: datetime) -> tuple[State, str]:
    if not record.enabled:
        return "off", "switched off"
    if last is None:
        return "new", "no run yet"
    counts, listings = dict(last.counts), dict(last.listings)
    failed = counts.get("failed", 0) + counts.get("set-aside", 0)
    if listings.get("failed") and not listings.get("listed"):
        return "broken", "none of its places could be read"
    if failed and not any(counts.get(each) for each in ("stored", "version", "duplicate", "unchanged")):
        return "broken", "links found, no article read"
    if next_at is not None and next_at + _GRACE < now.astimezone(UTC):
        return "late", "its time has passed, and nobody has filed it"
    if last.finished_at is not None and not last.named:
        return "late", "its places named nothing the last time"
    return "well", f"{failed} failed the last time" if failed else ""
