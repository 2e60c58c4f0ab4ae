"""ninjs 3.1, News in JSON of the IPTC, an object on each line: what newsrooms' systems exchange.

Names are those of https://iptc.org/std/ninjs/ninjs-schema_3.1.json. ``contentCreated`` is a time of day; where only a
day, month or year is known, a description with the role ``published`` says so. Our own names stand in ``altIds``. Not
told: ``modified_at``, ``access``, ``flags``, ``origins``, ``norm_version``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from storage.exporting.form import gathered
from storage.exporting.json_lines import as_json
from storage.exporting.names import EXACT, link, published, urn
from storage.records import ArchivedArticle
from storage.times import rfc3339

Item: TypeAlias = "dict[str, str | int | Item | list[Item] | None]"

_STANDARD: Item = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#",
}


def write(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """See ``storage.exporting.form.Writer``."""
    return gathered(as_json(item(article)) + "\n" for article in articles)


def item(article: ArchivedArticle) -> Item:
    """An article as a ninjs object; what is not known is left out."""
    when = published(article)
    is_exact = article.published_precision in EXACT
    said: Item = {
        "uri": urn(article.id),
        "type": "text",
        "representationType": "full",
        "versionCreated": rfc3339(article.fetched_at),
        "contentCreated": when if is_exact else None,
        "pubStatus": "usable",
        "language": article.language,
        "headlines": [{"role": "main", "contentType": "text/plain", "value": article.title}],
        "descriptions": [{"role": "published", "value": when}] if when and not is_exact else [],
        "bodies": [
            {"role": "main", "contentType": "text/plain", "charCount": len(article.text), "value": article.text}
        ],
        "by": ", ".join(article.authors),
        "located": article.dateline,
        "infoSources": _named("agency", article.agency) + _named("publisher", article.source),
        "subjects": [
            {"rel": rel, "name": name}
            for rel, names in (("section", [article.section]), ("keyword", article.keywords))
            for name in names
            if name
        ],
        "renditions": [
            {"name": name, "href": href, "contentType": "text/html"}
            for name, url in (("web", article.url), ("canonical", article.canonical_url), ("amp", article.amp_url))
            if (href := link(url))
        ],
        "associations": _image(article),
        "altIds": [
            {"role": role, "value": value}
            for role, value in (
                ("id", article.id),
                ("story_id", article.story_id),
                ("copy_of", article.copy_of),
                ("content_hash", article.content_hash),
            )
            if value
        ],
        "standard": _STANDARD,
    }
    return {name: value for name, value in said.items() if value}


def _named(role: str, name: str | None) -> list[Item]:
    return [{"role": role, "name": name}] if name else []


def _image(article: ArchivedArticle) -> list[Item]:
    if (image := link(article.image)) is None:
        return []
    said: Item = {
        "name": "image",
        "uri": urn(image),
        "type": "picture",
        "by": article.image_credit,
        "descriptions": [{"role": "caption", "value": article.image_caption}] if article.image_caption else [],
        "renditions": [{"name": "main", "href": image}],
    }
    return [{name: value for name, value in said.items() if value}]
