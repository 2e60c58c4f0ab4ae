"""Front page: what the homepage of a site says of the site: its name, its language, its feeds. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from crawler.listings.autodiscovery import places_of
from crawler.listings.claimed import plain_text
from crawler.listings.html_trees import html_tree
from crawler.listings.listing import LeftOut, Listed
from crawler.scope import site_of

_LONGEST = 200  # characters of a name
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_PARTS = re.compile(r"\s+[|–—·»«-]\s+|\s*[|:]\s+")  # between the name of a site and what it says of itself
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class FrontPage:
    """title: the site's name, as far as it can be told from slogans. language: BCP 47. places: feeds and sitemaps."""

    title: str | None
    language: str | None
    places: tuple[Listed, ...]


def read_front_page(body: bytes, content_type: str, url: str) -> FrontPage:
    """What the page at ``url`` says. Unreadable: as ``read_section``."""
    tree = html_tree(body, content_type, LeftOut())
    root = next(tree.iter("html"), tree)
    return FrontPage(_title(tree, url), language_of(root.get("lang") or ""), places_of(body, content_type, url))


def language_of(written: str) -> str | None:
    """A language as sources name it, such as ``pt-BR``, from any case and ``pt_br``; None for what is none."""
    if not (found := _LANGUAGE.fullmatch(written.strip())):
        return None
    language, script, region = found.groups("")
    return "-".join(part for part in (language.lower(), script.capitalize(), region.upper()) if part)


def _title(tree: etree._Element, url: str) -> str | None:
    for meta in tree.iter("meta"):
        if meta.get("property") == "og:site_name" and (name := _plain(meta.get("content") or "")):
            return name
    written = next((title for element in tree.iter("title") if (title := _plain("".join(element.itertext())))), None)
    if written is None:
        return None
    host = urlsplit(url).hostname or ""
    site = _letters((site_of(host) or host).partition(".")[0])
    parts = [part.strip() for part in _PARTS.split(written) if part.strip()]
    own = next((part for part in parts if (said := _letters(part)) and (said in site or site in said)), written)
    return parts[0] if len(set(parts)) == 1 else own


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text.lower())


def _plain(text: str) -> str | None:
    return plain_text(text.replace("<", "&lt;"), _LONGEST, LeftOut(), "name")
