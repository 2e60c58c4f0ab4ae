"""Articles over HTTP: the record that exports give, its versions, what was cut from it, and the page as it came."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.requests import Request
from starlette.responses import Response

from storage.diff import Piece, diff
from storage.errors import NotFound
from storage.export import record
from storage.records import ArchivedArticle, Reason
from storage.rereading import Making
from storage.web.api.answers import answer, tagged, told
from storage.web.api.parameters import After, ArticleId, Filters, Found, Limit, Number, Sorted
from storage.web.front_desk import desk_of

RAW_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Content-Type": "application/octet-stream",
}
"""What a browser is told of a page as it came: it is nothing to show."""

_HIGHEST = 2**31 - 1
_From = Annotated[
    int | None,
    Parameter(alias="from", ge=1, le=_HIGHEST, description="a version; else the one that `to` was compared with"),
]
_To = Annotated[int | None, Parameter(ge=1, le=_HIGHEST, description="a version; else the one that stands")]


@dataclass(frozen=True, slots=True)
class Article(ArchivedArticle):
    """The record of an article: the same keys as in exports and in the view ``articles``."""

    origins: dict[str, str] = field(default_factory=dict)  # type: ignore[assignment]  # in JSON an object


@dataclass(frozen=True, slots=True)
class ArticleList:
    """Articles. next: what ``after`` takes for those behind them; null at the end. notes: what was read otherwise."""

    articles: list[Article]
    next: str | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class RemovedBlock:
    """What is not part of the text: why, and by which rule. start, end: offsets in the decoded page; line: from 1.

    pages: of ``of_pages`` other pages of its site, how many had it too; null where that was not what decided.
    """

    line: int
    reason: Reason
    rule: str
    score: float | None
    text: str
    start: int
    end: int
    pages: int | None
    of_pages: int | None


@dataclass(frozen=True, slots=True)
class RemovedBlocks:
    """What was cut from the standing version, in reading order."""

    article_id: str
    removed: list[RemovedBlock]


@dataclass(frozen=True, slots=True)
class VersionList:
    """How each version of an article came about."""

    article_id: str
    versions: list[Making]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an article. stands: whether it is the one that stands for it."""

    number: int
    stands: bool
    article: Article


@dataclass(frozen=True, slots=True)
class Difference:
    """What version ``number`` says otherwise than ``since``. The same and removed pieces make the one before."""

    article_id: str
    since: int
    number: int
    title: list[Piece]
    text: list[Piece]


def routes() -> APIRouter:
    """Articles, one by one and in lists."""
    router = APIRouter(tags=["articles"])
    add = router.add_api_route
    add("/articles", list_articles, response_model=ArticleList, summary="List articles, newest first",
        operation_id="list_articles", responses=told("The articles."))  # fmt: skip
    add("/articles/{id}", get_article, response_model=Article, summary="Get an article",
        operation_id="get_article", responses=told("The article."))  # fmt: skip
    add("/articles/{id}/removed", list_removed, response_model=RemovedBlocks, summary="List what was cut out",
        operation_id="list_removed", responses=told("The removed blocks."))  # fmt: skip
    add("/articles/{id}/versions", list_versions, response_model=VersionList, summary="List the versions of an article",
        operation_id="list_versions", responses=told("The versions."))  # fmt: skip
    add("/articles/{id}/versions/{number}", get_version, response_model=Version, summary="Get a version of an article",
        operation_id="get_version", responses=told("The version."))  # fmt: skip
    add("/articles/{id}/diff", compare_versions, response_model=Difference, summary="Compare two versions word by word",
        operation_id="compare_versions", responses=told("The difference."))  # fmt: skip
    add("/articles/{id}/raw", download_page, response_class=Response, summary="Download the page as it came",
        operation_id="download_page", responses=_bytes())  # fmt: skip
    return router


def list_articles(
    request: Request, filters: Annotated[Filters, Depends()], limit: Limit = 50, after: After = None,
    sort: Sorted = "newest", by: Found = "article",
) -> Response:  # fmt: skip
    """Whole records. Go on with `next` as `after`: no position ever goes stale, and nothing comes twice."""
    found = desk_of(request).archive.results(filters.query(limit, sort, after, by))
    return answer(request, {
        "articles": [record(article) for article in found.articles],
        "next": str(found.after) if found.after else None,
        "notes": filters.notes,
    })  # fmt: skip


def get_article(request: Request, id: ArticleId) -> Response:  # noqa: A002 - the parameter's name
    """The first four or more digits of an id are enough."""
    return answer(request, record(desk_of(request).archive.get(id)))


def list_removed(request: Request, id: ArticleId) -> Response:  # noqa: A002 - the parameter's name
    """Every block with its reason, its rule, and its place in the page."""
    archive = desk_of(request).archive
    article = archive.get(id)
    blocks = [
        RemovedBlock(
            block.line,
            block.reason,
            block.rule,
            block.score,
            block.text,
            block.start,
            block.end,
            block.pages,
            block.of_pages,
        )
        for block in archive.removed(article.id)
    ]
    return answer(request, RemovedBlocks(article.id, blocks))


def list_versions(request: Request, id: ArticleId) -> Response:  # noqa: A002 - the parameter's name
    """What each changed, by which cleaner it was made, and which one stands for the article."""
    archive = desk_of(request).archive
    article = archive.get(id)
    return answer(request, VersionList(article.id, list(archive.makings(article.id))))


def get_version(request: Request, id: ArticleId, number: Number) -> Response:  # noqa: A002 - the parameter's name
    """The record as it was in that version."""
    made = _versions(request, id)
    making, text = _of(made, number, id)
    return answer(request, {"number": number, "stands": making.stands, "article": record(text)})


def compare_versions(
    request: Request, id: ArticleId, since: _From = None, to: _To = None,  # noqa: A002 - the parameter's name
) -> Response:  # fmt: skip
    """Title and text as pieces that are the same, removed or added; words, never letters."""
    made = _versions(request, id)
    standing = next(making.number for making, _ in made.values() if making.stands)
    after, text = _of(made, to or standing, id)
    before = _of(made, since or after.changed_since or max(1, after.number - 1), id)
    return answer(request, asdict(Difference(
        text.id, before[0].number, after.number, list(diff(before[1].title, text.title)),
        list(diff(before[1].text, text.text)),
    )))  # fmt: skip


def download_page(request: Request, id: ArticleId) -> Response:  # noqa: A002 - the parameter's name
    """The bytes that the standing version was cleaned from: a download, of no type that a browser would show."""
    archive = desk_of(request).archive
    article = archive.get(id)
    named = {"Content-Disposition": f'attachment; filename="{article.id}.bin"'}
    return tagged(request, archive.raw(article.id), RAW_HEADERS["Content-Type"], headers=RAW_HEADERS | named)


_Made = dict[int, tuple[Making, ArchivedArticle]]


def _versions(request: Request, article: str) -> _Made:
    archive = desk_of(request).archive
    makings = archive.makings(article)
    return {making.number: (making, text) for making, text in zip(makings, archive.versions(article), strict=False)}


def _of(made: _Made, number: int, article: str) -> tuple[Making, ArchivedArticle]:
    if number not in made:
        raise NotFound(f"article {article} has no version {number}", f"GET /api/v1/articles/{article}/versions")
    return made[number]


def _bytes() -> dict[int | str, dict[str, object]]:
    said = told("The bytes, whatever they are.")
    said[200]["content"] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return said
