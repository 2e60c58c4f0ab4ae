"""Extractors: the peers, each behind one method that takes a page and gives what it found.

This module runs in two interpreters: some peers need a newer Python than copydesk, so it imports nothing of copydesk,
and each peer only when it is asked for.
"""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """A page to be read. html: its file, packed by gzip or not.

    set: whose gold it will be compared with. fold: of its site, None where no model has seen it. siblings: files of
    other pages of the same site, which may be read before it.
    """

    html: str
    url: str = ""
    set: str = ""
    fold: int | None = None
    siblings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What an extractor found in a page. day: ISO date. failure: why there is nothing, when it is not a verdict."""

    text: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    day: str | None = None
    failure: str | None = None


class Extractor(Protocol):
    """Made once in its process. Raises ImportError when made where its package is not installed."""

    def find(self, html: bytes, asked: Asked) -> Found:
        """Read one page. May raise anything: the page then counts as empty."""


def html_of(path: str) -> bytes:
    """The bytes of a page's file."""
    content = Path(path).read_bytes()
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


class Trafilatura:
    """trafilatura with its own metadata, comments left out."""

    def __init__(self, *, precise: bool = False, greedy: bool = False) -> None:
        import trafilatura

        self._extract = trafilatura.bare_extraction
        self._precise, self._greedy = precise, greedy

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        document = self._extract(
            html,
            url=asked.url or None,
            favor_precision=self._precise,
            favor_recall=self._greedy,
            include_comments=False,
            with_metadata=True,
        )
        if document is None:
            return Found()
        authors = tuple(filter(None, (document.author or "").split("; ")))
        return Found(document.text or "", document.title or "", authors, document.date)


class Resiliparse:
    """resiliparse's main content, with its own guess of the charset; text alone."""

    def __init__(self) -> None:
        from resiliparse.extract.html2text import extract_plain_text
        from resiliparse.parse.encoding import bytes_to_str, detect_encoding

        self._text = extract_plain_text
        self._decode: Callable[[bytes], str] = lambda html: bytes_to_str(html, detect_encoding(html))

    def find(self, html: bytes, asked: Asked) -> Found:  # noqa: ARG002 - it has no use for the address
        """One page."""
        html_text = self._decode(html)
        return Found(self._text(html_text, main_content=True, alt_texts=False, list_bullets=False))


class Readability:
    """readability-lxml; the HTML it gives is laid out as lines."""

    def __init__(self) -> None:
        from readability import Document

        self._document = Document

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        document = self._document(decoded(html), url=asked.url or None)
        return Found(laid_out(document.summary()), document.short_title() or "")


class Newspaper:
    """newspaper4k, from bytes in hand: nothing is fetched."""

    def __init__(self) -> None:
        from newspaper import Article

        self._article = Article

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        article = self._article(asked.url or "https://page.example/", fetch_images=False)
        article.download(input_html=decoded(html))
        article.parse()
        return Found(article.text or "", article.title or "", tuple(article.authors or ()), _day(article.publish_date))


class NewsPlease:
    """news-please, from bytes in hand: nothing is fetched."""

    def __init__(self) -> None:
        from newsplease import NewsPlease as Library

        self._read = Library.from_html

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        article = self._read(decoded(html), url=asked.url or None, fetch_images=False)
        text, title, authors = article.maintext or "", article.title or "", tuple(article.authors or ())
        return Found(text, title, authors, _day(article.date_publish))


class MagicHtml:
    """magic-html for articles; the HTML it gives is laid out as lines."""

    def __init__(self) -> None:
        from magic_html import GeneralExtractor

        self._extract = GeneralExtractor().extract

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        data = self._extract(decoded(html), base_url=asked.url or "https://page.example/")
        return Found(laid_out(data.get("html") or ""), data.get("title") or "")


class Trafipy:
    """rs-trafilatura, by way of its Python binding; text alone."""

    def __init__(self) -> None:
        import trafipy

        self._extract = trafipy.extract

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        result = self._extract(decoded(html), url=asked.url or None, include_links=False, include_images=False)
        return Found(result.text or "")


PEERS: dict[str, Callable[[], Extractor]] = {
    "trafilatura": Trafilatura,
    "trafilatura, precision": lambda: Trafilatura(precise=True),
    "trafilatura, recall": lambda: Trafilatura(greedy=True),
    "resiliparse": Resiliparse,
    "readability-lxml": Readability,
    "newspaper4k": Newspaper,
    "news-please": NewsPlease,
    "magic-html": MagicHtml,
    "trafipy": Trafipy,
}
TELL_METADATA = frozenset({"copydesk", "trafilatura", "newspaper4k"})  # whose metadata are printed


def decoded(html: bytes) -> str:
    """The same text for all peers that do not decode themselves."""
    from trafilatura.utils import decode_file

    return decode_file(html)


def _day(at: datetime | str | None) -> str | None:
    return at.date().isoformat() if isinstance(at, datetime) else (at or None)


_INLINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd"),
        *("label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u"),
        *("var", "wbr"),
    )
)


def laid_out(html: str) -> str:
    """The text of a piece of HTML, a block a line."""
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    if not html.strip():
        return ""
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    root = document_fromstring(html.encode(), parser=parser)
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if element.tag not in _INLINE:
            pieces.append("\n")
        text = element.text if event == "start" else element.tail
        if text and (event == "end" or element.tag not in {"script", "style"}):
            pieces.append(re.sub(r"\s+", " ", text))
    return "\n".join(line for line in (line.strip() for line in "".join(pieces).split("\n")) if line)


def hush() -> None:
    """What libraries think of a page stays unsaid."""
    logging.disable(logging.CRITICAL)
