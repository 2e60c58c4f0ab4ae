"""Sources over HTTP: the outlets, when each is looked at next, and how much came of it day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from storage import records
from storage.links import SourceRecord
from storage.problems import Problem, ProblemKind
from storage.records import Query
from storage.web.api.answers import answer, told
from storage.web.api.runs import Run, run_told
from storage.web.front_desk import desk_of
from storage.web.outlets import State, state_of

SourceName = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="the name of a source")]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a source, or with the machine that crawls. since: when it began, as far as can be told.

    last_article_id: the last article before it. hint: what to try, mostly a command.
    """

    kind: ProblemKind
    since: datetime
    opened_at: datetime
    last_article_id: str | None
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Source:
    """An outlet, as its file defines it, and how it does. problem: the one that is open; null where none is.

    verified_at: when an article was first stored from it. next_at: when it is due; null where it is switched off, or
    that is not known yet. last_run: null where it never was crawled.
    """

    name: str
    title: str
    language: str | None
    country: str | None
    homepage: str
    enabled: bool
    state: State
    problem: Trouble | None
    verified_at: datetime | None
    next_at: datetime | None
    last_run: Run | None


@dataclass(frozen=True, slots=True)
class SourceList:
    """Every outlet that the archive knows, by name. offline: while the machine that crawls reaches nobody; null where
    it does."""

    sources: list[Source]
    offline: Trouble | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC. articles: that are dated on it. is_covered: whether anything was read on it, or is dated on it;
    where it is not, nothing is known of the day, and 0 is no finding. is_gap: fewer came out on it than was to be
    expected."""

    day: date
    articles: int
    is_covered: bool
    is_gap: bool


@dataclass(frozen=True, slots=True)
class Days:
    """The last days of a source, today last."""

    source: str
    days: list[Day]


def routes() -> APIRouter:
    """Sources."""
    router = APIRouter(tags=["sources"])
    router.add_api_route(
        "/sources", list_sources, response_model=SourceList, summary="List the sources",
        operation_id="list_sources", responses=told("The sources."),
    )  # fmt: skip
    router.add_api_route(
        "/sources/{name}/days", list_days, response_model=Days, summary="Count the articles of a source day by day",
        operation_id="list_days", responses=told("The days."),
    )  # fmt: skip
    return router


def list_sources(request: Request) -> Response:
    """How each does, its last run, and when it is due next."""
    desk = desk_of(request)
    known = desk.archive.sources.all()
    last, next_at = desk.archive.overview.last_runs(), desk.newsroom.next_runs(known)
    problems = {problem.source: problem for problem in desk.archive.problems.open()}
    sources = [_told(each, problems.get(each.name), next_at.get(each.name), last.get(each.name)) for each in known]
    return answer(request, SourceList(sources, _trouble(problems.get(None))))


def list_days(
    request: Request, name: SourceName,
    days: Annotated[int, Parameter(ge=1, le=366, description="how many, today among them: 1 to 366")] = 28,
) -> Response:  # fmt: skip
    """Days that nothing is known of are told apart from those without an article."""
    archive = desk_of(request).archive
    archive.sources.get(name)
    today = datetime.now(UTC).date()
    asked = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    spans = [(_midnight(day), _midnight(day + timedelta(days=1))) for day in asked]
    query = Query(source=name, since=spans[0][0], until=spans[-1][1], limit=None)
    numbers = {count.key: count.number for count in archive.counts(query, "day")}
    covered = archive.overview.covered(spans, name)
    gaps = {each.day.date() for each in archive.pulses.days(name, spans[0][0]) if each.is_gap}
    return answer(request, Days(name, [
        Day(day, numbers.get(day.isoformat(), 0), is_covered, day in gaps)
        for day, is_covered in zip(asked, covered, strict=True)
    ]))  # fmt: skip


def _told(source: SourceRecord, problem: Problem | None, next_at: datetime | None, last: records.Run | None) -> Source:
    return Source(
        source.name, source.title, source.language, source.country, source.homepage, source.enabled,
        state_of(source, problem), _trouble(problem), source.verified_at, next_at, run_told(last) if last else None,
    )  # fmt: skip


def _trouble(problem: Problem | None) -> Trouble | None:
    if problem is None:
        return None
    return Trouble(
        problem.kind, problem.since, problem.opened_at, problem.article_id, problem.detail, problem.hint
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
