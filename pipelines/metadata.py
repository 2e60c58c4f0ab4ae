"""What a page says of its article: title, authors, dates and the rest, each from the surest place that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pipelines.access import access_of
from pipelines.agencies import agency_in
from pipelines.authors import authors_of, byline_names, fold_name
from pipelines.language import language_code
from pipelines.lead_image import lead_image
from pipelines.page_head import PageHead, tidy
from pipelines.page_title import title_of
from pipelines.phrases import fold, load_phrases
from pipelines.publication import agrees, modified_of, published_of
from pipelines.structured_data import Structured
from storage.records import Page, Precision

if TYPE_CHECKING:  # the plain-text path needs the record, not the parser
    from selectolax.lexbor import LexborHTMLParser

_AUTHORS = ("author", "article:author", "sailthru.author", "cxenseparse:author", "parsely-author", "dc.creator")
_LONGEST_ADDRESS = 2_000
_LONGEST_WORD = 100  # of a section or keyword
_MOST_KEYWORDS = 60
_HOST_PART = re.compile(r"[^.]{3,}")

Told = tuple[str | None, str | None]
"""A value and its origin."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of an article besides its text; every field is None or empty where nobody says.

    published_origin: ``json-ld``, ``meta``, ``time``, ``claims``, ``title``, ``url`` or ``search``; with ``, zone
    unknown`` where a time was given without its zone and is taken for UTC. published_zone: the offset as stated, such
    as ``UTC+02:00``. access: ``free`` or ``paid``. stated_words: how many words the page says its text has.
    flags: doubts, as of an ``Article``. origins: each field that has a value, with what it came from.
    """

    title: str | None = None
    authors: tuple[str, ...] = ()
    agency: str | None = None
    published_at: datetime | None = None
    published_precision: Precision | None = None
    published_origin: str | None = None
    published_zone: str | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: str | None = None
    image_caption: str | None = None
    image_credit: str | None = None
    canonical_url: str | None = None
    amp_url: str | None = None
    access: str | None = None
    description: str | None = None
    site_name: str | None = None
    stated_words: int | None = None
    flags: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()


def read_metadata(tree: LexborHTMLParser, head: PageHead, structured: Structured, page: Page) -> Metadata:
    """The metadata of a page; claims fill what the page leaves open, and are doubted where it says otherwise.

    Reads the tree and leaves it as it is.
    """
    claims = page.claims
    site = _site_names(head, structured, page.url)
    address = _absolute(head.base, page.url) or page.url or head.first("og:url") or head.canonical
    published = published_of(tree, head, structured, page)
    modified = modified_of(head, structured, page)
    if published.moment and modified.moment and modified.moment.at < published.moment.at:
        modified = replace(modified, moment=None)
    title, title_origin = title_of(head, structured, claims.title, site)
    authors, authors_origin = _authors(head, structured, site)
    language, language_origin = _language(head, structured, claims.language)
    section, section_origin = _section(head, structured, claims.section)
    keywords, keywords_origin = _keywords(head, structured)
    image, image_origin = _image(head, structured, claims.image, address)
    lead = lead_image(head, structured, image, title)
    canonical, canonical_origin = _canonical(head, structured, address)
    amp = _absolute(head.amp, address)
    access, access_origin = access_of(head, structured)
    agency = agency_in([*structured.authors, *structured.organisations, *authors])
    origins = {
        "title": title and title_origin,
        "authors": authors_origin if authors else claims.authors and "claims",
        "agency": agency and ("json-ld" if structured.authors or structured.organisations else authors_origin),
        "published_at": published.origin and published.origin.partition(",")[0],
        "modified_at": modified.moment and modified.origin,
        "language": language and language_origin,
        "section": section and section_origin,
        "keywords": keywords_origin if keywords else claims.keywords and "claims",
        "image": image and image_origin,
        "image_caption": lead.caption_origin,
        "image_credit": lead.credit_origin,
        "canonical_url": canonical and canonical_origin,
        "amp_url": amp and "link",
        "access": access_origin,
    }
    return Metadata(
        title=title,
        authors=authors or claims.authors,
        agency=agency,
        published_at=published.moment.at if published.moment else None,
        published_precision=published.moment.precision if published.moment else None,
        published_origin=published.origin,
        published_zone=published.moment.zone if published.moment else None,
        modified_at=modified.moment.at if modified.moment else None,
        language=language,
        section=section,
        keywords=keywords or claims.keywords,
        image=image,
        image_caption=lead.caption,
        image_credit=lead.credit,
        canonical_url=canonical,
        amp_url=amp,
        access=access,
        description=tidy(structured.description) or head.first("og:description", "description") or claims.description,
        site_name=_short(head.first("og:site_name")) or _short(structured.publisher),
        stated_words=structured.words,
        flags=() if published.moment is None or agrees(published.moment, claims) else ("date-disputed",),
        origins=tuple((field, origin) for field, origin in origins.items() if origin),
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


def _authors(head: PageHead, structured: Structured, site: frozenset[str]) -> tuple[tuple[str, ...], str | None]:
    linked, marked, styled, paged = head.bylines
    label, name = (head.first(f"twitter:{part}1") or "" for part in ("label", "data"))
    shared = (name,) if load_phrases().opens("byline", fold(label)) else ()
    sources = [
        ("json-ld", tuple(map(tidy, structured.authors))),
        *(("meta", tuple(head.all(name))) for name in _AUTHORS),
        ("meta", shared),
        ("byline", linked),
        ("byline", marked),
        ("byline", byline_names(styled)),
        ("byline", byline_names(paged)),
    ]
    return authors_of(sources, site, whole=frozenset(map(tidy, structured.organisations)))


def _language(head: PageHead, structured: Structured, claimed: str | None) -> Told:
    said = [
        (structured.language, "json-ld"),
        (head.language, "html"),
        *((value, "meta") for value in head.all("og:locale", "content-language", "language")),
        (claimed, "claims"),
    ]
    return next(((code, origin) for value, origin in said if (code := language_code(value))), (None, None))


def _section(head: PageHead, structured: Structured, claimed: str | None) -> Told:
    said = [
        (structured.section, "json-ld"),
        *((value, "meta") for value in head.all("article:section", "cxenseparse:section")),
        (claimed, "claims"),
    ]
    return next(((text, origin) for value, origin in said if (text := _short(value))), (None, None))


def _keywords(head: PageHead, structured: Structured) -> tuple[tuple[str, ...], str | None]:
    """The first list that is short enough to be about this article."""
    said = [
        ("json-ld", structured.keywords),
        *(("meta", tuple(head.all(name))) for name in ("article:tag", "news_keywords", "keywords")),
    ]
    for origin, source in said:
        listed: Iterable[str] = source[0].split(",") if len(source) == 1 else source
        words = tuple(dict.fromkeys(filter(None, map(tidy, listed))))
        if words and len(words) <= _MOST_KEYWORDS and all(len(word) <= _LONGEST_WORD for word in words):
            return words, origin
    return (), None


def _image(head: PageHead, structured: Structured, claimed: str | None, address: str | None) -> Told:
    said = [
        (structured.image.url if structured.image else None, "json-ld"),
        (head.first("og:image", "twitter:image"), "meta"),
        (claimed, "claims"),
    ]
    return next(((url, origin) for value, origin in said if (url := _absolute(value, address))), (None, None))


def _canonical(head: PageHead, structured: Structured, address: str | None) -> Told:
    """The first address that is not just a site's front page."""
    for value, origin in ((head.canonical, "link"), (head.first("og:url"), "meta"), (structured.url, "json-ld")):
        url = _absolute(value, address)
        if url and (urlsplit(url).path.strip("/") or urlsplit(url).query):
            return url, origin
    return None, None


def _short(value: str | None) -> str | None:
    text = tidy(value)
    return text if text and len(text) <= _LONGEST_WORD else None


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
