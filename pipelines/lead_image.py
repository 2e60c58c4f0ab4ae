"""The picture that leads an article, what it shows, and whose it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.agencies import agency_in
from pipelines.authors import fold_name
from pipelines.page_head import PageHead, text_of, tidy
from pipelines.phrases import fold, load_phrases
from pipelines.shape import looks_like_name
from pipelines.structured_data import Structured

if TYPE_CHECKING:  # the plain-text path needs the record, not the parser
    from selectolax.lexbor import LexborNode

_CREDITED = re.compile(
    r"(?:^|[\s_-])(?:credits?|copyright|photographer|source|author|byline|rights)(?:$|[\s_-])", re.IGNORECASE
)
_CREDIT = "[class*=credit i],[class*=copyright i],[class*=source i],[class*=photograph i],[class*=author i],small"
_UNMARKED = re.compile(r"\s(?:\((?P<bracketed>[^()]{2,60})\)|[/|]\s(?P<behind>[^/|()]{2,60}))\.?$")
_BRACKETED = re.compile(r"\([^()]*\)")
_LONGEST = 1_000  # characters of a caption
_LONGEST_CREDIT = 150
_LOOKED_AT = 3  # captions of a page
_UP = 4  # elements from a caption to its figure


@dataclass(frozen=True, slots=True)
class LeadImage:
    """What is told of the picture; origins: of caption and credit, where there are any."""

    caption: str | None = None
    credit: str | None = None
    caption_origin: str | None = None
    credit_origin: str | None = None


def lead_image(head: PageHead, structured: Structured, url: str | None, title: str | None) -> LeadImage:
    """What the article's data say of it, else the caption under it, else its alternative text, else the first caption.

    A caption that only says the title again says nothing.
    """
    said = structured.image
    told: list[tuple[str, str, str]] = []  # caption, credit, origin
    if said:
        told.append(
            (_split(tidy(said.caption))[0], _plain(tidy(said.credit)) or _split(tidy(said.caption))[1], "json-ld")
        )
    figures = [] if url is None else [_figure(caption) for caption in head.captions[:_LOOKED_AT]]
    own = [figure for figure in figures if _shows(figure, url)]
    told += [(*_in_figure(figure), "caption") for figure in own[:1]]
    told.append((*_split(head.first("og:image:alt", "twitter:image:alt") or ""), "meta"))
    told += [(*_in_figure(figure), "caption") for figure in figures[:1]]
    caption, caption_origin = next(((text, by) for text, _, by in told if _tells(text, title)), (None, None))
    credit, credit_origin = next(((who, by) for _, who, by in told if who), (None, None))
    return LeadImage(caption, credit, caption_origin, credit_origin)


def _tells(caption: str, title: str | None) -> bool:
    return 0 < len(caption) <= _LONGEST and fold_name(caption) != fold_name(title or "")


def _figure(caption: LexborNode) -> tuple[LexborNode, LexborNode]:
    """The figure around a caption, and the caption."""
    above, steps = caption.parent, 0
    while above is not None and steps < _UP:
        if above.tag == "figure":
            return above, caption
        above, steps = above.parent, steps + 1
    return caption, caption


def _shows(figure: tuple[LexborNode, LexborNode], url: str | None) -> bool:
    """Whether the picture in a figure is the one at that address; sizes of it differ before the file's name."""
    name = _file(url)
    return len(name) > 5 and any(
        name in {_file(attributes.get("src")), _file(attributes.get("data-src"))}
        for image in figure[0].css("img")[:_LOOKED_AT]
        for attributes in [image.attributes]
    )


def _file(url: str | None) -> str:
    try:
        return urlsplit(url or "").path.rpartition("/")[2]
    except ValueError:
        return ""


def _in_figure(figure: tuple[LexborNode, LexborNode]) -> tuple[str, str]:
    """Caption and credit: the credit where an element is named so, else behind a mark such as ``Photo:``."""
    around, caption = figure
    text = text_of(caption)
    for element in around.css(_CREDIT):
        if element.tag == "small" or _CREDITED.search(element.attributes.get("class") or ""):
            credit = text_of(element)
            if credit and len(credit) <= _LONGEST_CREDIT and credit != text:
                return text.replace(credit, " ").strip(" |·–—-/"), _plain(credit)
    return _split(text)


def _split(text: str) -> tuple[str, str]:
    """A caption and the credit at its end: ``The bridge. Photo: Ann Lee``."""
    _, closing = _marks()
    if len(text) > _LONGEST:
        return text, ""
    match = closing.search(fold(text)) if len(fold(text)) == len(text) else None
    if match is None and (unmarked := _UNMARKED.search(text)):
        who = unmarked["bracketed"] or unmarked["behind"]
        match = unmarked if agency_in([who]) or (unmarked["behind"] and looks_like_name(who)) else None
        return (text[: match.start()].rstrip(), who) if match else (text, "")
    if match is None:
        return text, ""
    who = text[match.start("who") : match.end("who")]
    return text[: match.start()].strip(" |·–—-/(["), _plain(who)


def _plain(credit: str) -> str:
    """A credit without the mark before it."""
    opening, _ = _marks()
    match = opening.match(fold(credit))
    rest = credit[match.end() :] if match and len(fold(credit)) == len(credit) else credit
    rest = rest.strip(" |·–—-/:.")
    if rest.count("(") != rest.count(")"):
        rest = rest.strip("() ")
    return (rest[1:-1] if _BRACKETED.fullmatch(rest) else rest)[:_LONGEST_CREDIT]


@cache
def _marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A mark that opens a credit; a credit that ends a caption."""
    marks = load_phrases().credit_marks
    return (
        re.compile(rf"[\W_]*(?:(?:{marks}\s*)?(?:[:：]|©|\(c\))|copyright\b)\s*"),
        re.compile(rf"(?:^|[\s(\[|/.;–—-])(?:{marks}\s?[:：]\s?|©\s?)(?P<who>[^:：]{{2,100}})$"),
    )
