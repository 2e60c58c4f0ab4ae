"""What a page says of its article in JSON-LD, the structured data that search engines ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the plain-text path needs the record, not the parser
    from selectolax.lexbor import LexborHTMLParser

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_MOST_NODES = 20_000  # objects and lists looked at; the largest live blogs have a few thousand
_LONGEST_COUNT = 8  # digits; no article has so many words
_KIN = ("article", "blogposting", "report", "review", "creativework")  # ends of the types that an article may have
_PAGE = ("webpage", "itempage")
_IN_WHOSE_NAME = ("sourceOrganization", "creditText", "copyrightHolder", "provider")
_CREDITED = ("creditText", "creator", "author", "copyrightHolder", "copyrightNotice")
_ASIDE = frozenset(  # what stands under these keys is not the article of the page
    {"itemListElement", "hasPart", "mentions", "citation", "isPartOf", "relatedLink", "liveBlogUpdate", "comment"}
    | {"isBasedOn", "breadcrumb", "publisher", "subjectOf", "significantLink", "about"}
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the article's data have it."""

    url: str
    caption: str | None = None
    credit: str | None = None


@dataclass(frozen=True, slots=True)
class Structured:
    """The page's article in its own words, each field as it stands there. is_free: None where it does not say.

    organisations: authors that are no people, and others in whose name it is published. words: of the whole text.
    """

    headline: str | None = None
    authors: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    language: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: Picture | None = None
    url: str | None = None
    description: str | None = None
    publisher: str | None = None
    body: str | None = None
    is_free: bool | None = None
    words: int | None = None


def read_structured(tree: LexborHTMLParser) -> Structured:
    """The first article in the page's JSON-LD, else its web page, else nothing. Broken JSON is skipped."""
    nodes = [
        node for script in tree.css("script[type*='ld+json' i]") for node in _nodes(_parsed(script.text_lexbor() or ""))
    ]
    named = {name: node for node in nodes if isinstance(name := node.get("@id"), str) and len(node) > 1}
    for kin in (_KIN, _PAGE):
        for node in nodes:
            says = _strings(node.get("headline")) or _strings(node.get("datePublished"))
            if says and any(kind.endswith(kin) for kind in _types(node)):
                return _article(node, named)
    return Structured()


def _parsed(text: str) -> Json:
    """The JSON of a script, out of the comment or CDATA signs around it."""
    text = text.replace("<![CDATA[", "").replace("]]>", "")
    start = min((at for sign in "{[" if (at := text.find(sign)) >= 0), default=0)
    stop = max(text.rfind("}"), text.rfind("]")) + 1
    try:
        parsed: Json = json.loads(text[start:stop], strict=False)  # line breaks inside strings are common
    except (ValueError, RecursionError):
        return None
    return parsed


def _nodes(parsed: Json) -> Iterator[dict[str, Json]]:
    """All objects, outer ones first, without what is put aside."""
    queue: list[Json] = [parsed]
    for value in queue:  # grows as it goes
        if len(queue) > _MOST_NODES:
            return
        if isinstance(value, list):
            queue.extend(item for item in value if isinstance(item, dict | list))
        elif isinstance(value, dict):
            yield value
            queue.extend(item for key, item in value.items() if key not in _ASIDE and isinstance(item, dict | list))


def _types(node: dict[str, Json]) -> list[str]:
    return [kind.lower() for kind in _strings(node.get("@type"))]


def _article(node: dict[str, Json], named: dict[str, dict[str, Json]]) -> Structured:
    by = node.get("author") if _names(node.get("author"), named) else node.get("creator")
    return Structured(
        headline=_first(_strings(node.get("headline")) or _strings(node.get("name"))),
        authors=tuple(_names(by, named)),
        organisations=(
            *(name for one in _whole(by, named) if _is_organisation(one) for name in _names(one, named)),
            *(name for key in _IN_WHOSE_NAME for name in _names(node.get(key), named)),
        ),
        published=_first(_strings(node.get("datePublished")) or _strings(node.get("dateCreated"))),
        modified=_first(_strings(node.get("dateModified"))),
        language=_first(_names(node.get("inLanguage"), named)),
        section=_first(_strings(node.get("articleSection"))),
        keywords=tuple(_names(node.get("keywords"), named)),
        image=_picture(node.get("image"), named) or _picture(node.get("thumbnailUrl"), named),
        url=_first(_strings(node.get("url"))),
        description=_first(_strings(node.get("description"))),
        publisher=_first(_names(node.get("publisher"), named)),
        body=_first(_strings(node.get("articleBody"))),
        is_free=_is_free(node),
        words=next(
            (
                int(count)
                for count in _strings(node.get("wordCount"))
                if count.isdecimal() and len(count) < _LONGEST_COUNT
            ),
            None,
        ),
    )


def _is_free(node: dict[str, Json]) -> bool | None:
    """What the article says of itself; else that one of its parts is for subscribers."""
    said = _truth(node.get("isAccessibleForFree"))
    parts = node.get("hasPart")
    if said is None and any(
        isinstance(part, dict) and _truth(part.get("isAccessibleForFree")) is False
        for part in (parts if isinstance(parts, list) else [parts])
    ):
        return False
    return said


def _truth(value: Json) -> bool | None:
    return {"true": True, "false": False}.get(str(value).rpartition("/")[2].lower())


def _is_organisation(node: dict[str, Json]) -> bool:
    return any(kind.endswith("organization") for kind in _types(node))


def _strings(value: Json) -> list[str]:
    """The texts of a value that may be one or a list; numbers are texts too, because dates may be Unix time."""
    values = value if isinstance(value, list) else [value]
    return [str(item).strip() for item in values if isinstance(item, str | int) and not isinstance(item, bool) and item]


def _first(values: list[str]) -> str | None:
    return next(filter(None, values), None)


def _names(value: Json, named: dict[str, dict[str, Json]]) -> list[str]:
    """The names of people or things, given as text, as objects, by reference, or as a list of these."""
    names: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            whole = item if "name" in item else named.get(str(item.get("@id")), item)
            names += _strings(whole.get("name")) or _strings(whole.get("alternateName"))
        else:
            names += _strings(item)
    return names


def _whole(value: Json, named: dict[str, dict[str, Json]]) -> Iterator[dict[str, Json]]:
    """The objects of a value, those that are named by reference looked up."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item if len(item) > 1 else named.get(str(item.get("@id")), item)


def _picture(value: Json, named: dict[str, dict[str, Json]]) -> Picture | None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            whole = item if "url" in item else named.get(str(item.get("@id")), item)
            if url := _first(_strings(whole.get("url")) or _strings(whole.get("contentUrl"))):
                return Picture(
                    url,
                    caption=_first([*_strings(whole.get("caption")), *_strings(whole.get("description"))]),
                    credit=_first([name for key in _CREDITED for name in _names(whole.get(key), named)]),
                )
        elif isinstance(item, str) and item:
            return Picture(item)
    return None
