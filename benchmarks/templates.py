"""Templates: a real page taken apart, so that other stories can stand where its article stood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import html as lxml_html
from lxml.html import HtmlElement

from pipelines.alignment import found_in, words

_SILENT = frozenset(
    ("script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select", "textarea", "button")
)
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead"),
        *("tr", "ul"),
    )
)
_CAPTION = re.compile(r"caption|credit|legend|bildunter", re.IGNORECASE)
_HEADLINE, _TEASER = 4, 12  # words of a link that leads to an article; of a text that tells what is in it
_LEAST_SLOTS, _MOST_BYTES = 5, 700_000
_LEAST_FOUND = 0.93  # share of the gold words that must stand in blocks of their own, or the place is not known


@dataclass(frozen=True, slots=True)
class Story:
    """An article that may stand on any page."""

    title: str
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A page, and the numbers of its elements in document order, by what changes from page to page.

    slots: the article's paragraphs; common: those among them that look like most. dropped: other pieces of the old
    article. Cards are links to other articles, lists the parents of several. The rest repeats on every page.
    """

    page: str
    site: str
    title: str
    authors: tuple[str, ...]
    slots: tuple[int, ...]
    common: frozenset[int]
    dropped: tuple[int, ...]
    titles: tuple[int, ...]
    cards: tuple[int, ...]
    teasers: tuple[int, ...]
    captions: tuple[int, ...]
    lists: tuple[int, ...]
    others: tuple[int, ...]
    caption_texts: tuple[str, ...]


def template_of(page: str, site: str, title: str, gold: str, authors: Sequence[str] = ()) -> Template | None:
    """The page as a template; None when its article does not stand in paragraphs that can be told apart."""
    if len(page) > _MOST_BYTES:
        return None
    tree = parsed(page)
    number = {element: at for at, element in enumerate(tree.iter())}
    leaves = list(_leaves(tree))
    texts = [text_of(leaf) for leaf in leaves]
    found = found_in(texts, gold)
    mine = [leaf for leaf, is_found in zip(leaves, found, strict=True) if is_found and leaf.tag != "h1"]
    covered = sum(len(words(text)) for text, is_found in zip(texts, found, strict=True) if is_found)
    if not mine or not _LEAST_FOUND <= covered / max(1, len(words(gold))) <= 2 - _LEAST_FOUND:
        return None
    tag = Counter(leaf.tag for leaf in mine).most_common(1)[0][0]
    slots = [leaf for leaf in mine if leaf.tag == tag]
    look = Counter(map(_look, slots)).most_common(1)[0][0]
    common = [leaf for leaf in slots if _look(leaf) == look]
    if tag not in {"p", "div"} or len(common) < _LEAST_SLOTS:
        return None
    roles = _roles(leaves, texts, found, title, gold)
    cards = [leaf for leaf in leaves if roles.get(leaf) == "card"]
    lists = [parent for parent, count in Counter(map(_entry_list, cards)).items() if parent is not None and count >= 3]
    article = {ancestor for leaf in slots for ancestor in leaf.iterancestors()}

    def having(role: str) -> tuple[int, ...]:
        return tuple(number[leaf] for leaf in leaves if roles.get(leaf) == role)

    return Template(
        page,
        site,
        title,
        tuple(authors),
        tuple(number[leaf] for leaf in slots),
        frozenset(number[leaf] for leaf in common),
        tuple(number[leaf] for leaf in mine if leaf.tag != tag) + having("copy"),
        having("title"),
        having("card"),
        having("teaser"),
        having("caption"),
        tuple(number[parent] for parent in lists if parent not in article),
        having("other"),
        tuple(text_of(leaf) for leaf in leaves if roles.get(leaf) == "caption"),
    )


def parsed(page: str) -> HtmlElement:
    """The tree of a page; its elements have the same numbers each time."""
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    return lxml_html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)


def text_of(element: HtmlElement) -> str:
    """The text of an element, white space squeezed."""
    return " ".join("".join(element.itertext()).split())


def _leaves(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The innermost blocks that have text, in document order."""
    waiting = [tree]
    while waiting:
        element = waiting.pop()
        if element.tag in _SILENT:
            continue
        if element.tag in _BLOCKS and not any(each.tag in _BLOCKS for each in element.iterdescendants()):
            if text_of(element):
                yield element
            continue
        waiting.extend(reversed(element))


def _roles(
    leaves: Sequence[HtmlElement], texts: Sequence[str], found: Sequence[bool], title: str, gold: str
) -> dict[HtmlElement, str]:
    """What each block is that is not of the article."""
    paragraphs = {tuple(words(line)) for line in gold.splitlines() if len(words(line)) >= _HEADLINE}
    headline = words(title)
    roles: dict[HtmlElement, str] = {}
    for leaf, text, is_found in zip(leaves, texts, found, strict=True):
        said = words(text)
        if leaf.tag == "h1" or (headline and said == headline):
            roles[leaf] = "title"
        elif is_found:
            continue
        elif tuple(said) in paragraphs:
            roles[leaf] = "copy"  # the article a second time, for other screens
        elif any(map(_is_picture, _up(leaf))):
            roles[leaf] = "caption"
        elif len(said) >= _HEADLINE and _is_link(leaf, text):
            roles[leaf] = "card"
        else:
            roles[leaf] = "other"
    for leaf, text in zip(leaves, texts, strict=True):
        if roles.get(leaf) == "other" and len(words(text)) >= _TEASER and _stands_by_card(leaf, roles):
            roles[leaf] = "teaser"
    return roles


def _up(leaf: HtmlElement) -> Iterator[HtmlElement]:
    yield leaf
    for level, ancestor in enumerate(leaf.iterancestors()):
        if level == 2:
            return
        yield ancestor


def _is_picture(element: HtmlElement) -> bool:
    return element.tag in {"figure", "figcaption"} or bool(_CAPTION.search(element.get("class") or ""))


def _is_link(leaf: HtmlElement, text: str) -> bool:
    if any(ancestor.tag == "a" for ancestor in leaf.iterancestors()):
        return True
    return any(len(text_of(link)) >= 0.9 * len(text) for link in leaf.iter("a"))


def _stands_by_card(leaf: HtmlElement, roles: dict[HtmlElement, str]) -> bool:
    for level, ancestor in enumerate(leaf.iterancestors()):
        if level == 3 or len(ancestor.text_content()) > 800:
            return False
        if any(roles.get(each) == "card" for each in ancestor.iterdescendants()):
            return True
    return False


def _look(leaf: HtmlElement) -> tuple[str, str, str]:
    parent = leaf.getparent()
    return leaf.tag, leaf.get("class") or "", (parent.get("class") or "") if parent is not None else ""


def _entry_list(card: HtmlElement) -> HtmlElement | None:
    """The list that a card is an entry of: its nearest ancestor with three children that look alike."""
    for child in (card, *card.iterancestors()):
        parent = child.getparent()
        if parent is None:
            return None
        alike = [each for each in parent if each.tag == child.tag and each.get("class") == child.get("class")]
        if len(alike) >= 3:
            return parent
    return None
