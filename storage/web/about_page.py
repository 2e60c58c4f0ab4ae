"""The about page: which copydesk this is, what the archive holds and since when, and how to get around."""

from __future__ import annotations

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response

from storage.records import Query
from storage.web.counter import seconds_left
from storage.web.front_desk import desk_of
from storage.web.rendering import page

_SOURCES = 200  # whose coverage is shown, those with the most articles


def about(request: Request) -> Response:
    """What this is. What cannot be counted quickly is a link, ``counts=all``."""
    desk = desk_of(request)
    archive, overview, safety = desk.archive, desk.archive.overview, desk.safety
    left = seconds_left(safety.seconds if request.query_params.get("counts") == "all" else safety.counting_seconds)
    numbers = overview.numbers(left())
    counted = overview.counts(Query(), "source", left())
    named = [each for each in counted or () if each.key]
    return page(
        request, "about", version=version("copydesk"), migration=archive.migration(), dated=overview.dated(),
        database=archive.database.partition(":")[0].partition("+")[0], numbers=numbers,
        sources=None if counted is None else named[:_SOURCES], more=len(named[_SOURCES:]),
        newest=overview.newest([each.key for each in named[:_SOURCES] if each.key]),
        captured_bytes=overview.captured_bytes(left()),
    )  # fmt: skip
