"""Answers: JSON with a tag of its content, so that who has it already is told so in a line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def answer(request: Request, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A record, or a mapping of records, as JSON: times are RFC 3339 in UTC."""
    return tagged(request, to_json(content), JSON, status, headers)


def tagged(
    request: Request, body: bytes, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with its ETag; 304 for whoever has it."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    said = {"ETag": tag, "Vary": "Authorization, Cookie", **(headers or {})}
    if status == 200 and _has(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=said)
    return Response(body, status, said, media_type)


def _has(if_none_match: str | None, tag: str) -> bool:
    said = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    return tag in said or "*" in said


def told(about: str) -> dict[int | str, dict[str, Any]]:
    """For the description: what a good answer is, and that it may be one that is had already."""
    return {200: {"description": about}, 304: {"description": "The answer is the one that If-None-Match names."}}
