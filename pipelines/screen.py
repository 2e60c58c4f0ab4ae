"""Screen: one linear look at a text before any parser sees it, because every parser is superlinear on something."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class ScreenLimits:
    """What a page may hold at most. Sizes count characters.

    depth: libxml2 leaves out, without a word, what is nested more than 254 elements deep.
    """

    markup: int = 5 * 1024 * 1024
    tags: int = 200_000
    attributes: int = 1_000
    depth: int = 250
    text: int = 20 * 1024 * 1024
    lines: int = 200_000
    line: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page must not be parsed. reason: ``too-large``, ``too-deep``, ``too-many-tags`` or ``-attributes``."""

    reason: str
    detail: str


_TAG = (
    re.compile(  # every repeat is possessive, and alternatives begin with different characters: nothing is tried twice
        r"""<(?:(?P<comment>!--)
      |(?P<close>/)?+(?P<name>[a-zA-Z][^\s/>]*+)
       (?P<attributes>(?:[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+)*+)>?+)""",
        re.VERBOSE,
    )
)
_ATTRIBUTE = re.compile(r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+""")
_MANY_ATTRIBUTES = re.compile(  # at least 500 of them, and at most a few characters of each looked at twice
    r"""<[a-zA-Z][^\s/>]*+(?:[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))?+){1001}"""
)
_FORMATTING = re.compile(r"<(/?)(?:[bius]|big|code|em|font|nobr|small|strike|strong|tt)(?=[\s/>])", re.IGNORECASE)
_FEW_TAGS = 20_000  # nested in one another they take a parser a third of a second
_FEW_UNCLOSED = 250  # formatting elements that a parser opens again in every paragraph
_ENDS = {
    "comment": re.compile("-->"),
    "script": re.compile("</script", re.IGNORECASE),
    "style": re.compile("</style", re.IGNORECASE),
}

_VOID = frozenset(
    (
        *("area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta"),
        *("param", "source", "track", "wbr"),
    )
)
_BLOCKS = (
    *("address", "blockquote", "caption", "center", "col", "colgroup", "dd", "dir", "div", "dl", "dt", "fieldset"),
    *("form", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "menu", "ol", "p", "pre", "table", "tbody", "td"),
    *("tfoot", "th", "title", "tr", "ul"),
)
_CELL_ENDS = ("tbody", "td", "tfoot", "th", "tr")
_HEADING_ENDS = ("fieldset", "form", "li", "p", "table")
_ENDED_BY: dict[str, frozenset[str]] = {  # an innermost open element to the start tags before which it ends
    name: frozenset(starts)
    for name, starts in {
        "a": ("a", "fieldset", "table", "td", "th"),
        "address": ("dd", "dl", "dt", "form", "li", "ul"),
        **dict.fromkeys(("b", "i"), ("center", "p", "td", "th")),
        "caption": ("col", "colgroup", "tbody", "tfoot", "thead", "tr"),
        "colgroup": ("colgroup", "tbody", "tfoot", "thead", "tr"),
        "dd": ("dt",),
        **dict.fromkeys(("dir", "menu"), ("dd", "dl", "dt", "form", "ul")),
        "dl": ("form", "li"),
        "dt": ("dd", "dl"),
        "font": ("center", "td", "th"),
        "form": ("form",),
        **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _HEADING_ENDS),
        "legend": ("fieldset",),
        "li": ("li",),
        "ol": ("form",),
        "option": ("optgroup", "option"),
        "p": _BLOCKS,
        "pre": ("dd", "dl", "dt", "fieldset", "form", "li", "table", "ul"),
        "span": ("td", "th"),
        "tbody": ("tbody", "tfoot"),
        **dict.fromkeys(("td", "th"), _CELL_ENDS),
        "tfoot": ("tbody",),
        "thead": ("tbody", "tfoot"),
        "tr": ("tbody", "tfoot", "tr"),
        "u": ("p", "td", "th"),
        "ul": ("address", "form", "menu", "pre"),
    }.items()
}
_STRONG = ("div", "td", "th", "tr", "thead", "tbody", "tfoot", "table", "head", "body", "html")
_STRONGER: dict[str, tuple[str, ...]] = {  # what an end tag cannot reach past; for all others, any of the strong
    "div": _STRONG[1:],
    **dict.fromkeys(("td", "th"), _STRONG[3:]),
    "tr": _STRONG[4:],
    **dict.fromkeys(("thead", "tbody", "tfoot"), _STRONG[7:]),
    "table": _STRONG[8:],
    **dict.fromkeys(("head", "body"), _STRONG[10:]),
    "html": (),
}


PAGE_LIMITS = ScreenLimits(depth=1_000)
"""Of pages for lexbor, which drops nothing however deep it stands, but takes its time with what is never closed."""


def screen_page(text: str) -> Refusal | None:
    """The same for a page that lexbor parses. Most are seen at a glance to be harmless, in a third of the time."""
    return None if _is_harmless(text) else _screen_markup(text, PAGE_LIMITS)


def _is_harmless(text: str) -> bool:
    if len(text) > PAGE_LIMITS.markup or text.count("<") > _FEW_TAGS or _MANY_ATTRIBUTES.search(text):
        return False
    unclosed = 0
    for end in _FORMATTING.findall(text):
        unclosed = max(0, unclosed - 1) if end else unclosed + 1
        if unclosed > _FEW_UNCLOSED:
            return False
    return True


def screen(text: str, content_type: str, limits: ScreenLimits = ScreenLimits()) -> Refusal | None:
    """Why the text of a page must not be parsed; None when it may. Takes time in proportion to the text."""
    return _screen_markup(text, limits) if "ml" in content_type else _screen_text(text, limits)


def _screen_text(text: str, limits: ScreenLimits) -> Refusal | None:
    if len(text) > limits.text:
        return _too_large(f"{len(text):,} characters", limits.text)
    if (lines := text.count("\n")) > limits.lines:
        return _too_large(f"{lines:,} lines", limits.lines)
    start = 0
    while (end := text.find("\n", start)) >= 0 and end - start <= limits.line:
        start = end + 1
    length = (end if end >= 0 else len(text)) - start
    return _too_large(f"a line of {length:,} characters", limits.line) if length > limits.line else None


def _screen_markup(text: str, limits: ScreenLimits) -> Refusal | None:
    if len(text) > limits.markup:
        return _too_large(f"{len(text):,} characters of HTML", limits.markup)
    nesting, unclosed = _Nesting(), set[str]()
    tags = position = 0
    while tag := _TAG.search(text, position):
        position = tag.end()
        comment, close, name, attributes = tag.groups()
        tags += 1
        if tags > limits.tags:
            return Refusal("too-many-tags", f"more than {limits.tags:,} tags")
        if comment:
            position = _past("comment", text, position, unclosed)
            continue
        if _more_attributes(attributes, limits.attributes):
            return Refusal("too-many-attributes", f"more than {limits.attributes:,} attributes on one tag")
        name = name.lower()
        if close:
            nesting.end(name)
        elif name not in _VOID and not attributes.endswith("/"):
            nesting.start(name)
            if nesting.depth > limits.depth:
                return Refusal("too-deep", f"elements nested more than {limits.depth} deep")
            position = _past(name, text, position, unclosed)
    return None


def _more_attributes(attributes: str, limit: int) -> bool:
    if len(attributes) < 2 * limit:  # an attribute and what parts it from the next take two characters
        return False
    return sum(1 for _ in islice(_ATTRIBUTE.finditer(attributes), limit + 1)) > limit


def _past(kind: str, text: str, position: int, unclosed: set[str]) -> int:
    """Where a comment, script or style ends; one that never ends is looked into, as some parsers do."""
    if kind not in _ENDS or kind in unclosed:
        return position
    if end := _ENDS[kind].search(text, position):
        return end.start()
    unclosed.add(kind)  # so that the rest is not searched again for each
    return position


class _Nesting:
    """The elements that are open, as libxml2 keeps them."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)

    @property
    def depth(self) -> int:
        return len(self._open)

    def start(self, name: str) -> None:
        while self._open and name in _ENDED_BY.get(self._open[-1], ()):
            self._places[self._open.pop()].pop()
        self._places[name].append(len(self._open))
        self._open.append(name)

    def end(self, name: str) -> None:
        if self._open and self._open[-1] == name:
            self._places[self._open.pop()].pop()
            return
        place = self._last(name)
        if place < 0 or any(self._last(stronger) > place for stronger in _STRONGER.get(name, _STRONG)):
            return
        for ended in reversed(self._open[place:]):
            self._places[ended].pop()
        del self._open[place:]

    def _last(self, name: str) -> int:
        places = self._places.get(name)
        return places[-1] if places else -1


def _too_large(what: str, limit: int) -> Refusal:
    return Refusal("too-large", f"{what}; at most {limit:,}")
