"""Runs over HTTP: how crawls went, what became of each address, and asking for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Header
from fastapi import Query as Parameter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from storage import records
from storage.errors import Refused
from storage.explaining import Link
from storage.links import Filing, Order
from storage.records import Fate, FateOutcome
from storage.web.api import examples
from storage.web.api.answers import accepted, answer, told
from storage.web.api.parameters import WHEN, Limit, Number, plain, time_of
from storage.web.front_desk import FrontDesk, asker_of, desk_of
from storage.web.problems import Problem

_After = Annotated[
    int | None, Parameter(ge=1, le=2**31 - 1, description="a number, as the answer before gave it in next")
]
_Time = Annotated[str | None, Field(pattern=WHEN, max_length=40, description="a time: 2026-07-15, 2026-07 or 7d")]
_Key = Annotated[
    str | None,
    Header(
        min_length=1, max_length=200, pattern="^[!-~]+$",
        description="the same key with the same body is the same crawl, for seven days",
    ),
]  # fmt: skip
_Named = Annotated[str, Parameter(max_length=2000, description="an address, an input as it was named, or an id")]


@dataclass(frozen=True, slots=True)
class Run:
    """A run. finished_at: null while it is under way, or where it was killed. outcomes: of what was read, adding up to
    ``read``; listings: of the listings. Of a crawl, ``named`` addresses are known, have an outcome, or are pending."""

    id: int
    kind: str
    source: str | None
    slot: str | None
    started_at: datetime
    finished_at: datetime | None
    named: int
    known: int
    left_out: int
    pending: int
    read: int
    outcomes: dict[str, int]
    listings: dict[str, int]


@dataclass(frozen=True, slots=True)
class RunList:
    """Runs, newest first. next: what ``after`` takes for those before them; null at the end."""

    runs: list[Run]
    next: int | None


@dataclass(frozen=True, slots=True)
class LinkList:
    """What had one fate in a run, latest first, or waits, in no order. next: what ``after`` takes for more; null at the
    end."""

    run_id: int
    fate: FateOutcome
    links: list[Fate]
    next: int | None


@dataclass(frozen=True, slots=True)
class Why:
    """What became of an address each time, newest first; none where it was never named. article_id: of what it led to.

    links: what that article is to others. nearest: known addresses of the same host, where this one is unknown.
    """

    url: str
    fates: list[Fate]
    article_id: str | None
    links: list[Link]
    nearest: list[str]


@dataclass(frozen=True, slots=True)
class Filed:
    """What came of asking for a crawl. is_new: false where it was under way, or asked for under the same key; ``why``
    says so."""

    run_id: int
    is_new: bool
    why: str


def _whole(said: object) -> object:
    """In JSON 1.0 is a whole number too."""
    return int(said) if isinstance(said, float) and said.is_integer() else said


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    since: _Time = None
    until: _Time = None
    limit: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="articles that are not known yet"), BeforeValidator(_whole)
    ] = None

    def order(self) -> Order:
        """What the crawl is to bring."""
        return Order(time_of("body.since", self.since), time_of("body.until", self.until), self.limit)


class SourceCrawl(_Asked):
    """A crawl of a source of the catalogue."""

    source: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="the name of a source")]


class AddressCrawl(_Asked):
    """A crawl of addresses; each is fetched, known or not."""

    urls: Annotated[
        list[Annotated[str, Field(pattern="^https?://[!-~]+$", max_length=2000)]],
        Field(min_length=1, max_length=100, description="addresses of articles"),
    ]


def routes() -> APIRouter:
    """Runs, and the fate of addresses."""
    router = APIRouter(tags=["runs"])
    add = router.add_api_route
    add("/runs", list_runs, response_model=RunList, summary="List the latest runs", operation_id="list_runs",
        responses=told("The runs."))  # fmt: skip
    add("/runs", file_run, methods=["POST"], status_code=202, response_model=Filed, summary="Ask for a crawl",
        operation_id="file_run", responses=_filed())  # fmt: skip
    add("/runs/{number}", get_run, response_model=Run, summary="Get a run", operation_id="get_run",
        responses=told("The run."))  # fmt: skip
    add("/runs/{number}/links", list_links, response_model=LinkList, summary="List what had one fate in a run",
        operation_id="list_links", responses=told("The addresses."))  # fmt: skip
    add("/why", explain, response_model=Why, summary="Tell the fate of an address", operation_id="explain",
        responses=told("Its fates."))  # fmt: skip
    return router


def list_runs(
    request: Request,
    limit: Limit = 20,
    after: _After = None,
    source: Annotated[str | None, Parameter(max_length=64, description="the name of a source")] = None,
    failing: Annotated[bool, Parameter(description="only those that something failed in")] = False,
) -> Response:
    """Each with its funnel: what was named, what of that was known, and what became of the rest."""
    found = desk_of(request).archive.overview.runs(limit + 1, source=plain(source), before=after, failing=failing)
    shown = found[:limit]
    return answer(request, RunList([run_told(run) for run in shown], shown[-1].id if len(found) > limit else None))


def get_run(request: Request, number: Number) -> Response:
    """It is under way as long as it has no `finished_at`."""
    return answer(request, run_told(desk_of(request).archive.run(number)))


def list_links(
    request: Request, number: Number, fate: Annotated[FateOutcome, Parameter(description="which outcome")] = "failed",
    limit: Limit = 50, after: _After = None,
) -> Response:  # fmt: skip
    """With the reason, and the article where there is one. Of what is `pending`: what it waits for."""
    archive = desk_of(request).archive
    archive.run(number)
    links, more = archive.overview.inputs(number, fate, limit, after)
    return answer(request, LinkList(number, fate, list(links), more))


def explain(request: Request, url: _Named) -> Response:
    """Why something is, or is not, in the archive."""
    archive = desk_of(request).archive
    fates = archive.fates(plain(url) or "")
    article = next((fate.article_id for fate in fates if fate.article_id), None)
    links = archive.stories.links(article) if article else ()
    nearest = () if fates else archive.overview.nearest(url, 5)
    return answer(request, Why(url, list(fates), article, list(links), list(nearest)))


def file_run(
    request: Request,
    asked: Annotated[SourceCrawl | AddressCrawl, Body(openapi_examples=examples.CRAWLS)],
    idempotency_key: _Key = None,
) -> Response:  # fmt: skip
    """A worker carries it out (`copydesk worker` or `schedule`). `Location` is where to look how it goes."""
    desk = desk_of(request)
    filing = _file(desk, asked, idempotency_key, asker_of(request).name)
    where = f"{request.scope.get('root_path', '')}/api/v1/runs/{filing.run}"
    return accepted(Filed(filing.run, filing.is_new, filing.why), where)


def run_told(run: records.Run) -> Run:
    """A run as it is told."""
    return Run(
        run.id, run.kind, run.source, run.slot, run.started_at, run.finished_at, run.named, run.known, run.left_out,
        run.pending, run.read, _numbers(run.counts), _numbers(run.listings),
    )  # fmt: skip


def _numbers(counts: tuple[tuple[FateOutcome, int], ...]) -> dict[str, int]:
    return {str(outcome): number for outcome, number in counts}


def _file(desk: FrontDesk, asked: SourceCrawl | AddressCrawl, key: str | None, asker: str) -> Filing:
    said, now, requests = asked.model_dump_json(), datetime.now(UTC), desk.archive.requests
    with desk.alone, desk.archive.batch():
        try:
            if key is not None and (run := requests.run_of(asker, key, said, now)) is not None:
                return Filing(run, False, "asked for before, under the same key")
        except Refused as error:
            raise Problem("key-reused", hint=error.hint) from error
        if isinstance(asked, SourceCrawl):
            filing = desk.newsroom.file_source(asked.source, asked.order())
        else:
            filing = desk.newsroom.file_addresses(asked.urls, asked.order())
        if key is not None:
            requests.note(asker, key, said, filing.run, now)
        return filing


def _filed() -> dict[int | str, dict[str, object]]:
    return {
        202: {
            "description": "The crawl is filed, or was before.",
            "headers": {"Location": {"description": "The run.", "schema": {"type": "string"}, "required": True}},
        }
    }
