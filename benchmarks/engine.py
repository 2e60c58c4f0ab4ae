"""What the start of processes costs 200 sources every five minutes: ``python -m benchmarks.engine``.

One long-lived engine carries out a run of each source, whose feed names three new articles; the CPU time of an engine
that finds nothing to do is its start. Beside it, what a process for each crawl would cost: such a start each time.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crawler.crawl import file_source
from storage import Archive
from tests.sites import Outlet, Site, serve

SOURCES = 200
ARTICLES = 3
INTERVAL = 300.0  # seconds between two runs of a source
STARTS = 3


def main() -> None:
    """Print the figures."""
    outlets = [
        Outlet(host=f"127.0.1.{at + 1}", name=f"Outlet {at}", seed=at, articles=ARTICLES, feeds=("rss",))
        for at in range(SOURCES)
    ]
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as place, serve(outlets, Path(place) / "log") as site:
        folder = Path(place)
        _write_sources(folder / "seeds" / "sources", site)
        start = statistics.median(_cpu_of_start(folder / f"empty{number}") for number in range(STARTS))
        seconds, cpu, stored = _all_runs(folder)
    cores = os.cpu_count() or 1
    print(f"sources, articles stored              {SOURCES:>8} {stored:>6}")
    print(f"all runs by one engine                {seconds:>8.1f} s by the clock, {cpu:.1f} s of CPU")
    print(f"start of the engine                   {start:>8.2f} s of CPU (median of {STARTS})")
    print(f"  share of this round                 {start / cpu:>8.1%}")
    print(f"  share of {cores} cores, once in {INTERVAL:.0f} s       {start / INTERVAL / cores:>8.2%}")
    print(f"a process for each crawl would take   {start * SOURCES:>8.0f} s of CPU for its starts")
    print(f"  share of {cores} cores                    {start * SOURCES / INTERVAL / cores:>8.1%}")


def _write_sources(folder: Path, site: Site) -> None:
    folder.mkdir(parents=True)
    for number, host in enumerate(site.bases):
        (folder / f"outlet-{number}.toml").write_text(site.source_toml(host), encoding="utf-8")


def _cpu_of_start(folder: Path) -> float:
    """The CPU time of an engine that finds nothing to do: it signs on, and its work is over."""
    folder.mkdir()
    with _archive(folder) as archive:
        run = archive.begin_run("nothing")
    return _work(folder, [str(run)])


def _all_runs(folder: Path) -> tuple[float, float, int]:
    """Carry out a run of every source with one engine; seconds by the clock, CPU seconds, articles stored."""
    with _archive(folder) as archive:
        for number in range(SOURCES):
            file_source(archive, folder / "seeds" / "sources", f"outlet-{number}")
    began, before = time.monotonic(), _spent()
    engine = _engine(folder, [])
    with _archive(folder) as archive:
        while any(run.finished_at is None for run in archive.runs(SOURCES)):
            time.sleep(0.5)
        seconds, stored = time.monotonic() - began, archive.statistics().articles
    engine.terminate()
    engine.wait()
    return seconds, _spent() - before, stored


def _archive(folder: Path) -> Archive:
    return Archive.open(f"sqlite:///{folder}/archive.db")


def _work(folder: Path, arguments: list[str]) -> float:
    before = _spent()
    engine = _engine(folder, arguments)
    engine.wait()
    return _spent() - before


def _engine(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    environ = os.environ | {"COPYDESK_DATABASE": f"sqlite:///{folder}/archive.db"}
    return subprocess.Popen([sys.executable, "-m", "crawler.engine", *arguments], stdin=subprocess.PIPE, env=environ)


def _spent() -> float:
    """CPU seconds of the processes that have ended, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
