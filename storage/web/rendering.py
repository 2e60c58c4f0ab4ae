"""Rendering: how every page is made of its template. What comes from outside is escaped, wherever it stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from storage.times import ago, rfc3339
from storage.web import csrf

_WEB = re.compile(r"https?://[^\s]", re.IGNORECASE)
_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z0-9]{2,8})*", re.IGNORECASE)
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"}
)

NAVIGATION = (
    ("/search", "Search"), ("/stories", "Stories"), ("/sources", "Sources"), ("/runs", "Runs"), ("/why", "Why"),
)  # fmt: skip
"""The links that stand on every page."""


def page(
    request: Request, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **shown: object
) -> HTMLResponse:
    """A page. shown: what its template shows; template: its name without ``.html``."""
    style, icon = own_files()
    asker = getattr(request.state, "asker", None)
    always = {
        "base": request.scope.get("root_path", ""), "path": request.url.path, "csrf": partial(csrf.token_for, request),
        "navigation": NAVIGATION, "is_logged_in": asker is not None and asker.by_cookie,
        "may_write": asker is None or asker.may_write, "now": datetime.now(UTC), "stylesheet": style, "icon": icon,
    }  # fmt: skip
    text = _environment().get_template(f"{template}.html").render(always | shown)
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status, dict(headers or {}))  # lone surrogates


def prepare() -> None:
    """Read every template, so that no page waits for that: all together a tenth of a second."""
    made = _environment()
    for name in made.list_templates():
        made.get_template(name)


@cache
def own_files() -> Mapping[str, tuple[str, bytes]]:
    """The style and the icon by their addresses, with their media types. A name holds a hash of what is in the file,
    so that browsers may keep it."""
    found = {}
    for name, kind in (("copydesk.css", "text/css"), ("copydesk.svg", "image/svg+xml")):
        body = (files("storage.web") / "static" / name).read_bytes()
        stem, _, ending = name.partition(".")
        found[f"/static/{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}"] = (kind, body)
    return found


def is_web(url: object) -> bool:
    """Whether an address is http or https: other ones are shown, and are no links."""
    return isinstance(url, str) and _WEB.match(url) is not None


def language(code: str | None) -> str:
    """A language for the attribute ``lang``; empty, which means unknown, for what is no code."""
    return code if code and _LANGUAGE.fullmatch(code) else ""


def direction(code: str | None) -> str:
    """The direction of a language; ``auto`` where it is unknown."""
    if not language(code):
        return "auto"
    return "rtl" if (code or "").partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def moment(at: datetime) -> str:
    """A time for people, with its zone: 20 Nov 2026 14:05 UTC."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b} {utc.year:04} {utc:%H:%M} UTC"


def many(number: int, what: str, plural: str | None = None) -> str:
    """A number of things: 1 article, 1,204 articles."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def lasted(seconds: float) -> str:
    """A duration: 40 s, 12 min, 3 h 05 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def until(at: datetime, now: datetime) -> str:
    """How long from now: in 12 min, in 3 h; "due" for what is past."""
    return "due" if at <= now else f"in {lasted((at - now).total_seconds())}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("storage.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {
        "moment": moment, "rfc3339": rfc3339, "language": language, "direction": direction, "number": "{:,}".format,
        "share": "{:.0%}".format, "many": many, "lasted": lasted, "until": until, "ago": ago,
    }  # fmt: skip
    made.tests["web"] = is_web
    return made
