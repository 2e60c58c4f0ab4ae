"""HTML trees: a web page parsed within bounds, and the address that its relative links stand on."""

from __future__ import annotations

from lxml import etree

from crawler.errors import Unreadable
from crawler.listings.addresses import web_address
from crawler.listings.bodies import text_of
from crawler.listings.listing import LeftOut
from crawler.listings.safe_xml import html_parser
from pipelines.screen import ScreenLimits, screen

MOST_BYTES = 10 * 1024 * 1024
"""The largest web page that is decoded; of its characters ``pipelines.screen`` lets fewer pass."""


def html_tree(body: bytes, content_type: str, left_out: LeftOut) -> etree._Element:
    """The root of a page's tree. Unreadable: ``empty``, ``not-text``, or why ``pipelines.screen`` refuses it."""
    text = text_of(body, content_type, MOST_BYTES, left_out)
    if refusal := screen(text, "text/html", ScreenLimits()):
        raise Unreadable(refusal.reason, refusal.detail)
    try:
        tree: etree._Element | None = etree.fromstring(text.encode("utf-8", "replace"), html_parser())
    except (etree.LxmlError, ValueError) as error:
        raise Unreadable("damaged", f"no HTML: {error}") from error
    if tree is None:
        raise Unreadable("empty", "there is no element in it")
    return tree


def base_of(tree: etree._Element, url: str) -> str:
    """The address on which the page's relative links stand: that of its first ``base``, or its own."""
    for base in tree.iter("base"):
        if written := base.get("href"):
            return web_address(written, url) or url
    return url
