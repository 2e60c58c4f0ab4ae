"""The gate: what every request passes, and what every answer carries, whatever the route.

A request is looked at from the outside in: its size, the host it names, whether another site's page sent it, who asks
and what they may do. What a handler raises becomes a problem; once an answer has begun, the connection is broken
instead, so that nobody takes a part for the whole.
"""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storage.errors import (
    ArchiveNewer,
    ArchiveUnavailable,
    Damaged,
    Gone,
    NotFound,
    OutOfTime,
    Refused,
    StorageError,
)
from storage.patience import patience
from storage.web import csrf, login
from storage.web.door import Asker
from storage.web.front_desk import FrontDesk
from storage.web.newsroom import Unaskable
from storage.web.problems import Problem

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers name no origin with the forms of our own pages
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
"""Of every answer that does not say otherwise itself."""

API = "/api/"
OPEN = ("/health", login.PATH, login.OUT)
"""What is answered without a token, besides what is ``STATIC``."""
STATIC = "/static/"

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = ("same-origin", "none")  # what Sec-Fetch-Site says where no other site is behind a request
_DIGITS = 18  # of the length of a body that anybody has
_log = logging.getLogger("copydesk.web")


class Gate:
    """ASGI middleware, before everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's own start and end; it takes no web sockets
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:  # answered like GET; the server knows that no body goes out
            scope = {**scope, "method": "GET"}
        passage = _Passage(scope, receive, send)
        scope["state"]["is_head"] = is_head
        try:
            await passage.check()
            with patience(passage.desk.safety.seconds):
                await self._app(scope, passage.receive, passage.send)
        except Exception as error:  # noqa: BLE001  (whoever asked gets an answer, whatever it was)
            await passage.fail(error)
        await passage.leave()


class _Passage:
    """One request on its way in, and its answer on the way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.desk: FrontDesk = scope["app"].state.desk
        self._scope, self._receive, self._send = scope, receive, send
        self._state = scope.setdefault("state", {})
        self._headers = Headers(scope=scope)
        self._path = scope["path"].removeprefix(scope.get("root_path", ""))
        self._asker = Asker(None)
        self._taken = 0
        self._has_begun = False

    async def check(self) -> None:
        """Raises Problem, or StorageError where the tokens cannot be read."""
        self._check_size()
        safety, headers = self.desk.safety, self._headers
        if not safety.answers_for(headers.get("host")):
            raise Problem("host", hint="copydesk serve --allow-host NAME")
        if self._path in OPEN or self._path.startswith(STATIC):
            return
        request = Request(self._scope)
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        said = bearer.strip() if kind.lower() == "bearer" else None
        asked = (said, request.cookies, request.client.host if request.client else "")
        if self.desk.door.is_fresh:
            self._asker = self.desk.door.ask(*asked)
        else:
            self._asker = await to_thread.run_sync(self.desk.door.ask, *asked)
        self._state["asker"] = self._asker
        if self._scope["method"] not in _READS:
            self._check_writing(has_token=said is not None)

    def _check_size(self) -> None:
        safety, scope = self.desk.safety, self._scope
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > safety.longest_address:
            raise Problem("too-long", f"at most {safety.longest_address:,} bytes")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > safety.longest_headers:
            raise Problem("headers", f"at most {safety.longest_headers:,} bytes")
        said = self._headers.get("content-length", "0")
        if not said.isdecimal() or len(said) > _DIGITS or int(said) > safety.longest_body:
            raise self._too_large()

    def _check_writing(self, has_token: bool) -> None:
        """A browser sends cookies, and asks this machine, for the page of any site: such requests are refused.

        Forms of pages have a token of their own besides (``csrf``); the API takes JSON alone, which no form can send.
        """
        if not self._asker.may_write:
            raise Problem("scope")
        if not has_token and self._is_of_another_site():
            raise Problem("cross-site")

    def _is_of_another_site(self) -> bool:
        """Browsers say so, which no page can change; older ones only tell the origin of the page."""
        if (site := self._headers.get("sec-fetch-site")) is not None:
            return site not in _SAME_SITE
        origin = self._headers.get("origin")
        return origin is not None and origin.partition("://")[2].lower() != self._headers.get("host", "").lower()

    def _too_large(self) -> Problem:
        return Problem("too-large", f"at most {self.desk.safety.longest_body:,} bytes", headers={"Connection": "close"})

    async def receive(self) -> Message:
        """A part of the body, as long as it is not too large."""
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self.desk.safety.longest_body:
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """A part of the answer; the first one gets the headers that all have."""
        if message["type"] == "http.response.start":
            self._has_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if visitor := self._state.get("visitor"):
                headers.append("Set-Cookie", csrf.cookie(visitor, is_https=self.desk.safety.is_https))
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Answer what was raised; break the connection where the answer has begun already."""
        problem = problem_of(error)
        reason = error if isinstance(error, StorageError) else problem  # for who serves, not for who asks
        what = " ".join(f"{self._scope['method']} {quote(self._path)}: {reason}".split())  # one line, whatever is in it
        if problem.kind == "defect":
            where = traceback.extract_tb(error.__traceback__)[-1]
            what += f" ({type(error).__name__} at {Path(where.filename).name}:{where.lineno})"
            _log.debug("traceback", exc_info=error)
        if self._has_begun:
            _log.warning("broken off %s", what)
            raise error
        if problem.kind != "too-many-tries":
            _log.warning("%s %s", problem.status, what)
        request = Request(self._scope)
        if self._path.startswith(API):
            answer = problem.response(self._scope.get("root_path", ""))
        else:
            answer = login.form(request, problem) if problem.kind == "token" else login.page_of(request, problem)
        await answer(self._scope, self._receive, self.send)

    async def leave(self) -> None:
        """Note that a token was used; whoever asked has the answer already."""
        token = self._asker.token
        now = datetime.now(UTC)
        if token is None or not self.desk.door.notes_use(token, now):
            return

        def note() -> None:
            with self.desk.alone:
                self.desk.archive.tokens.used(token, now)

        try:
            await to_thread.run_sync(note)
        except StorageError as error:
            _log.warning("the use of token %s could not be noted: %s", token.name, error)


def problem_of(error: Exception) -> Problem:
    """What an error is to whoever asked. Nothing of the machine is told: no path, no statement, no trace."""
    match error:
        case Problem():
            return error
        case Gone():
            return Problem("forgotten", str(error))
        case NotFound():
            return Problem("not-found", str(error), error.hint)
        case OutOfTime():
            return Problem("took-too-long", str(error), error.hint)
        case ArchiveUnavailable():
            return Problem("unavailable", headers={"Retry-After": "5"})
        case ArchiveNewer():
            return Problem("newer")
        case Damaged():
            return Problem("damaged")
        case Unaskable() | Refused():
            return Problem("refused", str(error), error.hint)
        case _:
            return Problem("defect")
