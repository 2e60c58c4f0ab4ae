"""Pages: which function answers which address. All are made on the server; there are no scripts."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from storage.web import (
    about_page,
    article_page,
    rendering,
    runs_page,
    search_page,
    sources_page,
    story_page,
    versions_page,
    watches_page,
    why_page,
)
from storage.web.problems import Problem

_A_YEAR = "public, max-age=31536000, immutable"


def routes() -> APIRouter:
    """The routes of all pages."""
    router = APIRouter()
    for path, answer in (
        ("/search", search_page.search),
        ("/articles/{article}", article_page.article),
        ("/articles/{article}/page", article_page.kept_page),
        ("/articles/{article}/versions", versions_page.versions),
        ("/articles/{article}/versions/{pair}", versions_page.versions),
        ("/stories", story_page.stories),
        ("/stories/{story}", story_page.story),
        ("/sources", sources_page.sources),
        ("/sources/{source}", sources_page.source),
        ("/runs", runs_page.runs),
        ("/runs/new", runs_page.new_run),
        ("/runs/{run}", runs_page.run),
        ("/why", why_page.why),
        ("/watches", watches_page.watches),
        ("/watches/new", watches_page.new_watch),
        ("/about", about_page.about),
        ("/", _home),
        ("/static/{name}", _own_file),
    ):
        router.add_api_route(path, answer, methods=["GET", "HEAD"], response_model=None)
    for path, take in (("/runs", _file_run), ("/watches", _make_watch)):
        router.add_api_route(path, take, methods=["POST"], response_model=None)
    return router


def _home(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/search", 307)


def _own_file(request: Request) -> Response:
    """The style or the icon; what changes has another name, so it may be kept."""
    kind, body = rendering.own_files().get(f"/static/{request.path_params['name']}", (None, b""))
    if kind is None:
        raise Problem("not-found")
    return Response(body, media_type=kind, headers={"Cache-Control": _A_YEAR})


async def _file_run(request: Request) -> Response:
    """Filing waits for the database: in a thread, not here."""
    form = await request.form()
    return await run_in_threadpool(runs_page.file_run, request, form)


async def _make_watch(request: Request) -> Response:
    """As above."""
    form = await request.form()
    return await run_in_threadpool(watches_page.make_watch, request, form)
