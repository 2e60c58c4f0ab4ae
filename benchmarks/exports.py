"""How fast an archive is written to a file, and in how much memory: ``python -m benchmarks.exports [--articles N]``.

Beside it in the same run: a plain loop from the driver over the view ``articles`` to ``json.dumps``, once with its JSON
columns as text, once with them read, as ``sqlite-utils rows --nl`` does with ``--json-cols``. Neither sorts, reads
times or checks anything: they are the ceiling. Each measure is a process of its own, and the median of three rounds;
memory is what its peak grew by after the first 1,000 articles had been written.

The archive is made for it, of 100,000 articles: paragraphs of the articles of the evaluation data in other orders.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.texts import Text, default_file, read
from storage import Archive, Query, schema
from storage.database import Database, sqlite_module
from storage.duplicates import article_id, key_of
from storage.export import export
from storage.exporting.table import FORMS

ROOT = Path(__file__).parents[1]
ARTICLES, FIRST, ROUNDS, AT_ONCE = 100_000, 1_000, 3, 2_000
PLAIN, READ = "driver and json.dumps", "the same, JSON columns read"
JSON_COLUMNS = ("authors", "keywords", "flags", "origins")
SOURCES = 40
BEGIN = datetime(2021, 1, 1, 6, tzinfo=UTC)


def main() -> None:
    """Print the figures."""
    asked = argparse.ArgumentParser(description="How fast and in how much memory an archive is exported.")
    asked.add_argument("--articles", type=int, default=ARTICLES)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    said = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as place:
        folder = Path(place)
        make(folder / "archive.db", said.articles)
        size = (folder / "archive.db").stat().st_size / 1e6
        print(f"{said.articles:,} articles, {size:,.0f} MB; medians of {said.rounds} rounds")
        print(f"{'':32}{'rows/s':>10}{'of plain':>10}{'file, MB':>10}{'memory grew, MB':>17}")
        plain = 0.0
        for what in (PLAIN, READ, *FORMS, "jsonl.gz"):
            rounds = [_measured(what, folder) for _ in range(said.rounds)]
            speed, written, grown = (statistics.median(each[at] for each in rounds) for at in range(3))
            plain = plain or speed
            print(f"{what:32}{speed:>10,.0f}{speed / plain:>10.2f}{written:>10,.0f}{grown:>17,.1f}", flush=True)


def make(file: Path, number: int) -> None:
    """An archive of so many articles, without their captures' bytes and their words: nobody asks for these."""
    chance, texts = random.Random(7), read(default_file()).texts
    database = Database.open(f"sqlite:///{file}")
    for at in range(0, number, AT_ONCE):
        rows = [_rows(each, chance, texts) for each in range(at, min(number, at + AT_ONCE))]
        with database.writing() as connection:
            for place, table in enumerate((schema.capture, schema.article, schema.version)):
                connection.execute(insert(table), [row[place] for row in rows])
    database.close()


def _rows(number: int, chance: random.Random, texts: tuple[Text, ...]) -> tuple[dict[str, Any], ...]:
    """The rows of one article: capture, article, version."""
    head, *others = (chance.choice(texts) for _ in range(3))
    parts = [part for text in (head, *others) for part in text.text.split("\n") if part.strip()]
    chance.shuffle(parts)
    text = "\n\n".join(parts[: max(3, len(parts) // 2)])
    url = f"https://outlet{number % SOURCES}.example/{number // 1000}/{key_of(str(number))}"
    id_, source = article_id(url), f"outlet{number % SOURCES}"
    at = BEGIN + timedelta(minutes=17 * number + chance.randrange(600))
    fetched_at = at + timedelta(minutes=chance.randrange(60))
    page = {
        "key": key_of(url), "sha256": key_of(url) * 2, "url": url, "url_key": key_of(url), "source": source,
        "content_type": "text/html", "headers": [], "claims": {}, "fetched_at": fetched_at, "size": 4 * len(text),
    }  # fmt: skip
    article = {
        "id": id_, "current": 1, "seen_at": fetched_at, "dated_at": at, "story_id": id_, "first_seen_at": fetched_at,
    }  # fmt: skip
    version = {
        "article_id": id_, "number": 1, "capture_key": page["key"], "url": url, "source": source,
        "fetched_at": fetched_at, "content_hash": key_of(text), "title_hash": key_of(head.title), "norm_version": 1,
        "words": len(text.split()), "canonical_url": url, "title": head.title, "text": text,
        "authors": [f"{chance.choice(texts).title.split()[0]} Duarte"], "agency": None, "dateline": None,
        "published_at": at, "published_precision": "minute", "published_zone": "UTC+02:00", "language": "fr",
        "section": chance.choice(("monde", "sport", "culture")), "keywords": head.title.split()[:4], "flags": [],
        "image": f"{url}.jpg", "access": "free",
        "origins": [("authors", "json-ld"), ("published_at", "json-ld"), ("title", "heading")],
    }  # fmt: skip
    return page, article, version


def _measured(what: str, folder: Path) -> tuple[float, float, float]:
    """Rows a second, megabytes of the file, and of memory that was needed, in a process of its own."""
    code = "import json, sys; from benchmarks.exports import measure; print(json.dumps(measure(*sys.argv[1:])))"
    done = subprocess.run([sys.executable, "-c", code, what, folder], check=True, capture_output=True, cwd=ROOT)
    found: tuple[float, float, float] = tuple(json.loads(done.stdout))
    return found


def measure(what: str, folder: str) -> tuple[float, float, float]:
    """Write the archive in ``folder`` once, after its first articles; as ``_measured``."""
    target = Path(folder) / "out"
    path = target.with_suffix(f".{what}")
    write: Callable[[int | None], int]
    if what in (PLAIN, READ):
        path = target
        write = lambda limit: _plain(f"{folder}/archive.db", path, limit, is_read=what == READ)  # noqa: E731
    else:
        archive = Archive.open(f"sqlite:///{folder}/archive.db")
        write = lambda limit: export(archive.find(Query(limit=limit)), path)  # noqa: E731
    write(FIRST)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    number = write(None)
    seconds = time.perf_counter() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return number / seconds, path.stat().st_size / 1e6, grown / 1024


def _plain(database: str, path: Path, limit: int | None, *, is_read: bool) -> int:
    """The bare loop, see the module."""
    number = 0
    with closing(sqlite_module().connect(database)) as connection, path.open("w", encoding="utf-8") as file:
        for row in _view(connection, limit):
            if is_read:
                row |= {name: json.loads(row[name]) for name in JSON_COLUMNS if row[name]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            number += 1
    return number


def _view(connection: Any, limit: int | None) -> Iterator[dict[str, Any]]:
    found = connection.execute("SELECT * FROM articles")
    names = [column[0] for column in found.description]
    return (dict(zip(names, row, strict=True)) for row in islice(found, limit))


if __name__ == "__main__":
    main()
