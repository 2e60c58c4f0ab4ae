"""Sections: the page of a section to the articles it links and its next page. Pure: the same bytes give the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from crawler.listings.addresses import web_address
from crawler.listings.claimed import plain_text
from crawler.listings.html_trees import base_of, html_tree
from crawler.listings.listing import LeftOut, Listed, Listing, notes_of
from crawler.listings.page_numbers import follows
from crawler.listings.shapes import NOTHING_LEARNED, Learned, is_article
from storage.records import Claims
from storage.url_key import url_key

MOST_LINKS = 5_000
"""Articles of one page that are listed; the busiest front pages have a tenth of that."""
_MOST_ANCHORS = 20_000

_FURNITURE = frozenset({"nav", "footer"})
_FURNITURE_ROLES = frozenset({"navigation", "contentinfo", "menu", "menubar"})
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADLINE_LENGTH = 300  # characters; what is longer is a whole teaser
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")  # scripts without spaces between words


@dataclass(slots=True)
class _Link:
    """An address of the page, with the first text that reads like its headline, and whether it leads on."""

    url: str
    headline: str | None = None
    in_furniture: bool = True
    is_next: bool = False


@dataclass(slots=True)
class _Links:
    found: dict[str, _Link] = field(default_factory=dict)  # by key

    def add(self, url: str) -> _Link:
        return self.found.setdefault(url_key(url) or url, _Link(url))


def read_section(
    body: bytes,
    content_type: str,
    url: str,
    patterns: tuple[re.Pattern[str], ...] = (),
    learned: Learned = NOTHING_LEARNED,
) -> Listing:
    """The articles that the page at ``url`` links, each once, in the order of the page; its next page as ``more``.

    patterns, learned: as ``shapes.is_article`` takes them. Links of navigation and footers are no articles. Links to
    other sites stay. The text of a link is its claimed title where it reads like a headline.
    Unreadable: ``empty``, ``not-text``, ``too-large``, ``too-deep``, ``too-many-tags``, ``too-many-attributes``.
    """
    left_out = LeftOut()
    tree = html_tree(body, content_type, left_out)
    links = _links(tree, base_of(tree, url), left_out)
    own = url_key(url)
    articles: list[Listed] = []
    for key, link in links.found.items():
        if key == own:
            continue
        if link.in_furniture:
            left_out["link of navigation"] += 1
        elif not is_article(link.url, patterns, learned):
            left_out["link unlike an article"] += 1
        elif len(articles) == MOST_LINKS:
            left_out[f"link after the first {MOST_LINKS:,}"] += 1
        else:
            articles.append(Listed(link.url, "article", Claims(title=link.headline)))
    following = _next_page(links, url)
    listed = tuple(article for article in articles if following is None or article.url != following)
    return Listing(listed, (Listed(following, "section"),) if following else (), notes_of(left_out))


def _links(tree: etree._Element, base: str, left_out: LeftOut) -> _Links:
    links = _Links()
    furniture = anchors = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if _is_furniture(element):
            furniture += 1 if event == "start" else -1
        written = element.get("href") if event == "start" and element.tag in ("a", "link", "area") else None
        is_next = "next" in (element.get("rel") or "").lower().split()
        if written is None or written.startswith("#") or (element.tag == "link" and not is_next):
            continue
        anchors += 1
        if anchors > _MOST_ANCHORS:
            left_out[f"link after the first {_MOST_ANCHORS:,}"] += 1
            continue
        address = web_address(written, base)
        if address is None:
            left_out["link to no web page"] += 1
            continue
        link = links.add(address)
        link.is_next = link.is_next or is_next
        if element.tag == "a" and not furniture:
            link.in_furniture = False
            link.headline = link.headline or _headline(element)
    return links


def _is_furniture(element: etree._Element) -> bool:
    return element.tag in _FURNITURE or (element.get("role") or "").lower() in _FURNITURE_ROLES


def _headline(anchor: etree._Element) -> str | None:
    """What a link says, where that reads like a headline: four words, or as much in a script without spaces."""
    heading = next(anchor.iter(*_HEADINGS), anchor)
    text = " ".join("".join(heading.itertext()).split())
    if len(text) > _HEADLINE_LENGTH or (len(text.split()) < 4 and len(_UNSPACED.findall(text)) < 8):
        return None
    return plain_text(text.replace("<", "&lt;"), _HEADLINE_LENGTH, LeftOut(), "title")


def _next_page(links: _Links, url: str) -> str | None:
    own = url_key(url)
    others = [link for key, link in links.found.items() if key != own]
    stated = next((link.url for link in others if link.is_next), None)
    return stated or next((link.url for link in others if follows(link.url, url)), None)
