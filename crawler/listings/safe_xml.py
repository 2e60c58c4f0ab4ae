"""Safe XML: the one place that sets parsers up, and what is looked at before they run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from crawler.errors import Unreadable

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # no XML may hold them
_PROLOG = re.compile(  # what may stand before the root; what never ends goes on to the end
    r"\s++|<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)|(?P<doctype><!DOCTYPE\b[^\[<>]*+(?P<subset>\[)?>?)",
    re.DOTALL | re.IGNORECASE,
)
_ROOT = re.compile(r"<(?P<name>[^\W\d][\w.:-]*+)(?:\"[^\"]*\"|'[^']*'|[^\"'>])*+>")
_BARE = re.compile(
    r"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)"
    r"|<(?![^\W\d]|[/!?])",
    re.DOTALL,
)
_LONGEST_PROLOG = 64 * 1024
_MOST_MENDED = 500_000  # CDATA sections among them: ten for each entry of the largest sitemap


@dataclass(frozen=True, slots=True)
class Document:
    """XML that a parser may see: no DOCTYPE, no control characters, every ampersand written as XML wants it.

    text: from the start tag of the root on. root: its name as written, prefix included.
    """

    text: str
    root: str

    @property
    def name(self) -> str:
        """The name of the root without prefix, in small letters."""
        return self.root.rpartition(":")[2].lower()


def document(text: str) -> Document | None:
    """The XML in a text, screened; None where there is none.

    Bare ampersands, entities of HTML and signs that begin no tag are escaped, so that texts are what was written.
    Unreadable ``entities``: a DOCTYPE with declarations of its own, which no listing needs.
    """
    text = _CONTROLS.sub("", text.lstrip("\ufeff"))
    position = 0
    while found := _PROLOG.match(text, position):
        if found["subset"]:
            raise Unreadable("entities", "a DOCTYPE that declares entities; it is not parsed")
        position = found.end()
        if position > _LONGEST_PROLOG:
            raise Unreadable("damaged", f"no element in the first {_LONGEST_PROLOG:,} characters")
    root = _ROOT.match(text, position)
    if root is None:
        return None
    text, mended = _BARE.subn(_mended, text[position:], _MOST_MENDED)
    if mended == _MOST_MENDED:
        raise Unreadable("damaged", f"more than {_MOST_MENDED:,} signs that no XML may hold")
    return Document(text, root["name"])


def pull_parser(tags: tuple[str, ...]) -> etree.XMLPullParser:
    """A parser that is fed piece by piece and tells the ends of elements with these tags.

    It expands no entity, opens no file and no connection, and refuses what is nested more than 256 deep. It goes on
    after a mistake: whoever feeds it whole entries loses no more than those with the mistake.
    """
    return etree.XMLPullParser(
        events=("end",),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )


def html_parser() -> etree.HTMLParser:
    """A parser for web pages in UTF-8; it opens no connection. Screen the page first: what it cuts it does not say."""
    return etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)


def _mended(match: re.Match[str]) -> str:
    return match[1] or ("&amp;" if match[0] == "&" else "&lt;")
