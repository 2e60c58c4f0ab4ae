"""Watches over HTTP: the saved searches, and how far each was told. Where their finds go is not shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from storage.records import Query
from storage.watch import Watch as Kept
from storage.watch import Way
from storage.web.api.answers import answer, told
from storage.web.front_desk import desk_of


@dataclass(frozen=True, slots=True)
class WatchedQuery:
    """What a watch looks for, as the parameters of a search say it."""

    q: str | None
    source: str | None
    language: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Watch:
    """A saved search. seen: the change up to which it was asked. waiting, told, given_up: how many articles."""

    name: str
    query: WatchedQuery
    way: Way
    made_at: datetime
    seen: int
    matched_at: datetime | None
    told_at: datetime | None
    waiting: int
    told: int
    given_up: int


@dataclass(frozen=True, slots=True)
class WatchList:
    """Every watch, by name."""

    watches: list[Watch]


def routes() -> APIRouter:
    """Watches."""
    router = APIRouter(tags=["search"])
    router.add_api_route(
        "/watches", list_watches, response_model=WatchList, summary="List the saved searches",
        operation_id="list_watches", responses=told("The watches."),
    )  # fmt: skip
    return router


def list_watches(request: Request) -> Response:
    """They are made on the command line: `copydesk watch add`."""
    return answer(request, WatchList([_told(each) for each in desk_of(request).archive.watches.all()]))


def _told(watch: Kept) -> Watch:
    return Watch(
        watch.name, _query(watch.query), watch.way, watch.made_at, watch.seen, watch.matched_at, watch.told_at,
        watch.waiting, watch.told, watch.given_up,
    )  # fmt: skip


def _query(query: Query) -> WatchedQuery:
    return WatchedQuery(query.words, query.source, query.language, query.since, query.until)
