"""What a page says of its article in its head: to be compared with the text of each block."""

from __future__ import annotations

import json
import re

from selectolax.lexbor import LexborHTMLParser

from pipelines.block_text import Stated

_BODY = re.compile(r'"articleBody"\s*:\s*("(?:[^"\\]|\\.){200,}?")')
_TAG = re.compile(r"<[^<>]{1,500}>")
_LONGEST_BODY = 200_000


def read_stated(page: LexborHTMLParser, source: str) -> Stated:
    """The titles and the description of the head, and the body that the JSON-LD in ``source`` states."""
    title = shared = description = ""
    head = page.head
    node = head.first_child if head is not None else None
    while node is not None:
        tag = node.tag
        if tag == "title":
            title = title or node.text()
        elif tag == "meta":
            said = node.attributes
            kind = said.get("property") or said.get("name")
            if kind == "og:title":
                shared = shared or said.get("content") or ""
            elif kind in {"og:description", "description"}:
                description = max(description, said.get("content") or "", key=len)
        node = node.next
    return Stated(shared.strip(), title.strip(), description.strip(), _stated_body(source))


def _stated_body(source: str) -> str:
    if '"articleBody"' not in source or (found := _BODY.search(source)) is None or len(found[1]) > _LONGEST_BODY:
        return ""
    try:
        body: str = json.loads(found[1], strict=False)
    except ValueError:
        return ""
    return _TAG.sub(" ", body)
