"""The one parse of an HTML page, and its visible text: the own text of each block-level element is one line.

The page was decoded before, and screened for size, attributes and nesting.
"""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import Element, HtmlElement, HTMLParser

from pipelines.lines import Line

_SILENT = frozenset(
    "applet audio canvas datalist embed head iframe map noembed noframes noscript object script"  # noqa: SIM905 - short
    " select style svg template textarea video".split()
)
_BLOCK = frozenset(
    "address article aside blockquote body br button caption center dd details dialog dir div dl"  # noqa: SIM905 - short
    " dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p"
    " pre search section summary table tbody td tfoot th thead tr ul".split()
)
_CELL = frozenset({"td", "th"})
_INSIDE_CELLS = tuple(_BLOCK - _CELL)  # a row without them is one line, as a table shows it
_TELLING = frozenset({"caption", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6"})  # they name all text below them
_HIDDEN_CLASS = re.compile(r"(?:^|\s)(?:sr-only|visually-?hidden|screen-reader-text)(?:\s|$)", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|clip\s*:\s*rect\(0)", re.IGNORECASE
)


def parse(text: str) -> HtmlElement:
    """The tree of a page; an empty ``html`` element where there is nothing to parse.

    libxml2 drops all text after 256 nested elements. Such a page is parsed again with its wider limit of 2,048; whether
    even that was too little, ``was_cut`` tells.
    """
    root = _parse(text, wide=False)
    return _parse(text, wide=True) if was_cut(root) else root


def was_cut(root: HtmlElement) -> bool:
    """Whether the parser gave up on a limit and text after that place is missing. ``root`` must come from ``parse``."""
    parser = root.getroottree().parser
    return parser is not None and bool(parser.error_log.filter_types(etree.ErrorTypes.ERR_RESOURCE_LIMIT))


def _parse(text: str, *, wide: bool) -> HtmlElement:
    parser = HTMLParser(
        encoding="utf-8",
        huge_tree=wide,
        remove_comments=True,  # a comment inside a sentence does not break it
        remove_pis=True,
        collect_ids=False,
        default_doctype=False,
    )
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)  # a str with an XML declaration is refused
    return Element("html") if root is None else root


def visible_lines(root: HtmlElement) -> tuple[str, list[Line]]:
    """The visible text, lines joined by ``\\n``, and its lines in document order.

    White space is folded to single spaces and ``<br>`` ends a line. ``Line.tag`` is the block-level element the text
    belongs to, or the caption or heading around it. Hidden elements are left out, unless they hold most of the text:
    such a page is uncovered by its scripts.
    """
    lines, concealed = _walk(root, hidden=False)
    shown = _prose(lines)
    if concealed > shown:
        everything, _ = _walk(root, hidden=True)
        if _prose(everything) > 2 * shown:
            lines = everything
    return "\n".join(line.text for line in lines), lines


def _prose(lines: list[Line]) -> int:
    """Characters in lines too long for menus and teasers."""
    return sum(len(line.text) for line in lines if len(line.text) >= 100)


def _walk(root: HtmlElement, *, hidden: bool) -> tuple[list[Line], int]:
    """The lines, with hidden text or without it, and about how many characters were left out as hidden."""
    lines: list[Line] = []
    concealed = 0
    pieces: list[str] = []
    tags = ["html"]
    plain_row = False
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag == "tr":
                plain_row = next(element.iterdescendants(*_INSIDE_CELLS), None) is None
            if tag in _CELL and plain_row:
                pieces.append(" ")
            elif tag in _BLOCK:
                _end_line(pieces, tags[-1], lines)
                tags.append(tags[-1] if tag == "br" or tags[-1] in _TELLING else tag)
            if tag in _SILENT:
                walk.skip_subtree()  # the end of the element comes all the same
            elif not hidden and _is_hidden(element):
                walk.skip_subtree()
                concealed += len(element.text_content())
            elif element.text:
                pieces.append(element.text)
        else:
            if tag in _BLOCK and not (tag in _CELL and plain_row):
                _end_line(pieces, tags.pop(), lines)
            if tag == "tr":
                plain_row = False
            if element.tail and element is not root:
                pieces.append(element.tail)
    _end_line(pieces, tags.pop(), lines)
    return lines, concealed


def _end_line(pieces: list[str], tag: str, lines: list[Line]) -> None:
    text = " ".join("".join(pieces).split())
    pieces.clear()
    if text:
        start = lines[-1].end + 1 if lines else 0
        lines.append(Line(start, start + len(text), len(lines) + 1, text, tag=tag))


def _is_hidden(element: HtmlElement) -> bool:
    get = element.get
    return (
        get("hidden") is not None
        or _HIDDEN_STYLE.search(get("style", "")) is not None
        or _HIDDEN_CLASS.search(get("class", "")) is not None
    )
