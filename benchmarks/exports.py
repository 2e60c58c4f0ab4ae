"""How fast an archive is written to a file, and in how much memory: ``python -m benchmarks.exports [--articles N]``.

Beside it in the same run: a plain loop from the driver over the view ``articles`` to ``json.dumps``, once with its JSON
columns as text, once with them read, as ``sqlite-utils rows --nl`` does with ``--json-cols``. Neither sorts, reads
times or checks anything: they are the ceiling. Each measure is a process of its own, and the median of three rounds;
memory is what its peak grew by after the first 10,000 articles had been written.

The archive is made for it, of 100,000 articles: see ``benchmarks.big_archive``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.big_archive import fill
from storage import Archive, Query
from storage.database import Database, sqlite_module
from storage.export import export
from storage.exporting.table import FORMS

ROOT = Path(__file__).parents[1]
ARTICLES, FIRST, ROUNDS = 100_000, 10_000, 3
PLAIN, READ = "driver and json.dumps", "the same, JSON columns read"
MEASURED = (PLAIN, READ, *FORMS, "jsonl.gz")
JSON_COLUMNS = ("authors", "keywords", "flags", "origins")


def main() -> None:
    """Print the figures."""
    asked = argparse.ArgumentParser(description="How fast and in how much memory an archive is exported.")
    asked.add_argument("--articles", type=int, default=ARTICLES)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    said = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as place:
        folder = Path(place)
        with closing(Database.open(f"sqlite:///{folder}/archive.db")) as database:
            fill(database, said.articles)
        size = (folder / "archive.db").stat().st_size / 1e6
        print(f"{said.articles:,} articles, {size:,.0f} MB; medians of {said.rounds} rounds")
        heads = ("rows/s", "processor", "of plain", "file, MB", "memory grew, MB")
        print(f"{'':30}" + "".join(f"{head:>{len(head) + 3}}" for head in heads))
        figures: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for _ in range(said.rounds):
            for what in MEASURED:
                figures[what].append(_measured(what, folder))
        for what, rounds in figures.items():
            ratios = [mine[1] / plain[1] for mine, plain in zip(rounds, figures[PLAIN], strict=True)]
            speed, busy, written, grown = (statistics.median(each[at] for each in rounds) for at in range(4))
            shown = (
                f"{speed:,.0f}",
                f"{busy:,.0f}",
                f"{statistics.median(ratios):.2f}",
                f"{written:,.0f}",
                f"{grown:,.1f}",
            )
            print(f"{what:30}" + "".join(f"{each:>{len(head) + 3}}" for each, head in zip(shown, heads, strict=True)))
        print("processor: rows in a second of processor time, whatever else runs; of plain: median of their ratios")


def _measured(what: str, folder: Path) -> tuple[float, ...]:
    """Rows a second, and a second of processor time; megabytes of the file, and of memory: in a process of its own."""
    code = "import json, sys; from benchmarks.exports import measure; print(json.dumps(measure(*sys.argv[1:])))"
    done = subprocess.run([sys.executable, "-c", code, what, folder], check=True, capture_output=True, cwd=ROOT)
    return tuple(json.loads(done.stdout))


def measure(what: str, folder: str) -> tuple[float, ...]:
    """Write the archive in ``folder`` once, after its first articles; as ``_measured``."""
    target = Path(folder) / "out"
    path = target.with_suffix(f".{what}")
    write: Callable[[int | None], int]
    if what in (PLAIN, READ):
        path = target
        write = lambda limit: _plain(f"{folder}/archive.db", path, limit, is_read=what == READ)  # noqa: E731
    else:
        archive = Archive.open(f"sqlite:///{folder}/archive.db")
        write = lambda limit: export(islice(archive.find(Query(limit=None)), limit), path)  # noqa: E731
    write(FIRST)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, busy = time.perf_counter(), time.process_time()
    number = write(None)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return number / seconds, number / busy, path.stat().st_size / 1e6, grown / 1024


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
