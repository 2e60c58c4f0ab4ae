"""The schedule: it files a run for each slot of each source, once, and records the slots that are not run.

Any number of these may work on one archive. What was done is read from the archive and written to it in one
transaction, and only one writes at a time: so no slot is run twice, and none is neither run nor recorded as skipped.
APScheduler is the clock alone: it keeps nothing, and a tick that comes late or not at all is made good by the next.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from crawler.budget import paces
from crawler.catalogue import read_sources
from crawler.errors import BadSettings, BadSource
from crawler.holding import held
from crawler.looks import attend, file_look
from crawler.outlets import listings_of, take_over
from crawler.pace import Pace
from crawler.slots import Due, Slots, due, moment_of, slots_of
from crawler.source import Source
from storage import Archive, ArchiveUnavailable
from storage.links import LONG_AGO, Filing, Skipped
from storage.times import rfc3339

MISSED = "no scheduler was running, or the source was failing, switched off or on another schedule"

_TICK = timedelta(seconds=1)
_READ_EVERY = timedelta(minutes=1)  # the sources
_SKEW = timedelta(minutes=1)  # clocks of two machines may be so far apart, and nobody need know
_AHEAD = timedelta(days=1)  # a slot further ahead than this was run by a clock that was wrong, and counts no more
_LONGEST_WAIT_SECONDS = 60.0


class Cron:
    """The times of a cron expression. Raises ValueError for one that there is no calendar for."""

    def __init__(self, expression: str) -> None:
        self._trigger = CronTrigger.from_crontab(expression, timezone=UTC)

    def next(self, after: datetime) -> datetime:
        """The first time after another, both naive."""
        found = self._trigger.get_next_fire_time(None, after.replace(tzinfo=UTC) + timedelta.resolution)
        if found is None:
            raise ValueError(f"{self._trigger}: never after {after}")
        at: datetime = found.replace(tzinfo=None)
        return at


@dataclass(frozen=True, slots=True)
class _Planned:
    """A source that is switched on, and its slots; None where its pace is learned."""

    source: Source
    slots: Slots | None


class Clock:
    """The clock of the schedule, for an archive of its own: either ``once``, or from ``start`` until ``stop``."""

    def __init__(
        self,
        open_archive: Callable[[], Archive],
        folder: Path | None,
        tell: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        requests_a_day: int | None = None,
    ) -> None:
        """folder: of the sources; None, or one that is not there: the sources as the archive knows them.

        tell: takes a line for people: a source with a fault, an archive that does not answer. It may be called from
        another thread. now: an aware time. requests_a_day: that sources whose pace is learned share; see ``paces``.
        """
        self._requests_a_day = requests_a_day
        self._open_archive = open_archive
        self._folder = folder
        self._tell = tell
        self._now = now
        self._archive: Archive | None = None
        self._scheduler: BackgroundScheduler | None = None
        self._error: BaseException | None = None
        self._wait = 0.0  # seconds before the archive is tried again
        self._try_at = 0.0
        self._looked_at = self._read_at = LONG_AGO
        self._files: frozenset[tuple[str, int, int, int]] | None = None
        self._faults: tuple[str, ...] = ()  # of files
        self._told: frozenset[str] = frozenset()
        self._planned: dict[str, _Planned] = {}
        self._paces: Mapping[str, Pace] = {}
        self._due_at: dict[str, datetime] = {}  # before then there is no need to ask the archive
        self._held: Mapping[str, datetime] = {}  # sources that fail
        self._is_ahead: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.check()

    def once(self) -> tuple[Filing, ...]:
        """File what is due now. Not new are those of sources that are being crawled: their slots are skipped.

        Raises ArchiveUnavailable; what was filed until then stays. Not beside ``start``.
        """
        archive = self._archive = self._archive or self._open_archive()
        now = self._now()
        if now < self._looked_at:  # the clock was set back: what was expected of it is void
            self._read_at = LONG_AGO
            self._due_at = dict.fromkeys(self._due_at, LONG_AGO)
        self._looked_at = now
        if now - self._read_at >= _READ_EVERY:
            self._read(archive)
            self._held = held(archive)
            self._read_at = now
        filings = []
        for name, planned in self._planned.items():
            if max(self._due_at[name], self._held.get(name, LONG_AGO)) <= now and (
                filing := self._attend(archive, planned, now)
            ):
                filings.append(filing)
        return tuple(filings)

    def start(self) -> None:
        """Tick in the background, once a second."""
        scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}, logger=_quiet_logger()
        )
        scheduler.add_job(
            self._tick,
            IntervalTrigger(seconds=_TICK.seconds, timezone=UTC),
            id="tick",
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,  # late is better than never: each tick looks at everything
            coalesce=True,
            max_instances=1,
        )
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Wait for the tick under way, and let go of the archive."""
        if self._scheduler:
            self._scheduler.shutdown()
            self._scheduler = None
        self._close()

    def check(self) -> None:
        """Raise what went wrong in the background. To be called every few seconds.

        It also wakes the clock where the machine's time was set back: APScheduler would wait for the time to return.
        """
        if self._error:
            raise self._error
        if self._scheduler and (tick := self._scheduler.get_job("tick")):
            now = datetime.now(UTC)
            if tick.next_run_time > now + 2 * _TICK:
                tick.modify(next_run_time=now)

    def _tick(self) -> None:
        if self._error or time.monotonic() < self._try_at:
            return
        try:
            self._try()
        except BaseException as error:  # noqa: BLE001  (``check`` raises it where somebody sees it)
            self._error = error

    def _try(self) -> None:
        try:
            self.once()
        except ArchiveUnavailable as error:
            self._close()
            self._wait = min(max(1.0, 2 * self._wait), _LONGEST_WAIT_SECONDS)
            self._try_at = time.monotonic() + self._wait
            self._tell(f"{error}; trying again in {self._wait:.0f} s")
        else:
            self._wait = 0.0

    def _close(self) -> None:
        if self._archive:
            self._archive.close()
            self._archive = None

    # --- the sources

    def _read(self, archive: Archive) -> None:
        """Take over what the files say, where they changed, and plan what the archive then has switched on."""
        self._sync(archive)
        faults = list(self._faults)
        planned = {}
        for record in archive.sources.all():
            known = self._planned.get(record.name)
            if record.enabled and known and known.source.definition == record.definition:
                planned[record.name] = known
            elif record.enabled:
                try:
                    source = Source.parse(record.name, record.definition)
                    slots = None if source.schedule.auto else slots_of(source.schedule, source.name, Cron)
                    planned[record.name] = _Planned(source, slots)
                except BadSource as fault:
                    faults.append(str(fault))
                except ValueError as error:
                    faults.append(f"{record.name}: schedule: {error}")
        self._due_at = {
            name: self._due_at[name] if self._planned.get(name) is each else LONG_AGO for name, each in planned.items()
        }
        self._planned = planned
        paced = [each.source for each in planned.values() if each.slots is None]
        self._paces = paces(paced, archive.paces.all(), self._requests_a_day) if paced else {}
        for line in faults:
            if line not in self._told:
                self._tell(line)
        self._told = frozenset(faults)

    def _sync(self, archive: Archive) -> None:
        if self._folder is None:
            return
        try:
            if (files := _files(self._folder)) == self._files:
                return
            catalogue = read_sources(self._folder)
        except (OSError, BadSettings) as error:
            self._files = None
            self._faults = (f"{error}; the sources are those that the archive knows",)
            return
        take_over(archive, catalogue)
        self._files = files
        self._faults = tuple(str(fault) for fault in catalogue.faults)

    # --- their slots

    def _attend(self, archive: Archive, planned: _Planned, now: datetime) -> Filing | None:
        """File a run of the slot that is due, if one is. What was missed is counted before others must wait."""
        name = planned.source.name
        if planned.slots is None:
            attended = attend(archive, planned.source, self._paces[name], now, lambda: self._done(archive, name, now))
            self._due_at[name] = attended.next_at
            return attended.filing
        after = self._done(archive, name, now)
        what = due(planned.slots, after, now)
        filing = None
        if what:
            with archive.batch():
                if self._done(archive, name, now) != after:
                    return None  # another scheduler was quicker: the next tick looks again
                filing = _file(archive, planned.source, what, now)
        self._due_at[name] = planned.slots.next(now)
        return filing

    def _done(self, archive: Archive, name: str, now: datetime) -> str | None:
        """The last slot that was run or skipped."""
        after = archive.sources.last_slot(name)
        if after is None or (ahead := moment_of(after) - now) <= _SKEW:
            self._is_ahead.discard(name)
            return after
        if name not in self._is_ahead:
            self._is_ahead.add(name)
            self._tell(f"{name}: its slot {after} is done, but lies ahead of the clock: was it set back?")
        # Nothing is due until then; but a clock that was once wrong by a year must not silence a source for one.
        return after if ahead <= _AHEAD else archive.sources.last_slot(name, until=rfc3339(now + _AHEAD))


def _file(archive: Archive, source: Source, what: Due, now: datetime) -> Filing:
    """Within a batch: the run and the skipped slots are committed together."""
    if missed := what.missed:
        why = MISSED if missed.is_all else f"{MISSED}; there were more, counted up to {missed.number}"
        archive.sources.skip(Skipped(source.name, missed.first, missed.last, missed.number, why, now))
    return file_look(archive, source, listings_of(source, 0), what.slot, now)


def _files(folder: Path) -> frozenset[tuple[str, int, int, int]]:
    """What changes when a file of the folder does."""
    found = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".toml"):
                try:
                    stat = entry.stat()
                except OSError:  # gone meanwhile, or a link to nothing: reading the folder tells which
                    found.add((entry.name, 0, 0, 0))
                else:
                    found.add((entry.name, stat.st_ino, stat.st_mtime_ns, stat.st_size))
    return frozenset(found)


def _quiet_logger() -> logging.Logger:
    """APScheduler warns of each tick that another one stands for; that is no news to anyone."""
    logger = logging.getLogger("copydesk.clock")
    logger.setLevel(logging.ERROR)
    return logger
