"""Exports over HTTP: everything that answers a query, of one moment, without a cap."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import Annotated, Any

from anyio import CancelScope, to_thread
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from storage.errors import StorageError
from storage.export import MEDIA_TYPES, streamed
from storage.records import ArchivedArticle
from storage.snapshot import Snapshot
from storage.web.api.parameters import Filters, Found, Sorted
from storage.web.front_desk import desk_of
from storage.web.problems import Fault, Problem

_NOTES = 10  # that a header has
_Format = Annotated[str, Parameter(json_schema_extra={"enum": list(MEDIA_TYPES)}, description="the format")]


class Export(StreamingResponse):
    """A stream that lets go of what it reads from, however it ends: read to its end, broken, or left by its reader."""

    def __init__(self, pieces: Iterator[bytes], held: ExitStack, headers: dict[str, str], media_type: str) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._held.close)


def routes() -> APIRouter:
    """The export."""
    router = APIRouter(tags=["articles"])
    router.add_api_route(
        "/export", export, response_class=Response, summary="Export all articles that answer a query",
        operation_id="export", responses=_told(),
    )  # fmt: skip
    return router


def export(
    request: Request, filters: Annotated[Filters, Depends()], format: _Format = "jsonl",  # noqa: A002 - the parameter's name
    sort: Sorted = "newest", by: Found = "article",
) -> Response:  # fmt: skip
    """`Copydesk-Count` says how many there will be: all of one moment, which is behind change `Copydesk-Seq`.

    Where something fails on the way the connection is broken, so that no part passes for the whole.
    """
    if format not in MEDIA_TYPES:
        raise Problem("parameter", errors=[Fault("format", f"one of {', '.join(MEDIA_TYPES)}")])
    desk = desk_of(request)
    if not desk.exports.acquire(blocking=False):
        raise Problem("busy", f"at most {desk.safety.exports} at one time", headers={"Retry-After": "10"})
    with ExitStack() as opening:
        opening.callback(desk.exports.release)
        found = opening.enter_context(desk.archive.snapshot(filters.query(None, sort, None, by)))
        try:
            pieces = streamed(_all_of(found), format)
        except StorageError as error:
            raise Problem("not-installed", str(error), error.hint) from error
        opening.callback(_closed, pieces)
        held = opening.pop_all()
    headers = {
        "Copydesk-Count": str(found.number),
        "Copydesk-Seq": str(found.seq),
        "Content-Disposition": f'attachment; filename="articles.{format}"',
        "Cache-Control": "no-store",
    }
    if filters.notes:
        headers["Copydesk-Notes"] = json.dumps(filters.notes[:_NOTES])
    if request.state.is_head:
        pieces = iter(())  # whoever wants the headers alone need not wait for all of it
    return Export(pieces, held, headers, MEDIA_TYPES[format])


def _all_of(found: Snapshot) -> Iterator[ArchivedArticle]:
    """The articles, which must be as many as was said."""
    number = 0
    for article in found.articles:
        number += 1
        yield article
    if number != found.number:
        raise StorageError(f"{number} articles were read where {found.number} were counted")


def _closed(pieces: Iterator[bytes]) -> None:
    """End the writer before what it reads from goes away."""
    if isinstance(pieces, Generator):
        pieces.close()


def _told() -> dict[int | str, dict[str, Any]]:
    number = {"schema": {"type": "integer", "minimum": 0}, "required": True}
    return {
        200: {
            "description": "The articles.",
            "content": {kind: {"schema": {"description": "a file"}} for kind in MEDIA_TYPES.values()},
            "headers": {
                "Copydesk-Count": number | {"description": "how many articles there will be"},
                "Copydesk-Seq": number | {"description": "the last change that is in them: go on with /changes?since="},
                "Copydesk-Notes": {
                    "description": "what of the query was read otherwise than it looks, as a JSON array",
                    "schema": {"type": "string"},
                },
            },
        }
    }
