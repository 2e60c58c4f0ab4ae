"""Pages as they might come, and how they are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from storage.blobs import Blobs
from storage.captures import Capture
from storage.records import Claims, Page

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def page(number: int = 0, **fields: object) -> Page:
    """A page with something in every field, and some of it odd."""
    claims = Claims("Título\ud800\x00", ("Đặng", "B"), NOON, None, "es", "s", ("k",), "https://i", "d")
    made = Page(
        f"https://x.example/{number}", b"body", "text/html; charset=latin-1", NOON, "x", 200,
        (("Server", "a"), ("Server", "b\u2028")), claims, f"saved/a.jsonl:{number}",
    )  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]  # fields of Page


def kept(blobs: Blobs, pages: list[Page]) -> list[Capture]:
    """Put and log the pages, and flush."""
    captures = [Capture.of(each, blobs.put(each.body)) for each in pages]
    for capture in captures:
        blobs.log(capture)
    blobs.flush()
    return captures
