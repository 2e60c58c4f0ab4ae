"""CSRF: a form is taken only from the browser that it was given to.

A browser gets a random name in a cookie that other sites' pages cannot send (SameSite=Strict) and scripts cannot read.
A form carries an HMAC of that name under a secret of this process: another site can make neither, and what one visitor
was given is of no use in the browser of another. Forms do not outlive the process: then the page is to be loaded again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from starlette.requests import Request

from storage.web.front_desk import desk_of
from storage.web.problems import Problem

FIELD = "csrf"
COOKIE = "copydesk_form"
_NAME = re.compile(r"[A-Za-z0-9_-]{43}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token_for(request: Request) -> str:
    """What a form of this answer must carry in its field ``csrf``. The cookie is set with the answer."""
    visitor = _visitor(request)
    if visitor is None:
        visitor = getattr(request.state, "visitor", None) or secrets.token_urlsafe(32)
        request.state.visitor = visitor  # storage.web.gate sets the cookie
    return _signed(request, visitor)


def cookie(visitor: str, *, is_https: bool) -> str:
    """The header that gives a browser its name."""
    return f"{COOKIE}={visitor}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if is_https else "")


async def checked(request: Request) -> None:
    """For every route of pages: raises Problem (403) for a form that did not come from a page of ours."""
    if request.method in _SAFE:
        return
    visitor = _visitor(request)
    given = (await request.form()).get(FIELD)
    if visitor is None or not isinstance(given, str) or not _is_same(given, _signed(request, visitor)):
        raise Problem("form", "load the page again, and send the form from there")


def _visitor(request: Request) -> str | None:
    name = request.cookies.get(COOKIE, "")
    return name if _NAME.fullmatch(name) else None


def _signed(request: Request, visitor: str) -> str:
    return hmac.new(desk_of(request).secret, b"form " + visitor.encode(), hashlib.sha256).hexdigest()


def _is_same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())
