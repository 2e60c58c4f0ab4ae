"""How fast the archive tells copies as it grows: ``python -m benchmarks.archive_index [--articles N]``.

An archive is filled with made articles up to 10,000 and then up to N (1,000,000 unless told), and at both sizes some
thousands more are likened and entered in batches of 50, each batch a transaction: look up anchors, compare, decide,
write. One in ten is an edited copy of an article that is there; the others are new. Texts are not made: sketches are,
of 350 words, with hashes at random, which is the worst an index can be given. Nothing else of a save is measured.

PostgreSQL: a URL of an empty database on a server with its own durable settings.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, insert

from pipelines.sketch import ANCHORS
from storage import schema
from storage.copies import Copies, Newcomer
from storage.database import Database
from storage.records import Sketch

FEW = 10_000
BATCH = 50
MEASURED = 4_000
_FILLED_AT_ONCE = 5_000
_WORDS = 350
_COPIES = 0.1
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Made:
    """Sketches by number: each the same whenever it is asked for."""

    def new(self, number: int) -> Sketch:
        """The sketch of an article like no other."""
        chance = np.random.default_rng(number)
        hashes = chance.integers(0, 1 << 63, ANCHORS + _WORDS // 2, np.int64)
        return self._of(number, hashes[:ANCHORS] >> 16, hashes[ANCHORS:].view(np.uint32)[:_WORDS])

    def copy(self, number: int, of: int) -> Sketch:
        """The sketch of an edited copy: a quarter of its hashes are others."""
        one, other = self.new(of), self.new(number)
        kept = ANCHORS * 3 // 4
        anchors = np.array((*one.anchors[:kept], *other.anchors[kept:]), np.int64)
        shingles = [np.frombuffer(sketch.shingles, "<u4") for sketch in (one, other)]
        return self._of(
            of, anchors, np.concatenate([shingles[0][::4], shingles[0][1::4], shingles[0][2::4], shingles[1][::4]])
        )

    def _of(self, number: int, anchors: np.ndarray, shingles: np.ndarray) -> Sketch:
        numbers = tuple(str(number * 7 + at) for at in range(5))
        return Sketch(
            1, "en", _WORDS, tuple(anchors.tolist()), np.unique(shingles & 0xFFFFFF).astype("<u4").tobytes(),
            numbers=numbers, title_pattern=f"made title of article {number:x}", names=("one", "second", "third"),
            number_slots=bytes(20), name_slots=bytes(12), vocabulary=np.arange(200, dtype="<u2").tobytes(),
        )  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; an SQLite file where none is given")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as folder:
        file = Path(folder) / "archive.db"
        database = Database.open(asked.database or f"sqlite:///{file}")
        try:
            _measure(database, asked.articles)
        finally:
            database.close()


def _measure(database: Database, many: int) -> None:
    print(
        f"{'articles':>12}{'a second':>10}{'slowest':>9}{'fastest':>9}{'found':>10}"
        f"{'index MB a million':>20}{'sketches':>10}"
    )
    costs = []
    filled = 0
    for size in (FEW, many):
        started = time.perf_counter()
        for at in range(filled, size, _FILLED_AT_ONCE):
            numbers = range(at, min(size, at + _FILLED_AT_ONCE))
            with database.writing() as connection:
                _enter(connection, [(number, Made().new(number)) for number in numbers])
            if time.perf_counter() - started > 60:
                print(f"  filling: {at:,}", flush=True)
                started = time.perf_counter()
        filled = size
        rates, found, expected = [], 0, 0
        for batch in _batches(size):
            began = time.perf_counter()
            with database.writing() as connection:
                found += _enter(connection, batch)
            rates.append(len(batch) / (time.perf_counter() - began))
            expected += sum(sketch.title_pattern != f"made title of article {number:x}" for number, sketch in batch)
        filled += MEASURED
        rate = len(rates) / sum(1 / each for each in rates)
        costs.append(1 / rate)
        index, sketches = _sizes(database)
        slow, *_, fast = statistics.quantiles(rates, n=20)
        print(
            f"{size:12,}{rate:10,.0f}{slow:9,.0f}{fast:9,.0f}{found:6}/{expected:<3}"
            f"{1e6 * index / filled:20,.0f}{1e6 * sketches / filled:10,.0f}",
            flush=True,
        )
    print(
        f"cost at {many:,} beside {FEW:,}: {costs[1] / costs[0]:.2f}; aims: 700 a second on SQLite, 500 on PostgreSQL,"
    )
    print("at most 1.5 x the cost, at most 300 MB of index a million. slowest, fastest: of twenty batches each.")


def _batches(size: int) -> Iterator[list[tuple[int, Sketch]]]:
    """New articles, and copies of those that are there."""
    chance = np.random.default_rng(size)
    made = Made()
    for at in range(size, size + MEASURED, BATCH):
        yield [
            (number, made.copy(number, int(chance.integers(size))) if chance.random() < _COPIES else made.new(number))
            for number in range(at, at + BATCH)
        ]


def _enter(connection: Connection, batch: list[tuple[int, Sketch]]) -> int:
    """Decide on articles, and write them; how many are copies."""
    copies = Copies(connection, 0)
    copies.expect([(sketch, "gazette") for _, sketch in batch])
    rows, found = [], 0
    for number, sketch in batch:
        new = Newcomer(f"{number:016x}", 1, sketch, "gazette", _EPOCH)
        placing = copies.place(new)
        copies.learn(new, placing)
        found += placing.copy_of is not None
        rows.append({
            "id": new.article_id, "current": 1, "seen_at": _EPOCH, "dated_at": _EPOCH, "story_id": new.article_id,
            "first_seen_at": _EPOCH,
        })  # fmt: skip
    connection.execute(insert(schema.article), rows)
    copies.write()
    return found


def _sizes(database: Database) -> tuple[float, float]:
    """Megabytes of the index and of the sketches."""
    if database.file is not None:  # the driver's own SQLite may be built without the table that tells
        asked = "SELECT sum(pgsize) FROM dbstat WHERE name IN ('{0}', 'sqlite_autoindex_{0}_1')"
        code = (  # another process: two SQLite libraries in one take each other's locks away
            "import sqlite3, sys; reader = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
            "for asked in sys.argv[2:]: print(reader.execute(asked).fetchone()[0])"
        )
        command = [sys.executable, "-c", code, str(database.file), asked.format("anchor"), asked.format("sketch")]
        index, sketches = map(int, subprocess.run(command, check=True, capture_output=True).stdout.split())
    else:
        with database.reading() as connection:
            asked = "SELECT pg_total_relation_size('anchor'), pg_total_relation_size('sketch')"
            index, sketches = connection.exec_driver_sql(asked).one()
    return index / 1e6, sketches / 1e6


if __name__ == "__main__":
    main()
