"""Stories over HTTP: which went widest, and who had one."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from storage.records import Query
from storage.spread import Spread, Story
from storage.web.api.answers import answer, told
from storage.web.api.parameters import ArticleId, Language, Limit, Since, Source, Until, plain, time_of
from storage.web.front_desk import desk_of


@dataclass(frozen=True, slots=True)
class StoryList:
    """The stories that most outlets had, the widest first."""

    stories: list[Spread]


def routes() -> APIRouter:
    """Stories."""
    router = APIRouter(tags=["stories"])
    router.add_api_route(
        "/stories", list_stories, response_model=StoryList, summary="List the stories that went widest",
        operation_id="list_stories", responses=told("The stories."),
    )  # fmt: skip
    router.add_api_route(
        "/stories/{id}", get_story, response_model=Story, summary="Get a story: who had it, when, how much of it",
        operation_id="get_story", responses=told("The story."),
    )  # fmt: skip
    return router


def list_stories(
    request: Request, source: Source = None, language: Language = None, since: Since = None, until: Until = None,
    limit: Limit = 20,
) -> Response:  # fmt: skip
    """An article and its copies are one story. Those of one address are left out."""
    query = Query(None, plain(source), time_of("since", since), time_of("until", until), plain(language), limit)
    return answer(request, StoryList(list(desk_of(request).archive.stories.widest(query))))


def get_story(request: Request, id: ArticleId) -> Response:  # noqa: A002 - the parameter's name
    """By its own id, or by that of any article in it."""
    archive = desk_of(request).archive
    return answer(request, archive.stories.of(archive.overview.member(id) or id))
