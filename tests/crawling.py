"""Crawls for tests: a catalogue and an archive in a folder, the real commands at work on them, and what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from crawler.crawl import file_addresses, file_source
from storage import Archive, Query
from storage.errors import NotFound
from storage.links import Order
from storage.records import ArchivedArticle, Run
from tests.sites import Truth

COPYDESK = str(Path(sys.executable).with_name("copydesk"))
LOOPBACK = ("127.0.0.0/8",)
_PATIENCE = 240.0  # seconds for a crawl on a machine that has other things to do


def lately(minutes: float = 60) -> str:
    """A time so long ago, as ``Outlet.newest_at``: what a crawl takes for news hangs on today's date."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(microsecond=0).isoformat()


def definition(homepage: str, *places: tuple[Any, ...], language: str = "en", **fetch: Any) -> str:
    """The file of an enabled source. places: kind, addresses and, of a section, its pages. fetch: keys of [fetch]."""
    lines = [f'title = "{homepage}"', f'homepage = "{homepage}"', f'language = "{language}"', "enabled = true"]
    for kind, urls, *pages in places:
        lines += [
            "[[place]]",
            f'kind = "{kind}"',
            f"urls = {json.dumps(list(urls), indent=1)}",
            *(f"pages = {n}" for n in pages),
        ]
    keys = {"delay_seconds": 0, "allow_private": LOOPBACK, **fetch}
    return "\n".join([*lines, "[fetch]", *(f"{name} = {json.dumps(value)}" for name, value in keys.items()), ""])


@dataclass
class CrawlDesk:
    """A folder with ``seeds/sources``, an archive, and the commands that work there."""

    folder: Path
    database: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = self.database or f"sqlite:///{self.folder}/archive.db"
        self.sources = self.folder / "seeds" / "sources"
        self.sources.mkdir(parents=True, exist_ok=True)
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")},
            "COPYDESK_SEEDS": str(self.folder / "seeds"),
            "COPYDESK_DATABASE": self.database,
            "COPYDESK_BLOBS": str(self.folder / "raw"),
            **self.environ,
        }

    def add(self, name: str, text: str) -> None:
        """Put a source into the catalogue, or another text of it."""
        (self.sources / f"{name}.toml").write_text(text, encoding="utf-8")

    def copydesk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            [COPYDESK, *arguments], cwd=self.folder, env=self.environ, text=True, capture_output=True, check=False,
            timeout=_PATIENCE, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def crawl(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """``copydesk crawl … --json``: its exit code, and what it reported."""
        done = self.copydesk("crawl", *arguments, "--json")
        lines = done.stdout.splitlines()
        assert lines, done.stderr
        return done.returncode, json.loads(lines[-1])

    @contextmanager
    def archive(self) -> Iterator[Archive]:
        """The archive, opened by this process."""
        with Archive.open(self.database, str(self.folder / "raw")) as archive:
            yield archive

    def file(self, *what: str, order: Order = Order()) -> int:
        """File a crawl of a source, or of addresses, for whoever works; its run."""
        with self.archive() as archive:
            if "://" in what[0]:
                filing = file_addresses(archive, self.sources, what, order)
            else:
                filing = file_source(archive, self.sources, what[0], order)
        assert filing.is_new, filing.why
        return filing.run

    def over(self, *runs: int, when: Callable[[Run], bool] | None = None, patience: float = _PATIENCE) -> list[Run]:
        """Wait until runs have ended, or ``when`` holds of each; what they are then."""
        holds = when or (lambda run: run.finished_at is not None)
        deadline = time.monotonic() + patience
        with self.archive() as archive:
            while True:
                with suppress(NotFound):  # it is not filed yet
                    if all(map(holds, found := [archive.run(run) for run in runs])):
                        return found
                assert time.monotonic() < deadline, f"runs {runs} do not end"
                time.sleep(0.1)

    def work(self, *names: str, order: Order = Order()) -> list[Run]:
        """File crawls of sources for workers that are there, and wait for their end."""
        return self.over(*(self.file(name, order=order) for name in names))

    @contextmanager
    def workers(self, number: int = 1) -> Iterator[list[subprocess.Popen[bytes]]]:
        """``copydesk worker``, so many times, until the block ends."""
        command = [COPYDESK, "worker", "--quiet"]
        with (self.folder / "workers.log").open("ab") as log:
            started = [
                subprocess.Popen(command, cwd=self.folder, env=self.environ, stderr=log, stdin=subprocess.DEVNULL)
                for _ in range(number)
            ]
        try:
            yield started
        finally:
            for each in started:
                each.terminate()
            for each in started:
                with suppress(subprocess.TimeoutExpired):
                    each.wait(40)
                each.kill()
                each.wait()

    def articles(self, source: str | None = None) -> dict[str, ArchivedArticle]:
        """What is in the archive, of one source, by address."""
        with self.archive() as archive:
            return {str(each.url): each for each in archive.find(Query(source=source, limit=None))}

    def why(self, address: str) -> tuple[str, str]:
        """The latest fate of an address: its outcome, and the reason in words."""
        with self.archive() as archive:
            fate = archive.fates(address)[0]
            return str(fate.outcome), fate.why


def counts(run: Run) -> dict[str, int]:
    """What became of the addresses of a run."""
    return {str(outcome): number for outcome, number in run.counts}


def adds_up(run: Run) -> bool:
    """Whether each address that a run named is known from before, has an outcome, or waits."""
    return run.named == run.known + sum(counts(run).values()) + run.pending


def differences(found: Mapping[str, ArchivedArticle], truths: Iterable[Truth]) -> list[str]:
    """Where the archive is not as the site has it: each article once, with title, text and time."""
    wanted = {truth.canonical: truth for truth in truths}
    wrong = [f"missing {address}" for address in wanted.keys() - found.keys()]
    wrong += [f"unknown {address}" for address in found.keys() - wanted.keys()]
    for address in wanted.keys() & found.keys():
        truth, article = wanted[address], found[address]
        wrong += [f"title of {address}: {article.title!r}"] if article.title != truth.title else []
        wrong += [f"text of {address}: {article.text[:80]!r}"] if article.text != truth.text else []
        if article.published_at is None or abs(article.published_at - truth.published_at) >= timedelta(minutes=1):
            wrong.append(f"date of {address}: {article.published_at}")
    return wrong


# --- the processes of a crawl


def family(*pids: int) -> dict[int, str]:
    """These processes and all that come from them: number to command line."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = {}, list(pids)
    while waiting:
        pid = waiting.pop()
        with suppress(OSError):
            found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        waiting += children.get(pid, [])
    return found


def engines(*pids: int) -> list[int]:
    """The engines among the processes that come from these."""
    return [pid for pid, command in family(*pids).items() if "-m crawler.engine" in command]


def kill_engine(watch: int) -> int:
    """Kill the engine of a watch, as ``kill -9`` does; its number."""
    deadline = time.monotonic() + 30
    while not (found := engines(watch)):
        assert time.monotonic() < deadline, "no engine came"
        time.sleep(0.05)
    os.kill(found[0], signal.SIGKILL)
    return found[0]


@contextmanager
def memory(pids: Sequence[int]) -> Iterator[Counter[str]]:
    """Sample the memory of processes and their children while the block runs: the most in all, in bytes, as ``peak``.

    What several of them share is counted in parts (PSS).
    """
    seen: Counter[str] = Counter()
    over = Event()

    def sample() -> None:
        while not over.wait(0.05):
            seen["peak"] = max(seen["peak"], sum(map(_proportional, family(*pids))))
            seen["samples"] += 1

    thread = Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _proportional(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
