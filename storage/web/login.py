"""Login: a browser says a token once, and gets a session. Also the page of a problem, for people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from storage.web.door import SESSION, SESSION_SECONDS
from storage.web.front_desk import desk_of
from storage.web.problems import KINDS, Problem
from storage.web.rendering import page

PATH = "/login"


def routes() -> APIRouter:
    """Log in and out."""
    router = APIRouter()
    router.add_api_route(PATH, show, methods=["GET"])
    router.add_api_route(PATH, log_in, methods=["POST"])
    router.add_api_route("/logout", log_out, methods=["POST"])
    router.add_api_route("/docs/problems/{kind}", about, methods=["GET"])
    return router


def show(request: Request) -> HTMLResponse:
    """The form."""
    return form(request)


def log_in(
    request: Request, token: Annotated[str, Form(max_length=200)], next: Annotated[str, Form(max_length=4000)] = "",  # noqa: A002 - the field's name
) -> Response:  # fmt: skip
    """A session for whoever says a token."""
    desk = desk_of(request)
    try:
        known = desk.door.check(token.strip(), request.client.host if request.client else "")
    except Problem as problem:
        return form(request, problem, next)
    answer = RedirectResponse(_local(request, next), 303)
    answer.set_cookie(
        SESSION, desk.door.session(known), SESSION_SECONDS, httponly=True, samesite="strict",
        secure=desk.safety.is_https,
    )  # fmt: skip
    return answer


def log_out(request: Request) -> Response:
    """End the session in this browser."""
    answer = RedirectResponse(f"{_root(request)}{PATH}", 303)
    answer.delete_cookie(SESSION, httponly=True, samesite="strict")
    return answer


def about(request: Request, kind: str) -> HTMLResponse:
    """What a kind of problem means."""
    if kind not in KINDS:
        raise Problem("not-found", f"no problem is called {kind[:80]!r}")
    return page_of(request, Problem(kind), 200)


def form(request: Request, problem: Problem | None = None, back_to: str | None = None) -> HTMLResponse:
    """The form, as the answer to whoever is not let in. back_to: where they wanted to go; None for this address."""
    if back_to is None:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back_to = asked if request.method == "GET" and problem else ""
    return page(
        request, "login", problem.status if problem else 200, problem.headers if problem else None, navigation=(),
        problem=problem and problem.detail, next=back_to,
    )  # fmt: skip


def page_of(request: Request, problem: Problem, status: int | None = None) -> HTMLResponse:
    """A problem, for people."""
    return page(
        request, "problem", status or problem.status, problem.headers, problem=problem, about=KINDS[problem.kind].about
    )


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _local(request: Request, path: str) -> str:
    """The path, if it is one of this server."""
    is_one = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_one and not path.endswith(PATH) else f"{_root(request)}/"
