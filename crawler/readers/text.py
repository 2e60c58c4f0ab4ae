"""Reader of plain text: one file, one page, the bytes as they are."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator

from crawler.readers.saved import ReaderOptions, SavedFile, whole
from storage.records import Failed, Page

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read(saved: SavedFile, options: ReaderOptions, _left_alone: Counter[str]) -> Iterator[Page | Failed]:
    """The file as one page; its charset is named only where a byte order mark says it."""
    body = whole(saved, options.limits.page_bytes)
    charset = next((f"; charset={name}" for mark, name in _MARKS if body.startswith(mark)), "")
    yield Page(
        url=None,
        body=body,
        content_type=f"text/plain{charset}",
        fetched_at=saved.saved_at,
        source=options.source,
        origin=saved.origin,
    )
