"""How fast an archive answers: ``python -m benchmarks.search [--articles N …] [--keep FOLDER] [--database URL]``.

An archive of N articles is made (100,000 and 1,000,000 unless told otherwise; ``benchmarks.big_archive``), or taken
from FOLDER if it was made before, and 200 questions of six kinds are asked of it, each once, after 30 others to warm
up: the first 50 answers newest first and by relevance, the number of answers, and their numbers by week.

Beside it in the same run, for the questions that have words: FTS5 by itself, on the very same index, asked for the
latest 50 row numbers and for their count. It reads no article, knows no dates and no filters: it is the floor.
DuckDB counts by week over a Parquet export of the archive, for the questions that have no words. lemon24/reader
searches the same texts, up to 100,000 of them, where the peers are installed (``make peers``).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.big_archive import Made, fill
from benchmarks.questions import KINDS, Asked, questions
from storage import Archive
from storage.database import Database, sqlite_module
from storage.export import export
from storage.records import Query
from storage.search import question_of
from storage.word_question import WordQuestion

_WARMING = 30
_LIMIT = 50
_MOST_FOR_READER = 100_000
ROOT = Path(__file__).parents[1]


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
            _beside_duckdb(archive, asked)
            if number <= _MOST_FOR_READER and (peers := _peers_python()):
                _beside_reader(peers, url.removeprefix("sqlite:///"), asked)
    print(f"memory at its peak: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB\n")


def _row(name: str, asked: Sequence[Asked], way: Callable[[Query], object]) -> None:
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


def _bare(connection: object, query: Query, column: str, order: str) -> object:
    """FTS5 itself, asked for the words of a question as we ask it; not for those without words."""
    words = WordQuestion.of(question_of(query), "sqlite")
    if not words.required:
        return NotImplemented
    spelled = words.spelled("sqlite")
    sql = f"SELECT {column} FROM article_words WHERE article_words MATCH ? {order}"
    return connection.execute(sql, (spelled,)).fetchall()  # type: ignore[attr-defined]


def _beside_duckdb(archive: Archive, asked: Sequence[Asked]) -> None:
    """Counts by week over a Parquet file, as far as questions have no words."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder) / "all.parquet"
        started = time.perf_counter()
        number = export(archive.find(Query(limit=None)), file)
        rate = number / (time.perf_counter() - started)
        dated = "coalesce(published_at, fetched_at)"

        def count(query: Query) -> object:
            if query.words:
                return NotImplemented
            said = {"source": query.source, "since": query.since, "until": query.until}
            parts = {"source": "source = ?", "since": f"{dated} >= ?", "until": f"{dated} < ?"}
            held = [parts[name] for name, value in said.items() if value is not None]
            sql = f"SELECT date_trunc('week', {dated}), count(*) FROM '{file}'"
            sql += (f" WHERE {' AND '.join(held)}" if held else "") + " GROUP BY 1"
            return connection.execute(sql, [value for value in said.values() if value is not None]).fetchall()

        _row("DuckDB: by week", asked, count)
        print(f"(its Parquet file was written at {rate:,.0f} articles a second)")


def _peers_python() -> Path | None:
    python = ROOT / ".venv-peers" / "bin" / "python"
    return python if python.exists() else None


def _beside_reader(python: Path, file: str, asked: Sequence[Asked]) -> None:
    """lemon24/reader, in its own Python, asked for words alone: it has no such filters."""
    script = Path(__file__).with_name("search_peer.py")
    sought = [(each.kind, words) for each in asked if (words := _plain(each.query))]
    with subprocess.Popen([python, script, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said, heard = process.stdin, process.stdout
        assert said is not None
        assert heard is not None
        took: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        seconds = json.loads(heard.readline())["seconds"]
        for kind, words in sought:
            said.write(json.dumps(words) + "\n")
            said.flush()
            for name, milliseconds in json.loads(heard.readline()).items():
                took[name][kind].append(milliseconds)
                took[name]["all"].append(milliseconds)
        said.close()
    for name, times in took.items():
        print(f"{'reader: ' + name:26}" + "".join(f"{_spread(times.get(kind)):>20}" for kind in (*KINDS, "all")))
    print(f"(reader took {seconds:,.0f} s to take the articles in)")


def _plain(query: Query) -> str | None:
    """The words of a question in FTS5's own language, where it has nothing but words."""
    words = WordQuestion.of(question_of(query), "sqlite")
    terms = [term for terms in words.required for term in terms]
    filters = query.source or query.since or query.until or words.rest or words.excluded
    if not terms or filters or any(term.place != "anywhere" for term in terms):
        return None
    spelled = [[f'"{" ".join(term.tokens)}"' + "*" * term.is_open for term in group] for group in words.required]
    return " AND ".join(f"({' OR '.join(group)})" for group in spelled)


if __name__ == "__main__":
    main()
