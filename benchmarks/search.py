"""How fast an archive answers: ``python -m benchmarks.search [--articles N …] [--keep FOLDER] [--database URL]``.

An archive of N articles is made (100,000 and 1,000,000 unless told otherwise; ``benchmarks.big_archive``), or taken
from FOLDER if it was made before, and 200 questions of six kinds are asked of it, each once, after 30 others to warm
up: the first 50 answers newest first and by relevance, the number of answers, and their numbers by week.

Beside it in the same run, for the questions that have words: FTS5 by itself, on the very same index, asked for the
latest 50 row numbers and for their count. It reads no article, knows no dates and no filters: it is the floor.
DuckDB counts by week and source over a Parquet export, for the questions that it can ask: those of filters alone.
lemon24/reader is beside it in ``benchmarks.search_peer``.
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.big_archive import Made, fill
from benchmarks.questions import KINDS, Asked, questions
from storage import Archive
from storage.database import Database, sqlite_module
from storage.records import Query
from storage.search import question_of
from storage.word_question import WordQuestion

_WARMING = 30
_LIMIT = 50


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--keep", type=Path, help="a folder where made archives stay for the next run")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database, or of one that this has filled")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as temporary:
        folder = asked.keep or Path(temporary)
        for number in asked.articles:
            url = asked.database or f"sqlite:///{folder}/search-{number}.db"
            _measure(url, number)


def _measure(url: str, number: int) -> None:
    database = Database.open(url)
    started = time.perf_counter()
    fill(database, number)
    database.close()
    made = Made()
    print(f"{number:,} articles, {url.partition(':')[0]} (made or found in {time.perf_counter() - started:,.0f} s)")
    with Archive.open(url, blobs="/nonexistent" if url.startswith("postgresql") else None) as archive:
        for each in questions(made, number, _WARMING, seed=2):
            archive.results(each.query)
            archive.counts(each.query, "week")
        asked = questions(made, number)
        ways: dict[str, Callable[[Query], object]] = {
            "newest first": lambda query: archive.results(replace(query, limit=_LIMIT)),
            "by relevance": lambda query: archive.results(replace(query, limit=_LIMIT, sort="relevance")),
            "how many": archive.count,
            "by week": lambda query: archive.counts(query, "week"),
            "by source": lambda query: archive.counts(query, "source"),
        }
        print(f"{'milliseconds: p50, p95':26}" + "".join(f"{kind:>20}" for kind in (*KINDS, "all")))
        for name, way in ways.items():
            _row(name, asked, way)
        if url.startswith("sqlite"):
            with closing(sqlite_module().connect(url.removeprefix("sqlite:///"))) as bare:
                _row("FTS5 alone: latest 50", asked, lambda query: _bare(bare, query, "rowid", _LATEST))
                _row("FTS5 alone: how many", asked, lambda query: _bare(bare, query, "count(*)", ""))
    print(f"memory at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB\n")


def _row(name: str, asked: Iterable[Asked], way: Callable[[Query], object]) -> None:
    took: dict[str, list[float]] = defaultdict(list)
    for each in asked:
        started = time.perf_counter()
        if way(each.query) is NotImplemented:
            continue
        for kind in (each.kind, "all"):
            took[kind].append(1000 * (time.perf_counter() - started))
    print(f"{name:26}" + "".join(f"{_spread(took.get(kind)):>20}" for kind in (*KINDS, "all")), flush=True)


def _spread(times: list[float] | None) -> str:
    if not times:
        return "–"
    return f"{statistics.median(times):.1f}  {statistics.quantiles(times, n=20, method='inclusive')[-1]:.1f}"


_LATEST = f"ORDER BY rowid DESC LIMIT {_LIMIT}"
_MATCH = re.compile(r"MATCH '(?P<asked>(?:[^']|'')*)'")


def _bare(connection: object, query: Query, column: str, order: str) -> object:
    """FTS5 itself, asked for the words of a question as we ask it; not for those without words."""
    words = WordQuestion.of(question_of(query), "sqlite")
    if not words.required:
        return NotImplemented
    spelled = words.spelled("sqlite")
    sql = f"SELECT {column} FROM article_words WHERE article_words MATCH ? {order}"
    return connection.execute(sql, (spelled,)).fetchall()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
