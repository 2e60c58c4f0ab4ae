"""The pace of a source for people: a command that shows when its articles come and when it is looked at, and a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from crawler.pace import Pace
    from crawler.source import Source
    from storage.archive import Archive

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.command(short_help="Show when a source is looked at, and why then.")
@click.argument("name")
@speaks
@click.pass_obj
def pace(open_archive: OpenArchive, desk: Desk, name: str) -> None:
    """Show how many articles are expected of a source in each hour of the week, and how often it is looked at then.

    \b
    copydesk sources pace gazette

    Hours are of UTC. A source without auto = true is shown as if it had it.
    """
    from crawler.budget import rhythm_of
    from crawler.crawl import find_source
    from crawler.settings import Settings

    source = find_source(Settings.here().sources, name)
    with open_archive() as archive:
        record = archive.paces.get(name)
        paced = _paces(archive, source)[name]
    rhythm = rhythm_of(record)
    if desk.json:
        desk.record({
            "name": name, "auto": source.schedule.auto,
            "learned_at": record and record.learned_at and rfc3339(record.learned_at),
            "next_at": record and record.next_at and rfc3339(record.next_at),
            "articles_a_week": round(rhythm.articles_a_week, 1), "looks_a_day": round(paced.looks_a_day, 1),
            "articles": [round(number, 3) for number in rhythm.hours],
            "looks": [round(number, 3) for number in paced.looks],
        })  # fmt: skip
        return
    desk.say(f"{name}: {said(source, paced, datetime.now(UTC))}")
    if record is None or record.learned_at is None:
        desk.say("nothing was learned of it yet: this is where every source begins")
    else:
        desk.say(f"{rhythm.articles_a_week:,.0f} articles a week are expected; learned {desk.time(record.learned_at)}")
    if record and record.next_at:
        desk.say(f"next look: {rfc3339(record.next_at)}")
    _show_week(desk, "articles an hour", rhythm.hours)
    _show_week(desk, "looks an hour", paced.looks)


def said(source: Source, paced: Pace, at: datetime) -> str:
    """A pace in a line: ``about every 12 min now, 2 h at the quietest; 31 requests a day``."""
    from crawler.budget import cost_of

    now, longest = paced.interval(at), timedelta(hours=1) / min(paced.looks)
    requests = paced.looks_a_day * cost_of(source)
    return f"about every {_span(now)} now, {_span(longest)} at the quietest; {requests:,.0f} requests a day"


def all_said(archive: Archive, sources: Sequence[Source]) -> dict[str, str]:
    """The line of each source whose pace is learned."""
    now = datetime.now(UTC)
    paced = [source for source in sources if source.schedule.auto and source.enabled]
    found = _paces(archive) if paced else {}
    return {source.name: said(source, found[source.name], now) for source in paced}


def line_of(archive: Archive, source: Source) -> str | None:
    """The line of one source, switched on or not; None where its pace is not learned."""
    if not source.schedule.auto:
        return None
    return said(source, _paces(archive, source)[source.name], datetime.now(UTC))


def _paces(archive: Archive, *sources: Source) -> dict[str, Pace]:
    """The paces of all that share the budget, and of these."""
    from crawler.budget import paces, shared_with
    from crawler.settings import Settings

    settings = Settings.here()
    return dict(paces(shared_with(settings.sources, sources), archive.paces.all(), settings.a_day))


def _show_week(desk: Desk, what: str, hours: Sequence[float]) -> None:
    """A table of the days by the hours."""
    desk.show()
    desk.table(
        list(range(24)),
        [
            Column[int](what, lambda hour: f"{hour:02}:00"),
            *(
                Column[int](day, lambda hour, at=at: _number(hours[at * 24 + hour]))  # type: ignore[misc]
                for at, day in enumerate(_DAYS)
            ),
        ],
        lambda _: {},
    )


def _number(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}" if number >= 0.1 else f"{number:.2f}"


def _span(span: timedelta) -> str:
    """A time as people say it: ``12 min``, ``1.5 h``."""
    minutes = span / timedelta(minutes=1)
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h".replace(".0 h", " h")
