"""The pages of sources: how each does; and of one source its problem, volume, gaps, places and file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from storage.profiles import site_of
from storage.web.front_desk import desk_of
from storage.web.outlets import ORDER, Outlet, outlets, overdue, places, state_of
from storage.web.rendering import page
from storage.web.sparkline import DAYS, sparkline

_RUNS = 10
_SKIPS = 20


def sources(request: Request) -> Response:
    """Every source; ``state=broken`` shows only those."""
    desk = desk_of(request)
    now = datetime.now(UTC)
    problems = desk.archive.problems.open()
    found = outlets(desk.archive, desk.newsroom, problems, now)
    numbers = {state: sum(each.state == state for each in found) for state in ORDER}
    chosen = next((state for state in ORDER if state == request.query_params.get("state")), None)
    return page(
        request, "sources", outlets=[each for each in found if chosen in (None, each.state)], all=len(found),
        numbers=numbers, chosen=chosen, offline=next((each for each in problems if each.source is None), None),
        overdue=overdue(found, now),
    )  # fmt: skip


def source(request: Request) -> Response:
    """One source."""
    desk = desk_of(request)
    archive, now = desk.archive, datetime.now(UTC)
    record = archive.sources.get(request.path_params["source"])
    name, today, problems = record.name, now.date(), archive.problems.open()
    problem = next((each for each in problems if each.source == name), None)
    runs = archive.overview.runs(_RUNS, source=name)
    first = today - timedelta(days=DAYS - 1)
    days = archive.pulses.days(name, now - timedelta(days=DAYS - 1))
    volume = archive.overview.volumes(first, today + timedelta(days=1), name).get(name, {})
    shown = Outlet(
        record, state_of(record, problem), problem, next(iter(runs), None), desk.newsroom.next_run(name),
        sparkline(volume, today, [each.day.date() for each in days if each.is_gap]),
    )  # fmt: skip
    site = site_of(record.homepage)
    return page(
        request, "source", outlet=shown, places=places(record), runs=runs,
        causes=archive.overview.causes([run.id for run in runs]),
        offline=next((each for each in problems if each.source is None), None),
        gaps=[each for each in days[::-1] if each.is_gap or each.is_filled], a_day=timedelta(days=1),
        skips=archive.sources.skipped(name, _SKIPS), profile=archive.profiles.newest(site) if site else None,
    )  # fmt: skip
