"""The HTTP API, ``/api/v1``: routes by noun, and their description."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from storage.web.api import articles, changes, exports, runs, searching, sources, stories, watches
from storage.web.api.parameters import only_json, only_known

ROOT = "/api/v1"
_PARTS = (searching, articles, exports, changes, stories, sources, runs, watches)


def routes() -> APIRouter:
    """Every route of the API."""
    router = APIRouter(prefix=ROOT, dependencies=[Depends(only_known), Depends(only_json)])
    for part in _PARTS:
        router.include_router(part.routes())
    return router
