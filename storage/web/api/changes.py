"""Changes over HTTP: what is new since somebody last asked, for mirrors and monitors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from storage.change_log import ChangeKind
from storage.web.api.answers import answer, told
from storage.web.front_desk import desk_of

_Since = Annotated[int, Parameter(ge=0, le=2**63 - 1, description="the last change that is known; 0 for none")]
_Limit = Annotated[int, Parameter(ge=1, le=1000, description="a whole number from 1 to 1,000")]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an article. version: the one that stood for it then; null where it was forgotten.

    kind: it is new; has another version; is of another story, or a copy of another article; its page is gone; is there
    again; it is there no more.
    """

    seq: int
    kind: ChangeKind
    article_id: str
    version: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Changes in the order in which they were committed. next: what ``since`` takes for those behind them, at once
    where there are ``more``, or any time later."""

    changes: list[Change]
    next: int
    more: bool


def routes() -> APIRouter:
    """Changes."""
    router = APIRouter(tags=["articles"])
    router.add_api_route(
        "/changes", list_changes, response_model=ChangeList, summary="List what has changed, from any point on",
        operation_id="list_changes", responses=told("The changes."),
    )  # fmt: skip
    return router


def list_changes(request: Request, since: _Since = 0, limit: _Limit = 500) -> Response:
    """Nothing is missed, and nothing comes twice. Of an article that was `forgotten`, delete what you have.

    An article that was forgotten later cannot be read when its earlier changes are met (410): pass it over.
    """
    found = desk_of(request).archive.changes.since(since, limit + 1)
    shown = [Change(each.seq, each.kind, each.article_id, each.number, each.at) for each in found[:limit]]
    return answer(request, ChangeList(shown, shown[-1].seq if shown else since, len(found) > limit))
