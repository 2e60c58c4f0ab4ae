"""Rendering: templates become pages. Everything in them is escaped, and nothing that is lacking is passed over."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse


@cache
def environment() -> Environment:
    """The templates of this package."""
    return Environment(
        loader=PackageLoader("storage.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip


def rendered(name: str, status: int = 200, **values: object) -> HTMLResponse:
    """The page that a template makes of some values."""
    text = environment().get_template(name).render(values)
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status)
