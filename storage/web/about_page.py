"""The about page: which copydesk this is, what the archive holds and since when, and how to get around."""

from __future__ import annotations

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response

from storage.web.front_desk import desk_of
from storage.web.rendering import page


def about(request: Request) -> Response:
    """What this is."""
    archive = desk_of(request).archive
    return page(
        request, "about", version=version("copydesk"), migration=archive.migration(), held=archive.statistics(),
        dated=archive.overview.dated(), database=archive.database.partition(":")[0].partition("+")[0],
    )  # fmt: skip
