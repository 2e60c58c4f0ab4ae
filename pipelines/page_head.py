"""What a page says of itself outside JSON-LD: its meta elements, title, headings, times and marked-up names."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the plain-text path needs the record, not lxml
    from lxml.html import HtmlElement

_LONGEST = 2_000  # characters of a value; what is longer is no title, name, date or address
_MOST = 50  # values of one name
_NAME_KEYS = ("property", "name", "itemprop", "http-equiv")
_BYLINE = re.compile(r"(?:^|[\s_-])(?:by-?line|authors?)(?:__?name)?(?:$|[\s_-])", re.IGNORECASE)
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))  # soft hyphens and other marks without a width


@dataclass(frozen=True, slots=True)
class PageHead:
    """metas: contents by lower-case name, in order. bylines: texts marked up as an author's, the surest kind first."""

    metas: dict[str, tuple[str, ...]]
    title: str | None
    headings: tuple[str, ...]
    times: tuple[str, ...]
    canonical: str | None
    language: str | None
    base: str | None
    bylines: tuple[tuple[str, ...], ...]

    def all(self, *names: str) -> Iterator[str]:
        """The contents under each of the names, in this order of names."""
        for name in names:
            yield from self.metas.get(name, ())

    def first(self, *names: str) -> str | None:
        """The first content under any of the names."""
        return next(self.all(*names), None)


def read_head(root: HtmlElement) -> PageHead:
    """Gather it in one pass."""
    metas: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {"title": [], "h1": [], "time": [], "canonical": [], "base": []}
    for element in root.iter("meta", "title", "h1", "time", "link", "base"):
        tag, get = element.tag, element.get
        if tag == "meta":
            if content := tidy(get("content")):
                for name in {name.lower() for key in _NAME_KEYS if (name := get(key))}:
                    metas.setdefault(name, []).append(content)
        elif tag == "time":
            found["time"].append(tidy(get("datetime")))
        elif tag == "link":
            if "canonical" in (get("rel") or "").lower().split():
                found["canonical"].append(tidy(get("href")))
        elif tag == "base":
            found["base"].append(tidy(get("href")))
        elif len(found[tag]) < _MOST:
            found[tag].append(tidy(element.text_content()))
    found = {name: [value for value in values[:_MOST] if value] for name, values in found.items()}
    return PageHead(
        metas={name: tuple(values[:_MOST]) for name, values in metas.items()},
        title=next(iter(found["title"]), None),
        headings=tuple(found["h1"]),
        times=tuple(found["time"]),
        canonical=next(iter(found["canonical"]), None),
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        base=next(iter(found["base"]), None),
        bylines=_bylines(root),
    )


def tidy(value: str | None) -> str:
    """A value without entities, unseen marks and needless white space; empty where it is missing or too long."""
    if not value or len(value) > _LONGEST:
        return ""
    return " ".join(html.unescape(value).translate(_UNSEEN).split())


def _bylines(root: HtmlElement) -> tuple[tuple[str, ...], ...]:
    """Of each kind those beside the first: later ones belong to other articles' cards."""
    kinds: tuple[list[str], ...] = ([], [], [])
    beside: list[HtmlElement | None] = [None, None, None]
    for element in root.iter("a", "span", "div", "p", "address", "li", "strong", "cite"):
        get = element.get
        if "author" in (get("rel") or "").split():
            kind = 0
        elif "author" in (get("itemprop") or "").split():
            kind = 1
        elif _BYLINE.search(get("class") or ""):
            kind = 2
        else:
            continue
        parent = element.getparent()
        if kinds[kind] and kind < 2 and parent is not beside[kind]:
            continue
        if len(kinds[kind]) < _MOST and (text := tidy(element.text_content())):
            kinds[kind].append(text)
            beside[kind] = parent
    return tuple(map(tuple, kinds))
