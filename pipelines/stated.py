"""What a page says of its article besides the text: to be compared with each block."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.metadata import Metadata
    from pipelines.page_head import PageHead
    from pipelines.structured_data import Structured

_LONGEST_BODY = 200_000  # characters
_TAG = re.compile(r"<[^<>]{1,500}>")


@dataclass(frozen=True, slots=True)
class Stated:
    """titles, descriptions: the surest first. body: the whole text in JSON-LD. caption: of the lead image."""

    titles: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    body: str = ""
    authors: tuple[str, ...] = ()
    caption: str = ""


def stated_by(head: PageHead, structured: Structured, said: Metadata) -> Stated:
    """Gather it from what was read of the page already."""
    titles = (said.title, head.first("og:title"), head.title)
    descriptions = (*head.all("og:description", "description"), structured.description)
    body = structured.body or ""
    return Stated(
        tuple(dict.fromkeys(filter(None, titles))),
        tuple(dict.fromkeys(filter(None, descriptions))),
        _TAG.sub(" ", body) if len(body) <= _LONGEST_BODY else "",
        said.authors,
        said.image_caption or "",
    )
