"""The why page: what became of an address, each time; and where it was never named, which known ones are like it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from storage.link_reasons import reasons
from storage.web.front_desk import desk_of
from storage.web.rendering import page

_NEAREST = 5


def why(request: Request) -> Response:
    """The fate of the address, file or id in ``url``."""
    archive = desk_of(request).archive
    url = request.query_params.get("url", "").strip()
    fates = archive.fates(url) if url else ()
    article = next((fate.article_id for fate in fates if fate.article_id), None)
    links = archive.stories.links(article) if article else ()
    return page(
        request, "why", url=url, fates=fates, article=archive.get(article) if article else None,
        links=[(link, reasons(link)) for link in links], nearest=() if fates or not url else archive.overview.nearest(url, _NEAREST),
    )  # fmt: skip
