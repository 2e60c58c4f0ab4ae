"""How fast saved texts become articles, beside a bare loop that inserts the same rows: ``python -m benchmarks.ingest``.

The bare loop is the ceiling: the rows of the finished archive, read once, go through SQLAlchemy Core into a second
database with the same schema, PRAGMAs and batch size, full-text entries ready made; nothing is read, cleaned, hashed,
compared or kept. Memory is the peak of the ingesting process plus that of its largest worker, at 1,000 and at all
texts. Search: 200 words of headlines, and 100 pairs of them, are asked once each.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text

from crawler.ingest import BATCH, take_in
from crawler.readers import ReaderOptions, read_inputs
from storage import Archive, Query, schema
from storage.database import Database
from storage.words import tokens

ROOT = Path(__file__).parents[1]
EVAL = Path(os.environ.get("COPYDESK_EVAL", ROOT.parent / "shared" / "eval"))
FEW = 1_000
ROUNDS = 3


def main() -> None:
    """Print the figures."""
    texts = EVAL / "duplicates" / "orangesum.jsonl.gz"
    if not texts.exists():
        sys.exit(f"{texts}: no evaluation data here; COPYDESK_EVAL names its folder")
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as place:
        folder = Path(place)
        few = folder / "few.jsonl"
        with gzip.open(texts, "rb") as lines:
            few.write_bytes(b"".join(islice(lines, FEW)))
        small = _measured(few, folder / "few")
        rounds = [_measured(texts, folder / f"all{number}") for number in range(ROUNDS)]
        bare = [_bare(folder / "all0" / "archive.db", folder / f"bare{number}.db") for number in range(ROUNDS)]
        per_second, number = statistics.median(speed for speed, _, _ in rounds), rounds[0][2]
        bare_speed = statistics.median(bare)
        peak = statistics.median(memory for _, memory, _ in rounds)
        print(f"texts ingested           {number:>10,}")
        print(f"articles a second        {per_second:>10,.0f}   (median of {ROUNDS})")
        print(f"bare loop, rows a second {bare_speed:>10,.0f}")
        print(f"ratio                    {per_second / bare_speed:>10.2f}   aim: at least 0.25")
        print(f"peak memory, all texts   {peak:>10,.0f} MB")
        print(f"peak memory, {FEW:,} texts {small[1]:>10,.0f} MB")
        print(f"ratio                    {peak / small[1]:>10.2f}   aim: at most 1.2")
        print(f"search, 95th percentile  {_search(folder / 'all0' / 'archive.db'):>10.1f} ms")


def _measured(texts: Path, folder: Path) -> tuple[float, float, int]:
    """Articles a second, peak megabytes and inputs read, of an ingest in a process of its own."""
    folder.mkdir()
    code = "import json, sys; from benchmarks.ingest import ingest; print(json.dumps(ingest(*sys.argv[1:])))"
    done = subprocess.run([sys.executable, "-c", code, texts, folder], check=True, capture_output=True, cwd=ROOT)
    seconds, megabytes, number = json.loads(done.stdout)
    return number / seconds, megabytes, number


def ingest(texts: str, folder: str) -> tuple[float, float, int]:
    """Ingest ``texts`` into an archive in ``folder``; seconds, peak megabytes, inputs read."""
    with Archive.open(f"sqlite:///{folder}/archive.db") as archive:
        started = time.perf_counter()
        report = take_in(archive, read_inputs([texts], ReaderOptions()), "ingest", texts, lambda *_: None)
        seconds = time.perf_counter() - started
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return seconds, sum(peaks) / 1024, report.read


def _bare(finished: Path, path: Path) -> float:
    """Articles a second when the rows of a finished archive are only inserted again, batch by batch."""
    source, target = Database.open(f"sqlite:///{finished}"), Database.open(f"sqlite:///{path}")
    with source.reading() as connection:
        batches = list(_batches(connection))
    full_text = text("INSERT INTO article_words (rowid, title, text) VALUES (:seq, :title, :text)")
    started = time.perf_counter()
    for rows, words in batches:
        with target.writing() as connection:
            for table in schema.metadata.sorted_tables:
                if rows[table]:
                    connection.execute(insert(table), rows[table])
            if words:
                connection.execute(full_text, words)
    seconds = time.perf_counter() - started
    source.close()
    target.close()
    return sum(len(rows[schema.fate]) for rows, _ in batches) / seconds


Row = dict[str, Any]


def _batches(connection: Connection) -> Iterator[tuple[dict[Table, list[Row]], list[Row]]]:
    """All rows in the order in which the inputs came, with what each is found by; each row once."""

    def all_of(table: Table) -> list[Row]:
        return [dict(row) for row in connection.execute(select(table)).mappings()]

    fates = sorted(all_of(schema.fate), key=lambda row: row["id"])
    by_capture = {row["key"]: row for row in all_of(schema.capture)}
    sightings = {row["capture_key"]: row for row in all_of(schema.sighting)}
    of_article: dict[str, list[tuple[Table, Row]]] = defaultdict(list)
    for table, column in (
        (schema.article, "id"),
        (schema.version, "article_id"),
        (schema.removal, "article_id"),
        (schema.address, "article_id"),
    ):
        for row in all_of(table):
            of_article[row[column]].append((table, row))
    runs = all_of(schema.run)
    for start in range(0, len(fates), BATCH):
        rows: dict[Table, list[Row]] = defaultdict(list)
        rows[schema.run], runs = runs, []
        words = []
        for fate in fates[start : start + BATCH]:
            rows[schema.fate].append(fate)
            if capture := by_capture.pop(fate["capture_key"], None):
                rows[schema.capture].append(capture)
            if sighting := sightings.pop(fate["capture_key"], None):
                rows[schema.sighting].append(sighting)
            for table, row in of_article.pop(fate["article_id"], ()):
                rows[table].append(row)
                if table is schema.article:
                    seq = row["seq"]
                elif table is schema.version:
                    words.append(
                        {"seq": seq, "title": " ".join(tokens(row["title"])), "text": " ".join(tokens(row["text"]))}
                    )
        yield rows, words


def _search(finished: Path) -> float:
    """The 95th percentile, in milliseconds, of searches for single words: rare and frequent ones, and pairs of them."""
    with Archive.open(f"sqlite:///{finished}") as archive:
        met = sorted(
            {word for article in islice(archive.find(Query(limit=None)), 300) for word in tokens(article.title)}
        )
        chosen = random.Random(1).sample(met, 200)
        asked = [*chosen, *map(" ".join, zip(chosen[::2], chosen[1::2], strict=True))]
        taken = []
        for words in asked:
            started = time.perf_counter()
            for _ in archive.find(Query(words=words, limit=20)):
                pass
            taken.append(1_000 * (time.perf_counter() - started))
    return statistics.quantiles(taken, n=20)[-1]


if __name__ == "__main__":
    main()
