"""What a page says of its article: title, authors, dates and the rest, each from the surest place that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pipelines.authors import authors_of, byline_names, fold_name
from pipelines.dates import Moment, is_plausible, read_date
from pipelines.language import language_code
from pipelines.page_head import PageHead, read_head, tidy
from pipelines.page_title import title_of
from pipelines.structured_data import Structured
from storage.records import Claims, Page, Precision

if TYPE_CHECKING:  # the plain-text path needs the record, not the parser
    from selectolax.lexbor import LexborHTMLParser

_PUBLISHED = (
    *("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date"),
    *("cxenseparse:recs:publishtime", "citation_publication_date", "dcterms.created", "dc.date.issued", "dc.date"),
    *("pubdate", "publishdate", "publish-date", "publication_date", "date"),
)
_MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
_AUTHORS = ("author", "article:author", "sailthru.author", "cxenseparse:author", "parsely-author", "dc.creator")
_TIERS = {"free": "free", "metered": "paid", "locked": "paid"}
_EXACTNESS: dict[Precision, int] = {"year": 0, "month": 1, "day": 2, "minute": 3, "second": 4}
_AGREE_SECONDS = 36 * 3600  # a date alone, in whatever zone, and a time of the same day are no further apart
_LONGEST_ADDRESS = 2_000
_LONGEST_WORD = 100  # of a section or keyword
_MOST_KEYWORDS = 60
_HOST_PART = re.compile(r"[^.]{3,}")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of an article besides its text; every field is None or empty where nobody says.

    published_origin: ``json-ld``, ``meta``, ``time``, ``claims`` or ``search``; with ``, zone unknown`` where a time
    was given without its zone and is taken for UTC. access: ``free`` or ``paid``. flags: doubts, as of an ``Article``.
    """

    title: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_precision: Precision | None = None
    published_origin: str | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: str | None = None
    canonical_url: str | None = None
    access: str | None = None
    description: str | None = None
    site_name: str | None = None
    flags: tuple[str, ...] = ()


def read_metadata(tree: LexborHTMLParser, structured: Structured, page: Page) -> Metadata:
    """The metadata of a page; claims fill what the page leaves open, and are doubted where it says otherwise."""
    head = read_head(tree)
    claims = page.claims
    site = _site_names(head, structured, page.url)
    address = _absolute(head.base, page.url) or page.url or head.first("og:url") or head.canonical
    published, origin = _published(tree, head, structured, page)
    flags = () if published is None or _agrees(published, claims) else ("date-disputed",)
    modified = _surest(_moments([structured.modified or "", *head.all(*_MODIFIED)], page.fetched_at))
    modified_at = modified.at if modified else claims.modified_at
    tier = (head.first("article:content_tier") or "").lower()
    return Metadata(
        title=title_of(head, structured, claims.title, site)[0],
        authors=_authors(head, structured, site) or claims.authors,
        published_at=published.at if published else None,
        published_precision=published.precision if published else None,
        published_origin=origin,
        modified_at=None if modified_at and published and modified_at < published.at else modified_at,
        language=_language(head, structured) or language_code(claims.language),
        section=_short(structured.section, head.first("article:section", "cxenseparse:section"), claims.section),
        keywords=_keywords(head, structured) or claims.keywords,
        image=_first_address(address, structured.image, head.first("og:image", "twitter:image"), claims.image),
        canonical_url=_canonical(address, head.canonical, head.first("og:url"), structured.url),
        access=_TIERS.get(tier) if structured.is_free is None else ("free" if structured.is_free else "paid"),
        description=tidy(structured.description) or head.first("og:description", "description") or claims.description,
        site_name=_short(head.first("og:site_name"), structured.publisher),
        flags=flags,
    )


def _site_names(head: PageHead, structured: Structured, url: str | None) -> frozenset[str]:
    names = [*head.all("og:site_name", "application-name", "apple-mobile-web-app-title"), structured.publisher or ""]
    host = _host(url or head.first("og:url") or "")
    labels = _HOST_PART.findall(host.removeprefix("www."))[:-1]  # the last may be a top-level domain such as ``com``
    return frozenset(filter(None, map(fold_name, [*names, host.removeprefix("www."), *labels])))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _authors(head: PageHead, structured: Structured, site: frozenset[str]) -> tuple[str, ...]:
    linked, marked, styled, paged = head.bylines
    sources = [tuple(map(tidy, structured.authors)), *(tuple(head.all(name)) for name in _AUTHORS), linked, marked]
    return authors_of([*sources, byline_names(styled), byline_names(paged)], site)


def _published(
    tree: LexborHTMLParser, head: PageHead, structured: Structured, page: Page
) -> tuple[Moment | None, str | None]:
    """When it was published and what says so."""
    claimed = page.claims.published_at
    stated = [
        ("json-ld", [structured.published or ""]),
        ("meta", [value for name in _PUBLISHED for value in head.all(name)]),
        ("time", head.times[:1]),
        ("claims", [claimed.isoformat()] if claimed else []),
    ]
    found = [(moment, origin) for origin, values in stated for moment in _moments(values, page.fetched_at)]
    if not found:
        found = [(moment, "search") for moment in _moments(_searched(tree, page), page.fetched_at)]
    if not found:
        return None, None
    best = _surest(moment for moment, _ in found)
    origin = next(origin for moment, origin in found if moment is best)
    exact = best is not None and best.precision in {"minute", "second"}
    return best, f"{origin}, zone unknown" if exact and best and not best.zoned else origin


def _searched(tree: LexborHTMLParser, page: Page) -> Iterator[str]:
    """A date found in the address, the text or the copyright line, for pages that state none."""
    from htmldate import find_date  # noqa: PLC0415 - loads slowly, and few pages need it

    latest = page.fetched_at.date().isoformat()
    if date := find_date(tree.html, original_date=True, extensive_search=False, url=page.url, max_date=latest):
        yield date


def _moments(values: Iterable[str], fetched_at: datetime) -> list[Moment]:
    return [moment for value in values if (moment := read_date(value)) and is_plausible(moment, fetched_at)]


def _surest(moments: Iterable[Moment]) -> Moment | None:
    """The first moment, or the most exact of those that agree with it: a time with a zone tells most."""
    moments = list(moments)
    if not moments:
        return None
    agreeing = [m for m in moments if abs((m.at - moments[0].at).total_seconds()) <= _AGREE_SECONDS]
    return max(agreeing, key=lambda moment: (_EXACTNESS[moment.precision], moment.zoned))


def _agrees(published: Moment, claims: Claims) -> bool:
    claimed = claims.published_at
    return claimed is None or abs((published.at - claimed).total_seconds()) <= 2 * _AGREE_SECONDS


def _language(head: PageHead, structured: Structured) -> str | None:
    said = (structured.language, head.language, *head.all("og:locale", "content-language", "language"))
    return next(filter(None, map(language_code, said)), None)


def _keywords(head: PageHead, structured: Structured) -> tuple[str, ...]:
    """The first list that is short enough to be about this article."""
    for source in (
        structured.keywords,
        *(tuple(head.all(name)) for name in ("article:tag", "news_keywords", "keywords")),
    ):
        listed = source[0].split(",") if len(source) == 1 else source
        words = tuple(dict.fromkeys(filter(None, map(tidy, listed))))
        if words and len(words) <= _MOST_KEYWORDS and all(len(word) <= _LONGEST_WORD for word in words):
            return words
    return ()


def _short(*values: str | None) -> str | None:
    return next((text for value in values if (text := tidy(value)) and len(text) <= _LONGEST_WORD), None)


def _canonical(address: str | None, *values: str | None) -> str | None:
    """The first address that is not just a site's front page."""
    for value in values:
        url = _absolute(value, address)
        if url and (urlsplit(url).path.strip("/") or urlsplit(url).query):
            return url
    return None


def _first_address(address: str | None, *values: str | None) -> str | None:
    return next((url for value in values if (url := _absolute(value, address))), None)


def _absolute(value: str | None, base: str | None) -> str | None:
    """An http address as it stands on a page, made absolute; None for anything else."""
    if not value or len(value) > _LONGEST_ADDRESS:
        return None
    try:
        url = urljoin(base or "", value.strip())
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"\s", url) else None
