"""The pages of sources: how each does; and of one source its places, volume, gaps and file."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from storage.profiles import site_of
from storage.web.front_desk import desk_of
from storage.web.outlets import ORDER, outlet, outlets, places, volumes_of
from storage.web.rendering import page

_RUNS = 10
_GAPS = 20


def sources(request: Request) -> Response:
    """Every source; ``state=broken`` shows only those."""
    desk = desk_of(request)
    now = datetime.now(UTC)
    found = outlets(desk.archive, desk.newsroom, now)
    numbers = {state: sum(each.state == state for each in found) for state in ORDER}
    chosen = next((state for state in ORDER if state == request.query_params.get("state")), None)
    return page(
        request, "sources", outlets=[each for each in found if chosen in (None, each.state)], all=len(found),
        numbers=numbers, chosen=chosen,
    )  # fmt: skip


def source(request: Request) -> Response:
    """One source."""
    desk = desk_of(request)
    archive, now = desk.archive, datetime.now(UTC)
    record = archive.sources.get(request.path_params["source"])
    runs = archive.overview.runs(_RUNS, source=record.name)
    site = site_of(record.homepage)
    return page(
        request, "source", outlet=outlet(record, next(iter(runs), None), desk.newsroom, volumes_of(archive, now.date()), now),
        places=places(record), runs=runs, causes=archive.overview.causes([run.id for run in runs]),
        gaps=archive.sources.skipped(record.name, _GAPS), profile=archive.profiles.newest(site) if site else None,
    )  # fmt: skip
