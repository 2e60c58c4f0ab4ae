"""From a JSON object to a Page: where news-please, Fundus, trafilatura and schema.org keep what we need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from crawler.errors import UnknownField, Unreadable
from crawler.readers.saved import ReaderOptions, SavedFile
from storage.records import Claims, Page

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_PLACES: Mapping[str, tuple[str, ...]] = {  # our field: where it may stand; a dot steps into an object
    "text": ("maintext", "plaintext", "articleBody", "text", "body", "content", "article_text", "raw_text"),
    "html": ("html.content", "html", "raw_html", "page_html"),
    "title": ("title", "headline", "title_page", "name"),
    "authors": ("authors", "author", "byline", "creator"),
    "published_at": ("date_publish", "publishing_date", "datePublished", "date", "published_at", "published"),
    "modified_at": ("date_modify", "dateModified", "modified_at", "modified", "updated"),
    "fetched_at": ("date_download", "html.crawl_date", "crawled", "fetched_at", "fetched"),
    "language": ("language", "lang", "inLanguage"),
    "url": ("url", "html.responded_url", "html.requested_url", "link", "mainEntityOfPage", "source"),
    "source": ("source_domain", "hostname", "source-hostname", "publisher", "source"),
    "section": ("articleSection", "section", "categories", "category"),
    "keywords": ("keywords", "tags", "topics"),
    "image": ("image_url", "image", "top_image"),
    "description": ("description", "excerpt", "summary", "abstract"),
}
_VALUE_KEYS = ("name", "url", "@id", "@value", "contentUrl")  # what an object of schema.org comes down to

_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKUP = re.compile(
    r"\s*<(?:!doctype|!--|\?xml|(?:html|head|body|article|section|main|div|p|h[1-6])\b)", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_ARTICLE_TYPE = re.compile(r"(?:.*[:/])?\w*(?:article|blogposting)", re.IGNORECASE)


def field_mapping(text: str) -> Mapping[str, str]:
    """The mapping that ``text=body,title=headline`` stands for: our field to theirs. UnknownField names a bad part."""
    mapping: dict[str, str] = {}
    for part in text.split(","):
        ours, _, theirs = (piece.strip() for piece in part.partition("="))
        if ours not in _PLACES or not theirs:
            known = ", ".join(_PLACES)
            raise UnknownField(
                f"cannot map {part.strip()!r}", hint=f"write FIELD=THEIRS, where FIELD is one of {known}"
            )
        mapping[ours] = theirs
    return mapping


def page_of(value: Json, saved: SavedFile, origin: str, options: ReaderOptions) -> Page | None:
    """The page that a JSON value describes; None for schema.org data about something else than an article.

    Unreadable: ``no-text`` when no field holds a text or HTML; ``wrong-field`` names a field of the wrong type.
    """
    thing = _article(value)
    if thing is None:
        return None
    fields = _Fields(thing, options.mapping)
    text = fields.text("text")
    html = None if text else fields.text("html")
    if text and _MARKUP.match(text):
        text, html = None, text
    if not text and not html:
        names = ", ".join(list(thing)[:12]) or "none"
        raise Unreadable("no-text", f"no text in any known field; fields: {names}", hint="name it: --map text=FIELD")
    return Page(
        url=next((word for word in fields.words("url", strict=True) if _ADDRESS.fullmatch(word)), None),
        body=(text or html or "").encode("utf-8"),
        content_type=f"text/{'plain' if text else 'html'}; charset=utf-8",
        fetched_at=fields.time("fetched_at") or saved.saved_at,
        source=options.source or next((word for word in fields.words("source") if not _ADDRESS.match(word)), None),
        origin=origin,
        claims=Claims(
            title=fields.text("title"),
            authors=fields.several("authors", ";"),
            published_at=fields.time("published_at"),
            modified_at=fields.time("modified_at"),
            language=next(fields.words("language"), None),
            section=next(iter(fields.several("section", ";")), None),
            keywords=fields.several("keywords", "[,;]"),
            image=next(fields.words("image"), None),
            description=next(fields.words("description"), None),
        ),
    )


def _article(value: Json) -> dict[str, Json] | None:
    """The object that describes the article: the value itself, or a node of a schema.org graph."""
    if isinstance(value, dict) and "@type" not in value and "@graph" not in value:
        return value
    nodes = _list(value.get("@graph", value) if isinstance(value, dict) else value)
    typed = [node for node in nodes if isinstance(node, dict) and "@type" in node]
    if not typed:
        raise Unreadable("bad-json", f"{_kind(value)} where an object should be")
    for node in typed:
        if any(isinstance(kind, str) and _ARTICLE_TYPE.fullmatch(kind) for kind in _list(node["@type"])):
            return node
    return None


class _Fields:
    """What one object says, field by field of ours; every string sound Unicode, none empty."""

    def __init__(self, thing: dict[str, Json], mapping: Mapping[str, str]) -> None:
        self._thing = thing
        self._mapping = mapping

    def text(self, field: str) -> str | None:
        """The first place that holds text; paragraphs given as a list are joined by blank lines."""
        return next(self.words(field, strict=True), None)

    def words(self, field: str, *, strict: bool = False) -> Iterator[str]:
        """The texts in the field's places, in order. strict: Unreadable where there is something else than text."""
        for place, value in self._values(field):
            found = [_text_of(value, place)] if strict else _strings(value)
            yield from (sound for word in found if (sound := _sound(word)))

    def several(self, field: str, separator: str) -> tuple[str, ...]:
        """The parts of a list, or of a text with separators (a regular expression), each once."""
        for _, value in self._values(field):
            parts = (part.strip() for word in _strings(value) for part in re.split(separator, _sound(word)))
            if found := tuple(dict.fromkeys(part for part in parts if part)):
                return found
        return ()

    def time(self, field: str) -> datetime | None:
        """The first place that holds a time, in UTC; a time without a zone is taken as UTC."""
        return next((time for _, value in self._values(field) if (time := _time(value))), None)

    def _values(self, field: str) -> Iterator[tuple[str, Json]]:
        places = (self._mapping[field],) if field in self._mapping else _PLACES[field]
        for place in places:
            value = _at(self._thing, place)
            if value is not None:
                yield place, value


def _sound(word: str) -> str:
    return _SURROGATE.sub("\ufffd", word).strip()


def _at(thing: dict[str, Json], place: str) -> Json:
    if place in thing:
        return thing[place]
    outer, dot, inner = place.partition(".")
    within = thing.get(outer) if dot else None
    return _at(within, inner) if isinstance(within, dict) else None


def _text_of(value: Json, place: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "sections" in value:  # the body of Fundus
        sections = [section for section in _list(value["sections"]) if isinstance(section, dict)]
        parts = [
            value.get("summary"),
            *(section.get(key) for section in sections for key in ("headline", "paragraphs")),
        ]
        return "\n\n".join(word for part in parts for word in _strings(part))
    if isinstance(value, list):
        return "\n\n".join(_strings(value))
    found = next(_strings(value), None) if isinstance(value, dict) else None
    if found is None and place != "html":  # Fundus keeps an object there, whose content may have been left out
        raise Unreadable("wrong-field", f"{place}: {_kind(value)} where text should be")
    return found or ""


def _strings(value: Json) -> Iterator[str]:
    """The texts in a value of any shape: schema.org writes a person as text, as an object, or as a list of both."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        yield from _strings(next((value[key] for key in _VALUE_KEYS if key in value), None))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _time(value: Json) -> datetime | None:
    try:
        if isinstance(value, str):
            time = _written_time(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            time = datetime.fromtimestamp(
                value / 1000 if value > 1e11 else value, UTC
            )  # else the year would be past 5138
        else:
            return None
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None  # a claim that cannot be read is no evidence; the text's own date is still looked for


def _written_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _kind(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
