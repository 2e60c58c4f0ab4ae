"""How fast lemon24/reader searches: its side of ``benchmarks.search``, run by the peers' Python.

It is given the articles of an archive as entries of one feed, and the words of each question as FTS5 has them in
both: reader takes a question in FTS5's own language. Prints a JSON line: seconds to index, and for each question the
milliseconds to the first 50 answers by relevance and by recency, and to their number.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_FEED = "https://outlets.example/feed"
_LIMIT = 50


def main(archive: str) -> None:
    """Answer what standard input asks: a JSON line for each question."""
    from reader import make_reader  # type: ignore[import-not-found]  # of the peers

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        reader = make_reader(str(Path(folder) / "reader.db"))
        reader.add_feed(_FEED, allow_invalid_url=True)
        for entry in _entries(archive):
            reader.add_entry(entry)
        reader.enable_search()
        reader.update_search()
        print(json.dumps({"seconds": time.perf_counter() - started}), flush=True)
        for line in sys.stdin:
            question = json.loads(line)
            ways: dict[str, Callable[[], object]] = {
                "by relevance": lambda asked=question: list(reader.search_entries(asked, limit=_LIMIT)),
                "newest first": lambda asked=question: list(reader.search_entries(asked, sort="recent", limit=_LIMIT)),
                "how many": lambda asked=question: reader.search_entry_counts(asked).total,
            }
            print(json.dumps({name: _milliseconds(way) for name, way in ways.items()}), flush=True)


def _entries(archive: str) -> Iterator[dict[str, object]]:
    rows = sqlite3.connect(archive).execute("SELECT id, url, title, text FROM articles")
    for id_, url, title, text in rows:
        yield {"feed_url": _FEED, "id": id_, "link": url, "title": title, "summary": text}


def _milliseconds(way: Callable[[], object]) -> float:
    started = time.perf_counter()
    way()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1])
