"""The article page: its clean text, what was cut from it and why, its facts and where each is from, its versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from storage.interleaving import interleaved
from storage.link_reasons import role_of
from storage.records import ArchivedArticle, Removed
from storage.url_key import is_elsewhere
from storage.web.front_desk import desk_of
from storage.web.rendering import page

MOST_SIGHTINGS = 100
"""That a page shows, the latest; the API has all of them."""

_REMEDY = 60  # characters of a removed line that the remedy repeats: it goes by the beginning of lines


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, and what it was read from. is_address: whether it may be a link."""

    name: str
    value: str
    origin: str | None
    is_address: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A removed block at its place. number: from 1, for its anchor. remedy: the line for the source's file that keeps
    it from being removed."""

    number: int
    block: Removed
    remedy: str


def article(request: Request) -> Response:
    """The page of an article; ``show=removed`` shows what was cut, in its place."""
    archive = desk_of(request).archive
    found = archive.get(request.path_params["article"])
    shows_removed = request.query_params.get("show") == "removed"
    removed = archive.removed(found.id)
    makings, seen = archive.makings(found.id), archive.sightings(found.id)
    story = archive.stories.of(found.id)
    return page(
        request, "article", article=found, shows_removed=shows_removed, removed=removed,
        blocks=_blocks(found.text, removed if shows_removed else ()), facts=_facts(found),
        origins={"published_at": None, "modified_at": None} | dict(found.origins), makings=makings,
        making=next(making for making in makings if making.stands), story=story, role_of=role_of,
        sightings=seen[-MOST_SIGHTINGS:][::-1], sightings_left=max(0, len(seen) - MOST_SIGHTINGS),
        withdrawn_at=archive.overview.withdrawn_at(found.id),
        elsewhere=found.url and found.canonical_url and is_elsewhere(found.url, found.canonical_url),
    )  # fmt: skip


def kept_page(request: Request) -> Response:
    """The page as it was fetched, to be saved; never shown here, for it is of strangers."""
    archive = desk_of(request).archive
    found = archive.get(request.path_params["article"])
    return Response(
        archive.raw(found.id), media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{found.id}.page"'},
    )  # fmt: skip


def _blocks(text: str, removed: Sequence[Removed]) -> list[str | Cut]:
    """Paragraphs and removed blocks in reading order."""
    blocks: list[str | Cut] = []
    number = 0
    for block in interleaved(text, removed):
        if isinstance(block, Removed):
            number += 1
            blocks.append(Cut(number, block, _remedy(block)))
        else:
            blocks.append(block)
    return blocks


def _remedy(block: Removed) -> str:
    beginning = " ".join(block.text.split())[:_REMEDY].strip()
    quoted = beginning.replace("\\", "\\\\").replace('"', '\\"')
    return f'keep = ["{quoted}"]'


def _facts(article: ArchivedArticle) -> list[Fact]:
    told = [
        ("authors", "authors", ", ".join(article.authors), False),
        ("agency", "agency", article.agency, False),
        ("place", "dateline", article.dateline, False),
        ("stated zone", "", article.published_zone, False),
        ("language", "language", article.language, False),
        ("section", "section", article.section, False),
        ("keywords", "keywords", ", ".join(article.keywords), False),
        ("access", "access", article.access, False),
        ("flags", "", ", ".join(article.flags), False),
        ("address", "", article.url, True),
        ("canonical", "canonical_url", article.canonical_url if article.canonical_url != article.url else None, True),
        ("AMP", "amp_url", article.amp_url, True),
        ("image", "image", article.image, True),
        ("caption", "image_caption", article.image_caption, False),
        ("credit", "image_credit", article.image_credit, False),
        ("id", "", article.id, False),
        ("hash", "", f"{article.content_hash} (form {article.norm_version})", False),
    ]  # fmt: skip
    origins = dict(article.origins)
    return [Fact(name, value, origins.get(field), is_address) for name, field, value, is_address in told if value]
