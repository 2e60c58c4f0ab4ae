"""The commands for days of which articles are missing: gaps and backfill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.speaking import OpenArchive, When, speaks

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.pulses import SourceDay

_DAYS = 30
"""Before today, that are looked at unless told otherwise."""


@click.command(short_help="Days of which articles of a source are missing.")
@click.argument("name")
@click.option("--since", type=When(), help="From this day on; the last 30 if not given.")
@click.option("--until", type=When(), help="Before this day.")
@click.option("--all", "every", is_flag=True, help="Every day, not the gaps alone.")
@speaks
@click.pass_obj
def gaps(
    open_archive: OpenArchive, desk: Desk, name: str, since: datetime | None, until: datetime | None, *, every: bool
) -> None:
    """List the days of a source with fewer articles than were to be expected, by the day of their publication.

    \b
    copydesk sources gaps gazette
    copydesk sources gaps gazette --all

    A gap that was filled later stays in the list, as filled. The exit code is 1 if there is a gap.
    """
    with open_archive() as archive:
        days = _days(archive, name, since, until)
    shown = [day for day in days if every or day.is_gap or day.is_filled]
    desk.table(
        shown,
        [
            Column["SourceDay"]("day", lambda day: f"{day.day:%Y-%m-%d}"),
            Column("expected", lambda day: "" if day.expected is None else round(day.expected)),
            Column("at least", lambda day: "" if day.least is None else round(day.least)),
            Column("seen", lambda day: day.seen),
            Column("late", lambda day: day.late),
            Column("", _state),
        ],
        lambda day: {
            "source": name, "day": f"{day.day:%Y-%m-%d}", "expected": day.expected, "least": day.least,
            "seen": day.seen, "late": day.late, "state": _state(day),
        },
    )  # fmt: skip
    number = sum(day.is_gap for day in days)
    if number:
        desk.note(f"{number} of {len(days)} days are gaps; try: copydesk sources backfill {name}")
        raise SystemExit(1)
    if desk.on_terminal:
        desk.say(f"no gap in {len(days)} days")


@click.command(short_help="Fetch what is missing of past days.")
@click.argument("name")
@click.option("--from", "since", type=When(), help="Articles from this time on; from the first gap if not given.")
@click.option("--to", "until", type=When(), help="Articles before this time; up to the last gap if not given.")
@click.option("--file-only", is_flag=True, help="File the run, and leave it to a worker.")
@speaks
@click.pass_obj
def backfill(
    open_archive: OpenArchive, desk: Desk, name: str, since: datetime | None, until: datetime | None, *, file_only: bool
) -> None:
    """Fetch what is missing of past days, through the sitemaps of a source or, where it has none, its sections.

    \b
    copydesk sources backfill gazette
    copydesk sources backfill gazette --from 2026-11-18 --to 2026-11-21

    What the archive has is not fetched again. copydesk sources gaps tells what is still missing then.
    """
    from crawler.crawl_commands import bring
    from storage.links import Order

    if since is None:
        with open_archive() as archive:
            missing = [day.day for day in _days(archive, name, None, until) if day.is_gap]
        if not missing:
            desk.say(f"{name}: no gap in the last {_DAYS} days")
            return
        since, until = missing[0], until or missing[-1] + timedelta(days=1)
    bring(open_archive, desk, (name,), Order(since, until), file_only=file_only)


def _days(archive: Archive, name: str, since: datetime | None, until: datetime | None) -> tuple[SourceDay, ...]:
    archive.sources.get(name)
    archive.pulses.fold()
    return archive.pulses.days(name, since or datetime.now(UTC) - timedelta(days=_DAYS), until)


def _state(day: SourceDay) -> str:
    return "gap" if day.is_gap else "filled" if day.is_filled else ""


GAPS = (gaps, backfill)
