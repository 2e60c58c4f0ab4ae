"""JSON-LD: articles as schema.org tells search engines and libraries of them (https://schema.org/NewsArticle).

One document with one graph: what ends in ``.jsonld`` is read as a whole by the tools of linked data, and its lines by
others, for each article stands on its own. ``datePublished`` is as exact as it is known. Not told: ``flags``,
``origins``, ``content_hash``, ``norm_version``, ``story_id``, ``fetched_at``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from storage.exporting.form import gathered
from storage.exporting.json_lines import as_json
from storage.exporting.names import link, published, urn
from storage.records import ArchivedArticle
from storage.times import rfc3339

Thing: TypeAlias = "dict[str, str | bool | list[str] | Thing | list[Thing] | None]"

_HEAD = '{"@context": "https://schema.org", "@graph": ['


def write(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """See ``storage.exporting.form.Writer``."""
    return gathered(_document(articles))


def thing(article: ArchivedArticle) -> Thing:
    """An article as a ``NewsArticle``; what is not known is left out."""
    here, *others = map(link, (article.url, article.canonical_url, article.amp_url))
    said: Thing = {
        "@type": "NewsArticle",
        "@id": urn(article.id),
        "identifier": article.id,
        "url": here,
        "sameAs": [other for other in others if other and other != here],
        "headline": article.title,
        "articleBody": article.text,
        "author": [_named("Person", author) for author in article.authors],
        "publisher": article.source and _named("Organization", article.source),
        "sourceOrganization": article.agency and _named("NewsMediaOrganization", article.agency),
        "dateline": article.dateline,
        "datePublished": published(article),
        "dateModified": rfc3339(article.modified_at) if article.modified_at else None,
        "inLanguage": article.language,
        "articleSection": article.section,
        "keywords": list(article.keywords),
        "image": _image(article),
        "isBasedOn": article.copy_of and {"@id": urn(article.copy_of)},
    }
    known = {name: value for name, value in said.items() if value or name in ("headline", "articleBody")}
    if article.access in ("free", "paid"):
        known["isAccessibleForFree"] = article.access == "free"
    return known


def _document(articles: Iterable[ArchivedArticle]) -> Iterator[str]:
    yield _HEAD
    between = "\n"
    for article in articles:
        yield between + as_json(thing(article))
        between = ",\n"
    yield "\n]}\n"


def _named(kind: str, name: str) -> Thing:
    return {"@type": kind, "name": name}


def _image(article: ArchivedArticle) -> Thing | None:
    if (image := link(article.image)) is None:
        return None
    said: Thing = {
        "@type": "ImageObject",
        "url": image,
        "caption": article.image_caption,
        "creditText": article.image_credit,
    }
    return {name: value for name, value in said.items() if value}
