"""The commands that fetch: crawl, schedule and worker."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.speaking import OpenArchive, When, speaks

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.links import Filing, Order
    from storage.records import Run

_LOOKS = 0.25  # seconds between two looks at how far a run is
_SHOWN = 10  # failures that a table lists


@click.command(short_help="Crawl a source or addresses now.")
@click.argument("what", nargs=-1, required=True, metavar="SOURCE|URL…")
@click.option("--since", type=When(), help="Articles from this time on: through sitemaps, as far back as they go.")
@click.option("--until", type=When(), help="Articles before this time.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many articles that are not known yet.")
@click.option("--file-only", is_flag=True, help="File the run, and leave it to a worker.")
@speaks
@click.pass_obj
def crawl(
    open_archive: OpenArchive,
    desk: Desk,
    what: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    *,
    file_only: bool,
) -> None:
    """Crawl a source of the catalogue, or addresses, now; known articles of a source are not fetched again.

    \b
    copydesk crawl gazette
    copydesk crawl gazette --since 2026-07 --until 2026-08
    copydesk crawl https://gazette.example/2026/07/flood

    Nothing is lost when it is interrupted: the same command goes on. The exit code is 1 if anything failed or waits.
    """
    from storage.links import Order

    bring(open_archive, desk, what, Order(since, until, limit), file_only=file_only)


@click.command(short_help="Crawl each source when it is due.")
@click.option("--once", is_flag=True, help="What is due now, and then end.")
@click.option("--file-only", is_flag=True, help="File the runs, and leave them to workers.")
@speaks
@click.pass_obj
def schedule(open_archive: OpenArchive, desk: Desk, *, once: bool, file_only: bool) -> None:
    """Crawl each enabled source when it is due, until stopped.

    \b
    copydesk schedule
    copydesk schedule --once
    copydesk schedule --file-only

    Each slot is run once, however many schedulers there are; what was missed becomes one run. Workers on other machines
    may help: copydesk worker. Each minute it looks after the sources (copydesk status), and tells of their problems and
    of what the watches have found (copydesk watch).
    """
    from crawler.engine import FOREVER, watch
    from crawler.lookout import Lookout
    from crawler.looks import file_second_looks
    from crawler.notices.outbox import Outbox
    from crawler.notices.rounds import Rounds, go_round
    from crawler.notices.troubles import Receiver, tell_problems
    from crawler.schedule import Clock
    from crawler.settings import Settings
    from crawler.upkeep import Upkeep

    settings = Settings.here()
    folder, outbox = settings.sources if settings.sources.is_dir() else None, Outbox.of(settings)
    receiver = Receiver.of(settings, outbox)
    clock = Clock(open_archive, folder, desk.note, requests_a_day=settings.a_day)
    with _until_asked_to_stop() as stop, clock:
        if once:
            _tell_filed(desk, clock.once())
            code = 0 if file_only else watch(None, desk.note, stop)
            with open_archive() as archive:
                looks = file_second_looks(archive, Lookout(archive).keep(datetime.now(UTC)).doubtful)
            if looks and not file_only and not stop.is_set():
                code = max(code, watch(None, desk.note, stop))
            with open_archive() as archive:
                tell_problems(archive, outbox, receiver, desk.note, stop)
                go_round(archive, outbox, desk.note, stop)
        else:
            clock.start()
            desk.note("the schedule runs; stop it with Ctrl-C")
            work = _nothing_until(stop) if file_only else partial(watch, FOREVER, desk.note, stop)
            upkeep = Upkeep(open_archive, settings.kept_for, desk.note)
            with Rounds(open_archive, outbox, desk.note, receiver), upkeep:
                code = _beside(work, clock.check, stop)
    if code:
        raise SystemExit(code)


@click.command(short_help="Carry out filed runs until stopped.")
@speaks
@click.pass_obj
def worker(open_archive: OpenArchive, desk: Desk) -> None:
    """Carry out filed runs until stopped: those of a schedule on this or another machine, and crawls left unfinished.

    \b
    copydesk worker

    Any number may work on one archive; a host is asked by one of them at a time. Stop it with Ctrl-C or SIGTERM: the
    pages under way are finished. Killing it loses nothing either.
    """
    from crawler.engine import FOREVER, watch

    with _until_asked_to_stop() as stop:
        with open_archive() as archive:
            desk.note(f"working for {archive.database}; stop with Ctrl-C")
        code = watch(FOREVER, desk.note, stop)
    if code:
        raise SystemExit(code)


def bring(open_archive: OpenArchive, desk: Desk, what: tuple[str, ...], order: Order, *, file_only: bool) -> None:
    """File a crawl, and carry it out unless it is left to a worker. The exit code is 1 if anything failed or waits."""
    from crawler.engine import watch

    if not file_only:
        _look_for_browser(what)
    with open_archive() as archive:
        filing = _filed(archive, what, order)
        if not filing.is_new and _is_attended(archive, filing.run):
            desk.error(filing.why, hint=f"copydesk status shows run {filing.run}")
            raise SystemExit(1)
        if not filing.is_new:
            desk.note(f"{filing.why}, and was interrupted: going on with it")
        if file_only:
            desk.say(f"run {filing.run} is filed; copydesk worker carries it out")
            if desk.json:
                desk.record({"run": filing.run})
            return
        started = time.monotonic()
        with _until_asked_to_stop() as stop:
            code = _accompany(archive, desk, filing.run, lambda: watch(filing.run, desk.note, stop), stop)
        run = archive.run(filing.run)
        _report(archive, desk, run, time.monotonic() - started)
    if stop.is_set():
        raise click.Abort
    counts = dict(run.counts)
    if code or run.pending or counts.get("failed") or counts.get("set-aside") or dict(run.listings).get("failed"):
        raise SystemExit(code or 1)


def _filed(archive: Archive, what: tuple[str, ...], order: Order) -> Filing:
    from crawler.crawl import file_addresses, file_source
    from crawler.settings import Settings

    folder = Settings.here().sources
    if any("://" in each for each in what):
        return file_addresses(archive, folder, what, order)
    if len(what) > 1:
        raise click.UsageError("one source at a time, or any number of addresses")
    return file_source(archive, folder, what[0], order)


def _look_for_browser(what: tuple[str, ...]) -> None:
    """Where something of it is rendered: before anything is filed that would only wait. Raises NoBrowser."""
    from crawler.catalogue import read_sources
    from crawler.fetching.chromium import Chromium
    from crawler.settings import Settings

    settings = Settings.here()
    sources = read_sources(settings.sources).sources if settings.sources.is_dir() else ()
    rendered = [source for source in sources if source.fetch.render]
    if any(source.name in what or any(map(source.covers, what)) for source in rendered):
        Chromium.find(settings.chromium, sandbox=settings.is_sandboxed)


def _is_attended(archive: Archive, run: int) -> bool:
    from crawler.process_identity import dead_workers

    return archive.frontier.attended(run, dead_workers(archive).workers)


def _tell_filed(desk: Desk, filings: Sequence[Filing]) -> None:
    from storage.links import Filing

    desk.table(
        filings,
        [
            Column[Filing]("run", lambda filing: filing.run),
            Column("", lambda filing: "filed" if filing.is_new else "not filed"),
            Column("", lambda filing: filing.why, shrinks=True),
        ],
        lambda filing: {"run": filing.run, "filed": filing.is_new, "why": filing.why},
    )
    if not filings:
        desk.say("nothing is due")


def _accompany(archive: Archive, desk: Desk, run: int, work: Callable[[], int], stop: threading.Event) -> int:
    """Do the work, and show how far the run is; the code that the work ended with."""
    done = 0
    with desk.progress("fetching") as advance:

        def look() -> None:
            nonlocal done
            now = archive.run(run).read
            advance(now - done)
            done = now

        return _beside(work, look, stop)


def _nothing_until(stop: threading.Event) -> Callable[[], int]:
    """Work that others do."""

    def waiting() -> int:
        stop.wait()
        return 0

    return waiting


def _beside(work: Callable[[], int], look: Callable[[], None], stop: threading.Event) -> int:
    """Do the work in a thread, and look at it from time to time until it ends; its code. What fails here stops it."""
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(work)
        try:
            while not working.done():
                wait([working], _LOOKS)
                look()
            return working.result()
        finally:
            if not working.done():
                stop.set()


@contextmanager
def _until_asked_to_stop() -> Iterator[threading.Event]:
    """An event that is set by Ctrl-C or SIGTERM, instead of what these do otherwise."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(archive: Archive, desk: Desk, run: Run, seconds: float) -> None:
    """What became of everything that the run's places named."""
    counts, listings = dict(run.counts), dict(run.listings)
    if desk.json:
        desk.record({
            "run": run.id, "source": run.source, "named": run.named, "known": run.known, "left_out": run.left_out,
            "pending": run.pending, **{str(outcome): count for outcome, count in run.counts},
            "listings": {str(outcome): count for outcome, count in run.listings}, "seconds": round(seconds, 3),
        })  # fmt: skip
        return
    desk.say(
        f"run {run.id}: named {run.named:,}, known {run.known:,}, fetched {run.read:,}, waiting {run.pending:,}"
        + (f", left out {run.left_out:,}" if run.left_out else "")
        + f", in {seconds:.1f} s"
    )
    desk.say("  " + ("   ".join(f"{outcome} {count:,}" for outcome, count in counts.items()) or "nothing new"))
    if listings:
        desk.say("  places: " + "   ".join(f"{outcome} {count:,}" for outcome, count in listings.items()))
    from storage.records import Fate

    failures = archive.failures(run.id, _SHOWN)
    desk.table(
        failures,
        [
            Column[Fate]("failed", lambda fate: fate.url, shrinks=True),
            Column("why", lambda fate: fate.why, shrinks=True),
        ],
        lambda _: {},
    )
    left = counts.get("failed", 0) + listings.get("failed", 0) - len(failures)
    if left > 0:
        desk.say(f"  … and {left:,} more")
    if run.read:
        desk.say("Next: copydesk search, copydesk why ADDRESS")


COMMANDS = (crawl, schedule, worker)
