"""The watches page: which searches are saved, what they have found, and whether it was told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from storage.records import Query
from storage.watch import Watch
from storage.web.asking import Asked, written
from storage.web.front_desk import desk_of
from storage.web.rendering import page


def watches(request: Request) -> Response:
    """Every watch. Where it tells its finds is not shown: an address of a webhook may be a secret."""
    found = desk_of(request).archive.watches.all()
    return page(request, "watches", watches=[(watch, _asked(watch.query), _state(watch)) for watch in found])


def _asked(query: Query) -> Asked:
    """The same question as a page of results."""
    return Asked(
        q=query.words or "", source=query.source or "", language=query.language or "",
        since=written(query.since) if query.since else "", until=written(query.until) if query.until else "",
    )  # fmt: skip


def _state(watch: Watch) -> str:
    if watch.given_up:
        return "broken"
    return "late" if watch.waiting and watch.why else "well"
