"""Search over HTTP: ranked hits with the words marked, and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from storage.counts import Count
from storage.records import ArchivedArticle, CountedBy
from storage.snippet import snippet
from storage.terms import Term
from storage.web.api.answers import answer, told
from storage.web.api.parameters import After, Compared, Filters, Found, Limit, Sorted
from storage.web.front_desk import desk_of

_SECONDS = 1.0  # that the count of hits, and each facet, may take beside the hits: then they are null
_Facets = Annotated[
    tuple[CountedBy, ...], Parameter(max_length=6, description="counts to give beside the hits; may be repeated")
]
_Share = Annotated[bool, Parameter(description="whether to tell the share of all articles with the same filters")]


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece of a text, and whether it is what was asked for."""

    text: str
    is_mark: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of an article's text; its own pieces, joined, are as written. before, after: whether the text goes on."""

    pieces: list[Marked]
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found. The whole record is at ``/api/v1/articles/{id}``."""

    id: str
    url: str | None
    source: str | None
    title: str
    authors: list[str]
    agency: str | None
    language: str | None
    published_at: datetime | None
    fetched_at: datetime
    story_id: str
    copy_of: str | None
    flags: list[str]
    snippet: Excerpt


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, the best first. count: of all hits; null where counting took too long. facets: those that were asked for.

    next: what ``after`` takes for the hits behind these; null at the end.
    """

    hits: list[Hit]
    count: int | None
    facets: dict[str, list[Count] | None]
    next: str | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class SharedCount:
    """How many articles have one key. of: how many there are with the same filters, whatever their words; null where
    that was not asked for. share: the one of the other."""

    key: str | None
    number: int
    of: int | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Versus:
    """The numbers of a further question ``q``, with the same filters."""

    q: str
    total: int
    counts: list[SharedCount]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers by one key, adding up to ``total``. Hours (``2026-07-15T08:00Z``), days and weeks (by their Monday) are
    in UTC; those without an article are left out. versus: the same of further questions, in their order."""

    by: CountedBy
    total: int
    counts: list[SharedCount]
    notes: list[str]
    versus: list[Versus]


@dataclass(frozen=True, slots=True)
class TermList:
    """What the articles of a result have more often than the rest of the archive, the most surprising first."""

    terms: list[Term]
    notes: list[str]


def routes() -> APIRouter:
    """Search and counts."""
    router = APIRouter(tags=["search"])
    router.add_api_route(
        "/search", search, response_model=SearchPage, summary="Find articles by words, ranked",
        operation_id="search", responses=told("The hits."),
    )  # fmt: skip
    router.add_api_route(
        "/counts", count, response_model=Counts, operation_id="count", responses=told("The counts."),
        summary="Count articles by hour, day, week, source, language or agency",
    )  # fmt: skip
    router.add_api_route(
        "/terms", list_terms, response_model=TermList, summary="List what a result says more often than the rest",
        operation_id="list_terms", responses=told("The terms."),
    )  # fmt: skip
    return router


def search(
    request: Request, filters: Annotated[Filters, Depends()], limit: Limit = 20, after: After = None,
    sort: Sorted = "relevance", by: Found = "article", facets: _Facets = (),
) -> Response:  # fmt: skip
    """No question is an error: what is read otherwise than it looks is in `notes`."""
    desk = desk_of(request)
    query = filters.query(limit, sort, after, by)
    found = desk.archive.results(query)
    everything = replace(query, after=None, limit=None)
    return answer(request, SearchPage(
        [_hit(article, filters.q or "") for article in found.articles],
        desk.archive.overview.count(everything, _SECONDS),
        {by: _listed(desk.archive.overview.counts(everything, by, _SECONDS)) for by in dict.fromkeys(facets)},
        str(found.after) if found.after else None,
        list(filters.notes),
    ))  # fmt: skip


def count(
    request: Request, filters: Annotated[Compared, Depends()],
    by: Annotated[CountedBy, Parameter(description="what the numbers are of")],
    of: Found = "article", share: _Share = False,
) -> Response:  # fmt: skip
    """The numbers add up to that of all hits. A share is of all articles of that key, source, language and period.

    With several `q`, those of the first stand on top, those of the others in `versus`.
    """
    archive = desk_of(request).archive
    whole: Mapping[str | None, int] = {}
    if share:
        everything = replace(filters.query(by=of), words=None)
        whole = {each.key: each.number for each in archive.counts(everything, by)}

    def counted(asked: Filters) -> tuple[int, list[SharedCount], list[str]]:
        found = archive.counts(asked.query(by=of), by)
        shared = [
            SharedCount(each.key, each.number, whole.get(each.key), _share(each.number, whole.get(each.key)))
            for each in found
        ]
        return sum(each.number for each in found), shared, list(asked.notes)

    versus = [Versus(other.q or "", *counted(other)) for other in filters.versus]
    return answer(request, Counts(by, *counted(filters), versus))


def list_terms(
    request: Request, filters: Annotated[Filters, Depends()],
    limit: Annotated[int, Parameter(ge=1, le=100, description="a whole number from 1 to 100")] = 20,
) -> Response:  # fmt: skip
    """Read from samples of the result and of the rest; the words that were asked for are left out."""
    found = desk_of(request).archive.terms(filters.query(), limit)
    return answer(request, TermList(list(found), list(filters.notes)))


def _share(number: int, of: int | None) -> float | None:
    return round(number / of, 6) if of else None


def _listed(counts: tuple[Count, ...] | None) -> list[Count] | None:
    return None if counts is None else list(counts)


def _hit(article: ArchivedArticle, words: str) -> Hit:
    shown = snippet(article.text, words)
    excerpt = Excerpt([Marked(text, is_mark) for text, is_mark in shown.pieces], shown.before, shown.after)
    return Hit(
        article.id, article.url, article.source, article.title, list(article.authors), article.agency,
        article.language, article.published_at, article.fetched_at, article.story_id, article.copy_of,
        list(article.flags), excerpt,
    )  # fmt: skip
