"""The commands that fetch: crawl and worker."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
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
    from crawler.engine import watch
    from storage.links import Order

    with open_archive() as archive:
        filing = _filed(archive, what, Order(since, until, limit))
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
    if code or run.pending or dict(run.counts).get("failed") or dict(run.listings).get("failed"):
        raise SystemExit(code or 1)


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
    from crawler.engine import watch

    with open_archive() as archive:
        desk.note(f"working for {archive.database}; stop with Ctrl-C")
    with _until_asked_to_stop() as stop:
        code = watch(None, desk.note, stop)
    if code:
        raise SystemExit(code)


def _filed(archive: Archive, what: tuple[str, ...], order: Order) -> Filing:
    from crawler.crawl import file_addresses, file_source
    from crawler.settings import Settings

    folder = Settings.here().sources
    if any("://" in each for each in what):
        return file_addresses(archive, folder, what, order)
    if len(what) > 1:
        raise click.UsageError("one source at a time, or any number of addresses")
    return file_source(archive, folder, what[0], order)


def _is_attended(archive: Archive, run: int) -> bool:
    from crawler.process_identity import dead_workers

    return archive.frontier.attended(run, dead_workers(archive))


def _accompany(archive: Archive, desk: Desk, run: int, work: Callable[[], int], stop: threading.Event) -> int:
    """Do the work in a thread, and show how far the run is; the code that the work ended with."""
    codes: list[int] = []
    errors: list[BaseException] = []

    def working() -> None:
        try:
            codes.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that is being watched
            errors.append(error)

    thread = threading.Thread(target=working)
    thread.start()
    done = 0
    try:
        with desk.progress("fetching") as advance:
            while thread.is_alive():
                thread.join(_LOOKS)
                now = archive.run(run).read
                advance(now - done)
                done = now
    finally:
        if thread.is_alive():
            stop.set()
        thread.join()
    if errors:
        raise errors[0]
    return codes[0]


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
    desk.say("  " + "   ".join(f"{outcome} {count:,}" for outcome, count in counts.items()))
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


COMMANDS = (crawl, worker)
