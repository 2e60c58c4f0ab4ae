"""The gate: what every request passes, and what every answer carries, whatever the route."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storage.web import csrf
from storage.web.front_desk import FrontDesk
from storage.web.problems import Problem

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
"""Of every answer that does not say otherwise itself."""


class Gate:
    """ASGI middleware, before everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        desk: FrontDesk = scope["app"].state.desk
        scope.setdefault("state", {})

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if visitor := scope["state"].get("visitor"):
                    secure = "; Secure" if desk.safety.is_https else ""
                    headers.append("Set-Cookie", f"{csrf.COOKIE}={visitor}; Path=/; HttpOnly; SameSite=Strict{secure}")
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Problem as problem:
            await problem.response(scope.get("root_path", ""))(scope, receive, answer)
