"""Reader of saved HTML: one file, one page, with the address that browsers note in a comment when they save it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from crawler.readers.saved import ReaderOptions, SavedFile, whole
from storage.records import Failed, Page

_HEAD = 4096
_SAVED_FROM = re.compile(
    rb"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:\s*)(https?://[^\s<>\"']+)", re.IGNORECASE
)


def read(saved: SavedFile, options: ReaderOptions, _left_alone: Counter[str]) -> Iterator[Page | Failed]:
    """The file as one page. A canonical link is not its address: that is evidence for the cleaner."""
    body = whole(saved, options.limits.page_bytes)
    note = _SAVED_FROM.search(body, 0, _HEAD)
    yield Page(
        url=note[1].decode("ascii", "replace") if note else None,
        body=body,
        content_type="text/html",
        fetched_at=saved.saved_at,
        source=options.source,
        origin=saved.origin,
    )
