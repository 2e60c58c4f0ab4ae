"""A year of an archive: how it grows, with and without ``copydesk prune``: ``python -m benchmarks.year``.

200 outlets are crawled through the archive's own doors (``file_run``, ``lease``, ``settle``, ``batch``); there are only
no network and no cleaner: pages and results are made. At full scale, two million articles, a year is:

    articles    27 a day of each outlet, some 300 words; pages of 6 to 7 kB, where real ones have 50 to 100
    looks       one for each two articles that it names; every look is a run
    rechecks    6 of each fourth article: same text in other bytes, once HTTP 304, and of one in ten another version

A smaller year has fewer of each in the same proportion, and its columns for the full one are multiplied by that: rows
grow with articles, looks and rechecks; only the tables of sources, which are small, do not. Time is made too: what the
archive notes is dated back to the moment of the year that it stands for. Sizes of tables are those of their pages with
their indexes (dbstat, where Python's own SQLite has it).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import func, select, update

from pipelines.sketch import sketch
from storage import Archive, Article, Page, reader_schema, schema
from storage.links import LONG_AGO, Link, Named, Passed, Released

FULL = 2_000_000
SOURCES = 200
ROUNDS_BETWEEN = 6  # over which an article is looked at again
KEPT = timedelta(days=30)
_AT_ONCE = 200
_DBSTAT = """
import json, sqlite3, sys
asked = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name"
print(json.dumps(sqlite3.connect(sys.argv[1], uri=True).execute(asked).fetchall()))
"""
_WORDS = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "en", "ar", "ois")]


@dataclass(slots=True)
class Quarter:
    """How large an archive is. tables: rows and bytes (0 where they cannot be told). files: number and bytes."""

    day: int
    is_pruned: bool
    tables: dict[str, tuple[int, int]]
    files: dict[str, tuple[int, int]]
    database: int
    resident: int


@dataclass(slots=True)
class Year:
    """One arm. per_second: articles, looks and rechecks settled. pruned: seconds that each pruning took."""

    per_second: float = 0
    inputs: int = 0
    quarters: list[Quarter] = field(default_factory=list)
    pruned: list[float] = field(default_factory=list)


class Press:
    """Made articles by number and edition; the same in every run."""

    def text(self, number: int, edition: int) -> str:
        """Some 300 words, of which another edition has a few more."""
        chance = random.Random(number)
        words = ["".join(chance.choices(_WORDS, k=chance.randint(1, 3))) for _ in range(300)]
        words += [f"{word}{edition}" for word in words[:20]] if edition else []
        sentences = [" ".join(words[at : at + 15]).capitalize() + "." for at in range(0, len(words), 15)]
        return "\n\n".join(" ".join(sentences[at : at + 4]) for at in range(0, len(sentences), 4))

    def page(self, link: Link, number: int, edition: int, look: int, at: datetime) -> tuple[Page, Article]:
        """What a fetch brings, and what cleaning would make of it. look: makes the bytes other ones."""
        text, title = self.text(number, edition), f"Number {number} of the year"
        noise = random.Random(f"{number} {look}").randbytes(2000).hex()
        body = f"<html><title>{title}</title><script>{noise}</script><body>{text}</body></html>".encode()
        article = Article(
            title, text, content_hash=_hash(text), title_hash=_hash(title), words=len(text.split()), blocks=(),
            norm_version=1, language="en", published_at=at, published_precision="minute",
            sketch=sketch(title, text, "en"),
        )  # fmt: skip
        headers = (("Server", "nginx"), ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "max-age=60"))
        return Page(link.url, body, "text/html", at, link.source, 200, headers), article


class Simulation:
    """A year of crawling, round by round. A round is a look at each outlet."""

    def __init__(self, archive: Archive, articles: int) -> None:
        self.rounds = max(8, articles // (2 * SOURCES))
        self.inputs = 0
        self._archive = archive
        self._each = max(1, round(articles / SOURCES / self.rounds))  # articles that a look names
        self._press = Press()
        self._start = datetime.now(UTC) - timedelta(days=366)
        self._looks: dict[str, int] = {}  # of an address: how often it was looked at
        self._dated = {schema.fate: 0, reader_schema.change: 0}
        archive.frontier.sign_on("w1", "here", "1")

    def moment(self, at: int) -> datetime:
        """When a round is."""
        return self._start + timedelta(days=365) * at / self.rounds

    def go(self, at: int) -> None:
        """One round."""
        self._archive.frontier.heartbeat("w1")
        with self._archive.batch():
            for source in range(SOURCES):
                again = [Named(url, found_on=_feed(source), again=True) for url in self._due(source, at)]
                self._archive.file_run(_name(source), [Named(_feed(source), "feed")], rechecks=again)
        hosts: set[str] = set()
        for _ in range(3):
            leased = self._archive.frontier.lease("w1", SOURCES, 200)
            hosts |= {host.name for host in leased}
            links = [link for host in leased for link in host.links]
            for begin in range(0, len(links), _AT_ONCE):
                self._settle(links[begin : begin + _AT_ONCE], at)
            self._archive.frontier.release("w1", [Released(host, LONG_AGO, 0, 0) for host in sorted(hosts)])
        self._archive.frontier.close_runs()
        self._date(self.moment(at))

    def _due(self, source: int, at: int) -> Iterator[str]:
        for back in range(1, ROUNDS_BETWEEN + 1):
            for number in self._numbers(source, at - back) if at >= back else ():
                if number % 4 == 0:
                    yield _address(source, number)

    def _numbers(self, source: int, at: int) -> range:
        first = (at * SOURCES + source) * self._each
        return range(first, first + self._each)

    def _settle(self, links: list[Link], at: int) -> None:
        moment = self.moment(at)
        made = [self._fetched(link, moment) for link in links]
        with self._archive.batch():
            self._archive.expect([each for each in made if each is not None], links)
            for link, each in zip(links, made, strict=True):
                if link.kind == "feed":
                    source = int(link.source[-3:]) if link.source else 0
                    named = [Named(_address(source, number)) for number in self._numbers(source, at)]
                    self._archive.settle(link, None, Passed("listed", f"{len(named)} links"), named)
                elif each is None:
                    self._archive.settle(link, None, Passed("unchanged", "HTTP 304: as it was"))
                else:
                    self._archive.settle(link, *each, ask_at=moment)
        self.inputs += len(links)

    def _fetched(self, link: Link, moment: datetime) -> tuple[Page, Article] | None:
        if link.kind == "feed":
            return None
        number = int(link.url.rpartition("/")[2])
        look = self._looks.get(link.url, 0) if number % 4 == 0 else 0
        if number % 4 == 0:
            self._looks[link.url] = look + 1
            if look >= ROUNDS_BETWEEN:
                del self._looks[link.url]
        edition = int(look >= 5 and number % 40 == 0)
        return None if look == 3 else self._press.page(link, number, edition, look, moment)

    def _date(self, moment: datetime) -> None:
        """Have what the archive has noted since the last round be of this moment."""
        with self._archive._database.writing() as connection:
            for table, last in self._dated.items():
                (number,) = table.primary_key.columns
                connection.execute(update(table).where(number > last).values(at=moment))
                self._dated[table] = connection.scalar(select(func.max(number))) or last


def live(folder: str, articles: int, is_pruned: bool) -> Year:
    """A year of an archive in a folder."""
    year, spent = Year(), 0.0
    with Archive.open(f"sqlite:///{folder}/archive.db") as archive:
        simulation = Simulation(archive, articles)
        ends = {simulation.rounds * quarter // 4 - 1 for quarter in range(1, 5)}
        for at in range(simulation.rounds):
            begin = time.perf_counter()
            simulation.go(at)
            spent += time.perf_counter() - begin
            if at in ends:
                if is_pruned:
                    begin = time.perf_counter()
                    archive.pruning.prune(simulation.moment(at) - KEPT)
                    year.pruned.append(time.perf_counter() - begin)
                year.quarters.append(
                    _measured(archive, Path(folder), round(365 * (at + 1) / simulation.rounds), is_pruned)
                )
        year.inputs, year.per_second = simulation.inputs, simulation.inputs / spent
    return year


def _measured(archive: Archive, folder: Path, day: int, is_pruned: bool) -> Quarter:
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
    return Quarter(day, is_pruned, tables, files, (folder / "archive.db").stat().st_size, _resident())


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


def _name(source: int) -> str:
    return f"outlet-{source:03}"


def _feed(source: int) -> str:
    return f"https://{_name(source)}.example/rss"


def _address(source: int, number: int) -> str:
    return f"https://{_name(source)}.example/2026/{number}"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _print(years: dict[bool, Year], scale: float) -> None:
    for is_pruned, year in years.items():
        how = "with prune" if is_pruned else "without prune"
        took = f", pruning took {', '.join(f'{each:.1f} s' for each in year.pruned)}" if is_pruned else ""
        print(f"\n{how}: {year.inputs:,} inputs, {year.per_second:,.0f} a second{took}")
        print(f"  {'day':>5}{'articles':>10}{'database MB':>12}{'bodies':>9}{'MB':>8}{'logs':>6}{'MB':>8}{'RSS MB':>8}")
        for each in year.quarters:
            bodies, logs = each.files["sha256"], each.files["captures"]
            cells = f"{each.day:>5}{each.tables['article'][0]:>10,}{each.database / 1e6:>12,.1f}"
            cells += f"{bodies[0]:>9,}{bodies[1] / 1e6:>8,.1f}{logs[0]:>6,}{logs[1] / 1e6:>8,.1f}"
            print(f"  {cells}{each.resident / 1e6:>8,.0f}")
    without, pruned = (years[which].quarters[-1] for which in (False, True))
    print(f"\nthe end of the year, by table; full: {FULL:,} articles, times {scale:,.0f}")
    print(f"  {'':16}{'rows':>10} {'MB':>8} {'pruned':>10} {'MB':>8} {'full, MB':>10} {'pruned, MB':>10}")
    names = sorted(without.tables, key=lambda name: -without.tables[name][1] or -without.tables[name][0])
    for name in names:
        (rows, size), (left, small) = without.tables[name], pruned.tables[name]
        if rows >= SOURCES:
            _line(name, rows, size, left, small, scale)
    for name in without.files:
        _line(f"{name}/ files", *without.files[name], *pruned.files[name], scale)


def _line(name: str, rows: int, size: int, left: int, small: int, scale: float) -> None:
    print(f"  {name:16}{rows:>10,} {size / 1e6:>8,.1f} {left:>10,} {small / 1e6:>8,.1f}"
          f" {size * scale / 1e6:>10,.0f} {small * scale / 1e6:>10,.0f}")  # fmt: skip


def main() -> None:
    """Live the year twice, and print both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=20_000, help=f"in the year; the full one has {FULL:,}")
    articles = parser.parse_args().articles
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    years = {}
    for is_pruned in (False, True):
        with (
            tempfile.TemporaryDirectory(prefix="copydesk-year-") as folder,
            ProcessPoolExecutor(1, get_context("spawn")) as apart,
        ):
            years[is_pruned] = apart.submit(live, folder, articles, is_pruned).result()
    _print(years, FULL / years[False].quarters[-1].tables["article"][0])


if __name__ == "__main__":
    main()
