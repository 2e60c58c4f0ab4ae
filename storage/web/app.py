"""The application: the archive over HTTP. The API under ``/api/v1``, pages for people beside it."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from fastapi import Depends, FastAPI

from storage.archive import Archive
from storage.web import csrf
from storage.web.front_desk import FrontDesk
from storage.web.gate import Gate
from storage.web.newsroom import Newsroom
from storage.web.safety import Safety


def create_app(archive: Archive, newsroom: Newsroom, safety: Safety) -> FastAPI:
    """The application for an open archive; who serves it closes it."""
    app = FastAPI(title="copydesk", version=version("copydesk"), docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = FrontDesk(archive, newsroom, safety)
    if find_spec("storage.web.pages"):  # TODO(pages): import it plainly
        from storage.web import pages  # noqa: PLC0415

        app.include_router(pages.routes(), dependencies=[Depends(csrf.checked)], include_in_schema=False)
    app.add_middleware(Gate)
    return app
