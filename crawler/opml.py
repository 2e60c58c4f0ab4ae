"""OPML: lists of feeds, as feed readers exchange them; written from sources, and read into drafts of sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from crawler.catalogue import draft, name_for
from crawler.definition import plain
from crawler.errors import BadOpml
from crawler.source import MOST_PAGES, NAME, PLACE_KINDS, Place, PlaceKind, Source

_LARGEST = 4 * 1024 * 1024  # bytes
_MOST_OUTLINES = 20_000
_DEEPEST = 32
_PAGES = {str(number) for number in range(1, MOST_PAGES + 1)}
_OWN = "urn:copydesk:opml"  # OPML lets others add attributes that have a namespace


@dataclass(frozen=True, slots=True)
class Outline:
    """A source as OPML tells of it. sections: the folders that it lies in, from the outermost.

    What it says of addresses is unchecked: reading the draft as a source checks it.
    """

    name: str
    title: str
    homepage: str
    language: str | None
    country: str | None
    places: tuple[Place, ...]
    sections: tuple[str, ...] = ()

    @property
    def definition(self) -> str:
        """The TOML text of a new source."""
        return draft(self.name, self.title, self.homepage, self.language, self.country, self.places)


def write_opml(sources: Iterable[Source]) -> str:
    """OPML 2.0. A source with one feed is an outline; any other is a folder of its feeds, sitemaps and pages."""
    root = etree.Element("opml", version="2.0", nsmap={"copydesk": _OWN})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "copydesk sources"
    body = etree.SubElement(root, "body")
    for source in sources:
        outline = etree.SubElement(body, "outline", text=source.title, title=source.title, htmlUrl=source.homepage)
        _set_own(outline, {"name": source.name, "language": source.language, "country": source.country})
        if len(source.places) == 1 and source.places[0].kind == "feed" and len(source.places[0].urls) == 1:
            outline.attrib.update({"type": "rss", "xmlUrl": source.places[0].urls[0]})
            continue
        for number, place in enumerate(source.places, start=1):
            for url in place.urls:
                kind = {"type": "rss", "xmlUrl": url} if place.kind == "feed" else {"type": "link", "url": url}
                listing = etree.SubElement(outline, "outline", text=source.title, **kind)
                _set_own(listing, {"place": str(number), "kind": place.kind, "pages": str(place.pages)})
    text: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'


def read_opml(content: bytes) -> tuple[Outline, ...]:
    """Every feed as a draft of a source, with folders as sections; what ``write_opml`` wrote, as the sources it was.

    Raises BadOpml for what is no OPML, is too large, or declares a document type.
    """
    taken: Counter[str] = Counter()
    outlines = []
    for element, sections in _sources(_body(content), ()):
        outlines.append(_outline(element, sections, taken))
        if len(outlines) > _MOST_OUTLINES:
            raise BadOpml(f"more than {_MOST_OUTLINES:,} feeds")
    return tuple(outlines)


def _body(content: bytes) -> etree._Element:
    if len(content) > _LARGEST:
        raise BadOpml(f"larger than {_LARGEST // 1024**2} MiB")
    if b"<!doctype" in content.replace(b"\0", b"").lower():  # without zeros: UTF-16 and UTF-32
        raise BadOpml("declares a document type, which OPML has no use for and attackers have")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadOpml(plain(f"not XML: {str(error) or 'it is empty'}")) from None
    if root.getroottree().docinfo.doctype:
        raise BadOpml("declares a document type, which OPML has no use for and attackers have")
    body = root.find("body")
    if root.tag != "opml" or body is None:
        raise BadOpml("XML, but not OPML: no <opml> with a <body>")
    return body


def _sources(folder: etree._Element, sections: tuple[str, ...]) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    if len(sections) > _DEEPEST:
        raise BadOpml(f"folders in each other, more than {_DEEPEST} deep")
    for element in folder.iterchildren("outline"):
        if _own(element, "name") or element.get("xmlUrl"):
            yield element, sections
        if not _own(element, "name"):
            yield from _sources(element, (*sections, _words(element)))


def _outline(element: etree._Element, sections: tuple[str, ...], taken: Counter[str]) -> Outline:
    places = tuple(_places(element))
    homepage = (element.get("htmlUrl") or "").strip() or _front_page(places)
    title = _words(element) or homepage
    stated = _own(element, "name") or ""
    return Outline(
        name=_free(stated if NAME.fullmatch(stated) else name_for(title), taken),
        title=title,
        homepage=homepage,
        language=_own(element, "language"),
        country=_own(element, "country"),
        places=places,
        sections=tuple(section for section in sections if section),
    )


def _places(element: etree._Element) -> Iterator[Place]:
    if url := element.get("xmlUrl"):
        yield Place("feed", (url.strip(),))
        return
    listings: dict[str, list[etree._Element]] = {}
    for listing in element.iterchildren("outline"):
        listings.setdefault(_own(listing, "place") or "", []).append(listing)
    for members in listings.values():
        kind: PlaceKind = next((kind for kind in PLACE_KINDS if kind == _own(members[0], "kind")), "feed")
        pages = _own(members[0], "pages") or ""
        urls = tuple((member.get("xmlUrl") or member.get("url") or "").strip() for member in members)
        yield Place(kind, urls, int(pages) if pages in _PAGES else 1)


def _front_page(places: tuple[Place, ...]) -> str:
    address = places[0].urls[0] if places else ""
    return re.sub(r"^(https?://[^/?#]*).*", r"\1/", address, flags=re.DOTALL)


def _free(name: str, taken: Counter[str]) -> str:
    """A name that no outline before has: the second of a name gets a 2."""
    taken[name] += 1
    while taken[name] > 1 and taken[free := f"{name[:57]}-{taken[name]}"]:
        taken[name] += 1
    if taken[name] == 1:
        return name
    taken[free] += 1
    return free


def _words(element: etree._Element) -> str:
    return re.sub(r"[\t\r\n]", " ", element.get("title") or element.get("text") or "").strip()


def _own(element: etree._Element, key: str) -> str | None:
    value: str | None = element.get(f"{{{_OWN}}}{key}")
    return value


def _set_own(element: etree._Element, values: dict[str, str | None]) -> None:
    for key, value in values.items():
        if value is not None:
            element.set(f"{{{_OWN}}}{key}", value)
