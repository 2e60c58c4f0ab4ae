"""A year of an archive: how it grows, with and without ``copydesk prune``: ``python -m benchmarks.year``.

200 outlets are crawled through the archive's own doors (``file_run``, ``lease``, ``settle``, ``batch``); only network
and cleaner are not there: pages and results are made (``benchmarks.year_made``). At the end of each month the archive
is measured, and in one of the two arms pruned before. A smaller year has fewer articles, looks and rechecks in the same
proportion, and its columns for the full one are multiplied by that: rows grow with these; only the tables of sources,
which are small, do not. Sizes of tables are those of their pages with their indexes (dbstat, where Python's own SQLite
has it).

A full year takes hours. ``--folder`` keeps it, and a year that was broken off there, by a kill too, goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select

from benchmarks.year_made import SOURCES, Progress, Simulation
from storage import Archive, schema

FULL = 2_000_000
MONTHS = 12
KEPT = timedelta(days=30)
Arm = Literal["unpruned", "pruned"]
ARMS: tuple[Arm, ...] = ("unpruned", "pruned")
_DBSTAT = """
import json, sqlite3, sys
asked = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name"
print(json.dumps(sqlite3.connect(sys.argv[1], uri=True).execute(asked).fetchall()))
"""


@dataclass(slots=True)
class Month:
    """How large an archive is at its end. tables: rows and bytes (0 where they cannot be told). files: number and
    bytes. resident: bytes of memory. pruning: seconds that it took."""

    day: int
    tables: dict[str, tuple[int, int]]
    files: dict[str, tuple[int, int]]
    database: int
    resident: int
    pruning: float


@dataclass(slots=True)
class Year:
    """One arm. spent: seconds of crawling."""

    progress: Progress = field(default_factory=Progress)
    spent: float = 0
    months: list[Month] = field(default_factory=list)


def live(folder: str, articles: int, arm: Arm) -> Year:
    """A year of an archive in a folder; the rest of it, where a part has been lived."""
    kept = Path(folder) / "year.json"
    year = _read(kept) if kept.exists() else Year()
    with Archive.open(f"sqlite:///{folder}/archive.db") as archive:
        simulation = Simulation(archive, articles, year.progress)
        ends = [simulation.rounds * month // MONTHS for month in range(1, MONTHS + 1)]
        while year.progress.round < simulation.rounds or len(year.months) < MONTHS:
            if ends[len(year.months)] <= year.progress.round:
                year.months.append(_month(archive, Path(folder), simulation, arm))
            else:
                begin = time.perf_counter()
                simulation.go()
                year.spent += time.perf_counter() - begin
            aside = kept.with_suffix(".new")
            aside.write_text(json.dumps(asdict(year), default=datetime.isoformat))
            aside.replace(kept)
    return year


def _read(file: Path) -> Year:
    held = json.loads(file.read_text())
    progress = held["progress"] | {"start": datetime.fromisoformat(held["progress"]["start"])}
    return Year(Progress(**progress), held["spent"], [Month(**month) for month in held["months"]])


def _month(archive: Archive, folder: Path, simulation: Simulation, arm: Arm) -> Month:
    rounds = simulation.progress.round
    begin = time.perf_counter()
    if arm == "pruned":
        archive.pruning.prune(simulation.moment(rounds) - KEPT)
    pruning = time.perf_counter() - begin
    archive._database.checkpoint()
    with archive._database.reading() as connection:
        rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in schema.metadata.sorted_tables}  # fmt: skip
    sizes = _pages(folder / "archive.db")
    tables = {name: (number, sizes.get(name, 0)) for name, number in rows.items()}
    tables["article_words"] = (rows["article"], sizes.get("article_words", 0))
    files = {}
    for name in ("sha256", "captures"):
        found = [path.stat().st_size for path in (folder / "raw" / name).rglob("*") if path.is_file()]
        files[name] = len(found), sum(found)
    size = (folder / "archive.db").stat().st_size
    return Month(round(365 * rounds / simulation.rounds), tables, files, size, _resident(), pruning)


def _pages(file: Path) -> dict[str, int]:
    """The bytes of each table with its indexes; empty where SQLite cannot tell. Asked in a process of its own: two
    SQLite libraries in one would take away each other's locks."""
    asked = [sys.executable, "-c", _DBSTAT, f"file:{file}?mode=ro"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    sizes: dict[str, int] = {}
    for name, size in json.loads(told or "[]"):
        of = "article_words" if name.startswith("article_words") else name
        sizes[of] = sizes.get(of, 0) + size
    return sizes


def _resident() -> int:
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def _print_months(arm: Arm, year: Year) -> None:
    inputs, pruning = year.progress.inputs, [month.pruning for month in year.months]
    took = f", pruning took {pruning[0]:.1f} to {max(pruning):.1f} s" if arm == "pruned" else ""
    print(f"\n{arm}: {inputs:,} inputs, {inputs / year.spent:,.0f} a second{took}")
    print(f"  {'day':>5}{'articles':>10}{'database MB':>12}{'bodies':>10}{'MB':>9}{'logs':>6}{'MB':>8}{'RSS MB':>8}")
    for each in year.months:
        bodies, logs = each.files["sha256"], each.files["captures"]
        cells = f"{each.day:>5}{each.tables['article'][0]:>10,}{each.database / 1e6:>12,.1f}"
        cells += f"{bodies[0]:>10,}{bodies[1] / 1e6:>9,.1f}{logs[0]:>6,}{logs[1] / 1e6:>8,.1f}"
        print(f"  {cells}{each.resident / 1e6:>8,.0f}")


def _print_tables(years: dict[Arm, Year]) -> None:
    ends = {arm: year.months[-1] for arm, year in years.items()}
    first = next(iter(ends.values()))
    scale = FULL / first.tables["article"][0]
    print(f"\nthe end of the year, by table; full: {FULL:,} articles, times {scale:,.1f}")
    print(f"  {'':18}" + "".join(f"{arm + ' rows':>16}{'MB':>10}{'full, MB':>10}" for arm in ends))
    shown = [*sorted(first.tables, key=lambda name: (-first.tables[name][1], -first.tables[name][0])), *first.files]
    for name in shown:
        sizes = [(end.tables | end.files)[name] for end in ends.values()]
        if max(rows for rows, _ in sizes) >= SOURCES or name in first.files:
            cells = (f"{rows:>16,}{size / 1e6:>10,.1f}{size * scale / 1e6:>10,.0f}" for rows, size in sizes)
            print(f"  {name + '/' if name in first.files else name:18}" + "".join(cells))


def main() -> None:
    """Live the year once for each arm, and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=20_000, help=f"in the year; the full one has {FULL:,}")
    parser.add_argument("--only", choices=ARMS, help="one of the two arms")
    parser.add_argument("--folder", type=Path, help="keep the archives there, and go on with those that are there")
    said = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    years: dict[Arm, Year] = {}
    with tempfile.TemporaryDirectory(prefix="copydesk-year-") as passing:
        for arm in [said.only] if said.only else ARMS:
            folder = (said.folder or Path(passing)) / f"{arm}-{said.articles}"
            folder.mkdir(parents=True, exist_ok=True)
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:
                years[arm] = apart.submit(live, str(folder), said.articles, arm).result()
            _print_months(arm, years[arm])
    _print_tables(years)


if __name__ == "__main__":
    main()
