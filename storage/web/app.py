"""The application: the archive over HTTP. The API under ``/api/v1``, pages for people beside it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from anyio import to_thread
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from storage.archive import Archive
from storage.errors import StorageError
from storage.patience import patience
from storage.web import api, csrf, login, pages, rendering, search_page
from storage.web.api.description import describe, methods_of
from storage.web.api.parameters import misread
from storage.web.door import Door
from storage.web.front_desk import FrontDesk, desk_of
from storage.web.gate import Gate
from storage.web.newsroom import Newsroom
from storage.web.problems import Problem
from storage.web.safety import Safety


def create_app(archive: Archive, newsroom: Newsroom, safety: Safety) -> FastAPI:
    """The application for an open archive; who serves it closes it."""
    app = FastAPI(
        title="copydesk", version=version("copydesk"), docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False, lifespan=_begun,
        exception_handlers={HTTPException: _of_routing, RequestValidationError: _of_reading},
    )  # fmt: skip
    secret = secrets.token_bytes(32)
    door = Door(archive, secret, safety.needs_token)
    app.state.desk = FrontDesk(archive, newsroom, safety, door, secret, exports=threading.Semaphore(safety.exports))
    app.add_api_route("/health", _health, include_in_schema=False)
    app.include_router(api.routes())
    describe(app)
    form_checked = [Depends(csrf.checked)]
    app.include_router(login.routes(), dependencies=form_checked, include_in_schema=False)
    app.include_router(pages.routes(), dependencies=form_checked, include_in_schema=False)
    app.add_middleware(Gate)
    rendering.prepare()
    return app


@asynccontextmanager
async def _begun(app: FastAPI) -> AsyncIterator[None]:
    """No more threads than there are connections to the database, those of exports apart; and a page made already."""
    desk: FrontDesk = app.state.desk
    to_thread.current_default_thread_limiter().total_tokens = desk.safety.readers
    await to_thread.run_sync(warm_up, app)
    yield


def warm_up(app: FastAPI) -> None:
    """Make the page of a search for nobody, so that who asks first does not wait for what is read and compiled once."""
    desk: FrontDesk = app.state.desk
    for said in (b"", b"q=a"):
        asked: Scope = {
            "type": "http",
            "method": "GET",
            "path": "/search",
            "query_string": said,
            "headers": [],
            "app": app,
        }
        with suppress(StorageError), patience(desk.safety.counting_seconds * 10):
            search_page.search(Request(asked))


def _health(request: Request) -> PlainTextResponse:
    """Whether the archive answers: for monitors, in a word, and nothing of what it holds."""
    desk_of(request).archive.migration()
    return PlainTextResponse("ok\n")


async def _of_routing(request: Request, error: Exception) -> Response:
    """What the router says becomes a problem, by way of the gate."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker: it is registered for these
    if isinstance(error.__cause__, Problem):  # FastAPI takes what the gate says of a body for a fault of reading it
        raise error.__cause__
    kinds = {404: "not-found", 405: "method", 400: "request"}
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := methods_of(request)):  # the router names those of one route alone
        headers["Allow"] = ", ".join(methods)
    raise Problem(kinds.get(error.status_code, "request"), headers=headers)


async def _of_reading(_request: Request, error: Exception) -> Response:
    """What cannot be read becomes a problem that names each parameter."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    raise misread(error.errors())
