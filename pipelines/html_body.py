"""The body of an HTML page: trafilatura finds it, and what it found is marked on the page's visible lines."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from lxml.html import HtmlElement
from selectolax.lexbor import LexborHTMLParser
from trafilatura import bare_extraction
from trafilatura.settings import Document

from pipelines.alignment import found_in
from pipelines.lines import Line
from pipelines.metadata import Metadata, read_metadata
from pipelines.structured_data import read_structured
from pipelines.visible import parse, visible_lines, was_cut
from storage.records import Page

_PROSE = 100  # characters: longer than menus and most teasers
_LITTLE = 0.25  # share of a page's prose: less is a short article among comments, or a missed one


def read_html(text: str, page: Page) -> tuple[list[Line], Metadata]:
    """The visible lines of a page, those that are not of its body marked as outside, and what the page says of itself.

    Needs trafilatura's time, about 40 ms a page. ``Metadata.flags`` tells where nesting cost text (``page-cut``).
    """
    root = parse(text)
    _, lines = visible_lines(root)
    tree = LexborHTMLParser(text)
    structured = read_structured(tree)
    said = read_metadata(tree, structured, page)
    if was_cut(root):
        said = replace(said, flags=(*said.flags, "page-cut"))
    return body_lines(root, lines, structured.body), said


def body_lines(root: HtmlElement, lines: Sequence[Line], stated: str | None = None) -> list[Line]:
    """``lines`` with ``outside`` set where trafilatura left them out. stated: the body as the page's JSON-LD has it.

    Where no body is found no line is marked: the block stage then judges the page like plain text.
    """
    texts = [line.text for line in lines]
    prose = sum(map(_prose, texts))
    found = _extracted(root, texts, precise=True)
    if _share(texts, found, prose) < _LITTLE:
        found = max(found, _extracted(root, texts, precise=False), key=lambda choice: _share(texts, choice, prose))
    if stated and len(stated) > 1.2 * sum(len(text) for text, inside in zip(texts, found, strict=True) if inside):
        found = max(found, found_in(texts, stated), key=lambda choice: _share(texts, choice, prose))
    if not any(found):
        return list(lines)
    return [
        line if inside else replace(line, outside="body.outside") for line, inside in zip(lines, found, strict=True)
    ]


def _extracted(root: HtmlElement, texts: Sequence[str], *, precise: bool) -> list[bool]:
    """Which of the texts trafilatura takes."""
    tree = deepcopy(root)  # it prunes what it is given
    document = bare_extraction(tree, favor_precision=precise, include_comments=False, deduplicate=False)
    return found_in(texts, document.text or "") if isinstance(document, Document) else [False] * len(texts)


def _share(texts: Sequence[str], found: Sequence[bool], prose: int) -> float:
    """The share of the page's prose that was found."""
    return sum(_prose(text) for text, inside in zip(texts, found, strict=True) if inside) / max(1, prose)


def _prose(text: str) -> int:
    return len(text) if len(text) >= _PROSE else 0
