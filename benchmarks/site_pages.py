"""Site pages: twenty pages of a site with real furniture and known text, from one real page and other pages' stories.

Where the article of the page stood, another stands; headline, authors, cards, teasers, captions, dates and counts
change from page to page as on a real site, and the rest repeats.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import html as lxml_html
from lxml.html import HtmlElement

from benchmarks.templates import Story, Template, parsed, text_of

_DIGIT = re.compile(r"\d")
_TITLES = frozenset(("og:title", "twitter:title", "title", "dc.title", "parsely-title", "sailthru.title"))
_DESCRIPTIONS = frozenset(("description", "og:description", "twitter:description", "sailthru.description"))


@dataclass(frozen=True, slots=True)
class SitePage:
    """A page that was made. gold: its article, a paragraph a line."""

    url: str
    html: bytes
    title: str
    gold: str


@dataclass(frozen=True, slots=True)
class Supply:
    """What other articles and pages give to the changing parts of a page, all in one language."""

    titles: tuple[str, ...]
    leads: tuple[str, ...]
    captions: tuple[str, ...]
    authors: tuple[str, ...]


def site_pages(template: Template, stories: Sequence[Story], supply: Supply, *, relaid: bool = False) -> list[SitePage]:
    """A page for each story; the same each time. relaid: after a change of layout: other class names, one box more."""
    return [_filled(template, story, supply, at, relaid=relaid) for at, story in enumerate(stories)]


def _filled(template: Template, story: Story, supply: Supply, at: int, *, relaid: bool) -> SitePage:
    chance = random.Random(f"{template.site} {at}")
    tree = parsed(template.page)
    elements: list[HtmlElement] = list(tree.iter())
    authors = story.authors or tuple(chance.sample(supply.authors, min(1, len(supply.authors))))
    _vary(template, elements, supply, chance)
    for number in template.titles:
        say(elements[number], story.title)
    _replace_authors(tree, template, authors)
    _place(template, elements, story.paragraphs)
    for number in template.lists:
        _thin_out(elements[number], chance)
    if relaid:
        _relay(elements, template)
    url = f"https://www.{template.site}/2026/{1 + at % 12:02}/story-{chance.randrange(10**6, 10**7)}"
    _rewrite_head(tree, template, story, authors, url)
    html = lxml_html.tostring(tree, encoding="utf-8", doctype="<!DOCTYPE html>")
    return SitePage(url, html, story.title, "\n".join(story.paragraphs))


def say(element: HtmlElement, text: str) -> None:
    """Have an element say something else, within the innermost element that holds all its text."""
    while (
        len(inner := [child for child in element if text_of(child)]) == 1
        and not (element.text or "").strip()
        and not any((child.tail or "").strip() for child in element)
    ):
        element = inner[0]
    for child in list(element):
        element.remove(child)
    element.text = text


def _vary(template: Template, elements: Sequence[HtmlElement], supply: Supply, chance: random.Random) -> None:
    for numbers, texts in (
        (template.cards, supply.titles),
        (template.teasers, supply.leads),
        (template.captions, supply.captions),
    ):
        drawn = chance.sample(texts, min(len(texts), len(numbers))) if texts else []
        for number, text in zip(numbers, drawn, strict=False):
            say(elements[number], text)
    for number in template.others:  # dates, counts
        for element in elements[number].iter():
            element.text = _other_digits(element.text, chance)
            if element is not elements[number]:
                element.tail = _other_digits(element.tail, chance)


def _other_digits(text: str | None, chance: random.Random) -> str | None:
    return _DIGIT.sub(lambda _: str(chance.randrange(1, 10)), text) if text else text


def _replace_authors(tree: HtmlElement, template: Template, authors: Sequence[str]) -> None:
    if not authors:
        return
    for element in tree.iter():
        for name in template.authors:
            if element.tag in {"script", "style"}:
                continue
            if element.text and name in element.text:
                element.text = element.text.replace(name, authors[0])
            if element.tail and name in element.tail:
                element.tail = element.tail.replace(name, authors[0])


def _place(template: Template, elements: Sequence[HtmlElement], paragraphs: Sequence[str]) -> None:
    """Put the paragraphs into the slots; slots that look like most are repeated or dropped as there is need."""
    shares = _shares([number in template.common for number in template.slots], len(paragraphs))
    waiting = iter(paragraphs)
    for number, share in zip(template.slots, shares, strict=True):
        slot = elements[number]
        if not share:
            slot.drop_tree()
            continue
        copies = [deepcopy(slot) for _ in range(share - 1)]
        for copy in copies:
            copy.tail = None
            copy.attrib.pop("id", None)
        for element in (slot, *copies):
            say(element, next(waiting))
        for copy in reversed(copies):
            parent = slot.getparent()
            parent.insert(parent.index(slot) + 1, copy)
        if copies:
            copies[-1].tail, slot.tail = slot.tail, None
    for number in template.dropped:
        if elements[number].getparent() is not None:
            elements[number].drop_tree()


def _shares(is_common: Sequence[bool], count: int) -> list[int]:
    """How many paragraphs each slot gets: one, and the common ones what is over, or none where there are too few."""
    rare = min(count - 1, is_common.count(False))
    common = is_common.count(True)
    spread = [(at + 1) * (count - rare) // common - at * (count - rare) // common for at in range(common)]
    shares, commons, rares = [], iter(spread), rare
    for each in is_common:
        if each:
            shares.append(next(commons))
        else:
            shares.append(1 if rares > 0 else 0)
            rares -= 1
    return shares


def _thin_out(entries: HtmlElement, chance: random.Random) -> None:
    """Leave some entries of a list out, and the others in another order."""
    children = list(entries)
    kept = chance.sample(children, chance.randint((len(children) + 1) // 2, len(children)))
    for child in children:
        entries.remove(child)
    entries.extend(kept)


def _relay(elements: Sequence[HtmlElement], template: Template) -> None:
    for element in elements:
        for name in ("class", "id"):
            if element.get(name):
                element.set(name, " ".join(f"{token}-v2" for token in element.get(name).split()))
    for parent in {elements[number].getparent() for number in template.slots} - {None}:
        box = parent.makeelement("div", {"class": "layout-v2"})
        box.text, parent.text = parent.text, None
        box.extend(list(parent))
        parent.append(box)


def _rewrite_head(tree: HtmlElement, template: Template, story: Story, authors: Sequence[str], url: str) -> None:
    lead = story.paragraphs[0][:160]
    for element in tree.iter("title"):
        said = element.text or ""
        element.text = said.replace(template.title, story.title) if template.title in said else story.title
    for meta in list(tree.iter("meta")):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name in _TITLES:
            meta.set("content", story.title)
        elif name in _DESCRIPTIONS:
            meta.set("content", lead)
        elif name == "og:url":
            meta.set("content", url)
        elif name in {"author", "article:author", "parsely-author"} and authors:
            meta.set("content", authors[0])
        elif meta.get("charset") or (meta.get("http-equiv") or "").lower() == "content-type":
            meta.drop_tree()
    for link in tree.iter("link"):
        if link.get("rel") == "canonical":
            link.set("href", url)
    for script in list(tree.iter("script")):
        is_data = "ld+json" in (script.get("type") or "")
        script.text = _other_data(script.text, story, authors, lead) if is_data else None
    head = tree.find("head")
    if head is not None:
        head.insert(0, head.makeelement("meta", {"charset": "utf-8"}))


def _other_data(text: str | None, story: Story, authors: Sequence[str], lead: str) -> str | None:
    """JSON-LD that says of the new story what it said of the old one."""
    try:
        data = json.loads(text or "")
    except ValueError:
        return None
    says: dict[str, Callable[[], object]] = {
        "headline": lambda: story.title,
        "alternativeHeadline": lambda: story.title,
        "description": lambda: lead,
        "articleBody": lambda: " ".join(story.paragraphs),
        "author": lambda: [{"@type": "Person", "name": name} for name in authors],
    }

    def told(value: object) -> object:
        if isinstance(value, dict):
            return {key: says[key]() if key in says else told(each) for key, each in value.items()}
        return [told(each) for each in value] if isinstance(value, list) else value

    return json.dumps(told(data), ensure_ascii=False)
