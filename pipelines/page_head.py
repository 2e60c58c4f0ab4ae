"""What a page says of itself outside JSON-LD: its meta elements, title, headings, times, names, pictures and links."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the plain-text path needs the record, not the parser
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_LONGEST = 2_000  # characters of a value; what is longer is no title, name, date or address
_MOST = 50  # values of one name
_MOST_NAMED = 300  # elements that are named after authors
_DEEPEST = 60  # elements above a caption that are looked at
_NAME_KEYS = ("property", "name", "itemprop", "http-equiv")
_BYLINE = re.compile(r"(?:^|[\s_-])(?:by-?line|authors?)(?:[_-]{0,2}name)?(?:$|[\s_-])", re.IGNORECASE)
_NO_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:bio\w*|desc\w*|about|role|job|title|position|social|follow\w*|related)(?:$|[\s_-])",
    re.IGNORECASE,
)
_AUTHOR_PAGE = re.compile(r"/(?:authors?|autor(?:en|es|i|as)?|auteurs?|contributors?)/", re.IGNORECASE)
_NAMING = frozenset({"a", "span", "div", "p", "address", "li", "strong", "cite"})  # what bylines are written in
_WALL = re.compile(r"(?:^|[\s_-])pay-?wall(?:ed)?(?:$|[\s_-])", re.IGNORECASE)
_VALUED = {"time": "datetime", "base": "href"}
_WALLED = frozenset({"div", "section", "aside"})
_HIDDEN = re.compile(r"(?:^|\s)(?:hidden|d-none|is-hidden)(?:\s|$)")
_MOST_WALLS = 10
_BREAKS = frozenset({"br", "div", "p", "li", "h1", "h2", "h3", "td", "time"})
_UNREAD = frozenset({"script", "style", "noscript", "svg", "template"})
_ELSEWHERE = frozenset({"aside", "nav", "footer", "header"})
_UNSEEN: dict[int, str | None] = (
    dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")  # controls
    | dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))  # soft hyphens and other marks without a width
    | dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # what turns the direction of reading
)
_TOLD = (  # one walk over the page: each further selector costs little, each further walk as much as the first
    "meta,title,h1,time,base,figcaption,link[rel~=canonical i],link[rel~=amphtml i],[rel~=author i],"
    "[itemprop~=author],a[href*='/aut' i],a[href*='/contributor' i],[class*=author i],[class*=byline i],"
    "[class*=by-line i],[class*=paywall i],[class*=pay-wall i]"
)


@dataclass(frozen=True, slots=True)
class PageHead:
    """metas: contents by lower-case name, in order. bylines: texts marked up as an author's, the surest kind first.

    captions: the caption elements, those inside the article first. walls: what elements say that are named paywalls.
    """

    metas: dict[str, tuple[str, ...]]
    title: str | None
    headings: tuple[str, ...]
    times: tuple[str, ...]
    canonical: str | None
    amp: str | None
    language: str | None
    base: str | None
    bylines: tuple[tuple[str, ...], ...]
    captions: tuple[LexborNode, ...]
    walls: tuple[str, ...]

    def all(self, *names: str) -> Iterator[str]:
        """The contents under each of the names, in this order of names."""
        for name in names:
            yield from self.metas.get(name, ())

    def first(self, *names: str) -> str | None:
        """The first content under any of the names."""
        return next(self.all(*names), None)


def read_head(tree: LexborHTMLParser) -> PageHead:
    """Gather it in one walk."""
    metas: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {key: [] for key in ("title", "h1", "time", "canonical", "amphtml", "base", "wall")}
    named: list[tuple[LexborNode, dict[str, str | None]]] = []
    captions: list[LexborNode] = []
    for element in tree.css(_TOLD):
        tag, attributes = element.tag, element.attributes
        get = attributes.get
        if tag == "meta":
            _add_meta(metas, attributes)
        elif tag == "link":
            for relation in (get("rel") or "").lower().split():
                if relation in found:
                    found[relation].append(tidy(get("href")))
        elif tag in _VALUED:
            found[tag].append(tidy(get(_VALUED[tag])))
        elif tag == "figcaption":
            captions.append(element)
        elif tag in {"title", "h1"}:
            if len(found[tag]) < _MOST and not _is_drawn(element):
                found[tag].append(text_of(element))
        else:
            named.append((element, attributes))
            style = get("class") or ""
            if tag in _WALLED and _WALL.search(style) and len(found["wall"]) < _MOST_WALLS:
                found["wall"].append("" if _HIDDEN.search(style) else text_of(element))
    found = {name: [value for value in values[:_MOST] if value] for name, values in found.items()}
    root = tree.root.attributes if tree.root else {}
    return PageHead(
        metas={name: tuple(values[:_MOST]) for name, values in metas.items()},
        title=next(iter(found["title"]), None),
        headings=tuple(found["h1"]),
        times=tuple(found["time"]),
        canonical=next(iter(found["canonical"]), None),
        amp=next(iter(found["amphtml"]), None),
        language=root.get("lang") or root.get("xml:lang"),
        base=next(iter(found["base"]), None),
        bylines=_bylines(named[:_MOST_NAMED]),
        captions=tuple(sorted(captions[:_MOST], key=_distance)),
        walls=tuple(found["wall"]),
    )


def _add_meta(metas: dict[str, list[str]], attributes: dict[str, str | None]) -> None:
    if content := tidy(attributes.get("content")):
        names = [name.lower() for key in _NAME_KEYS if (name := attributes.get(key))]
        for name in names if len(names) == 1 else dict.fromkeys(names):
            metas.setdefault(name, []).append(content)


def tidy(value: str | None) -> str:
    """A value without entities, unseen marks and needless white space; empty where it is missing or too long."""
    if not value or len(value) > _LONGEST:
        return ""
    if "&" in value:
        value = html.unescape(value)
    return " ".join((value if value.isprintable() else value.translate(_UNSEEN)).split())


def text_of(element: LexborNode) -> str:
    """The text of an element, tidied; a line break or an element right behind another parts two words."""
    first = element.first_child
    if first is not None and first.next is None and first.is_text_node:
        return tidy(first.text_content)
    pieces: list[str] = []
    _gather(element, pieces, 0)
    return tidy("".join(pieces))


def lines_of(element: LexborNode) -> list[str]:
    """The text of an element as ``text_of`` has it, a line for each of its parts."""
    pieces: list[str] = []
    _gather(element, pieces, 0, "\n")
    return list(filter(None, map(tidy, "".join(pieces).split("\n"))))


def _gather(element: LexborNode, pieces: list[str], depth: int, parting: str = " ") -> None:
    behind = False  # an element
    child = element.first_child
    while child is not None and len(pieces) < _LONGEST:
        if child.is_text_node:
            pieces.append((child.text_content or "")[: _LONGEST + 1])
            behind = False
        elif child.is_element_node and child.tag not in _UNREAD:
            if behind or child.tag in _BREAKS:
                pieces.append(parting)
            if depth < _DEEPEST:
                _gather(child, pieces, depth + 1, parting)
            if child.tag in _BREAKS:
                pieces.append(parting)
            behind = True
        child = child.next


def _is_drawn(element: LexborNode) -> bool:
    """Whether a title is that of a drawing, not of the page."""
    return element.parent is not None and element.parent.tag in {"svg", "g", "symbol"}


def _distance(caption: LexborNode) -> int:
    """0 for a caption in the article, 1 for one that may be, 2 for one in a page's margins."""
    above, depth, inside = caption.parent, 0, 1
    while above is not None and depth < _DEEPEST:
        if above.tag in _ELSEWHERE:
            return 2
        if above.tag in {"article", "main"}:
            inside = 0
        above, depth = above.parent, depth + 1
    return inside


def _bylines(named: list[tuple[LexborNode, dict[str, str | None]]]) -> tuple[tuple[str, ...], ...]:
    """Of each kind those beside the first: later ones belong to other articles' cards.

    The kinds: ``rel``, ``itemprop``, class, and links to a page about an author.
    """
    kinds: tuple[list[str], ...] = ([], [], [], [])
    beside: list[int | None] = [None] * len(kinds)
    for element, attributes in named:
        if element.tag not in _NAMING:
            continue
        kind = _kind_of_byline(attributes)
        if kind is None:
            continue
        parent = element.parent.mem_id if element.parent else None
        if kinds[kind] and kind != _STYLED and parent != beside[kind]:
            continue
        if len(kinds[kind]) < _MOST and (texts := _named_in(element, kind)):
            kinds[kind].extend(texts)
            beside[kind] = parent
    return tuple(map(tuple, kinds))


_LINKED, _MARKED, _STYLED, _PAGED = range(4)


def _kind_of_byline(attributes: dict[str, str | None]) -> int | None:
    if "author" in (attributes.get("rel") or "").lower().split():
        return _LINKED
    if "author" in (attributes.get("itemprop") or "").split():
        return _MARKED
    style = attributes.get("class") or ""
    if _BYLINE.search(style) and not _NO_BYLINE.search(style):
        return _STYLED
    return _PAGED if _AUTHOR_PAGE.search(attributes.get("href") or "") else None


def _named_in(element: LexborNode, kind: int) -> list[str]:
    """A byline's texts: its name where that is marked up, else the whole; where it is only styled, each line too."""
    if kind == _MARKED and (name := element.css_first("[itemprop~=name]")) is not None:
        return list(filter(None, [text_of(name)]))
    whole = text_of(element)
    if kind != _STYLED or not whole:
        return [whole] if whole else []
    return list(dict.fromkeys([whole, *lines_of(element)]))
