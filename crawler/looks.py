"""Looks: filing a run for a slot, with the known articles that are looked at again along with it; when a look at a
source whose pace is learned is due; and second looks, for what listings do not name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.outlets import listings_of
from crawler.pace import REMEMBERED, Pace, learn
from crawler.rechecks import earned
from crawler.slots import moment_of
from crawler.source import Source
from storage import Archive
from storage.links import Filing, Named, Order, PaceRecord, Skipped
from storage.times import hour_at, rfc3339
from storage.url_key import url_key

SECOND_LOOK_TAKES = 30
"""Articles, at most: those that stand first."""

_LEARNED_EVERY = timedelta(hours=6)
_SKEW = timedelta(minutes=1)  # of the clocks of two machines
_SECOND = timedelta(seconds=1)


def file_second_looks(archive: Archive, sources: Iterable[str]) -> int:
    """File second looks at sources, except at those that are being crawled; how many."""
    number = 0
    for name in sources:
        source = Source.parse(name, archive.sources.get(name).definition)
        if listings := _beside_listings(source):
            order = Order(limit=SECOND_LOOK_TAKES, second_look=True)
            number += archive.file_run(name, listings, order, detail=name).is_new
    return number


def _beside_listings(source: Source) -> tuple[Named, ...]:
    """The front page; where that is what is looked at anyway, the place after it."""
    front = url_key(source.homepage)
    if front in map(url_key, source.places[0].urls):
        return listings_of(source, 1)
    return (Named(source.homepage, "section", place=len(source.places)),)


@dataclass(frozen=True, slots=True)
class Attended:
    """What came of looking whether a source is due. filing: where it was. next_at: when it may be due next."""

    filing: Filing | None
    next_at: datetime


def file_look(
    archive: Archive, source: Source, listings: Sequence[Named], slot: str, now: datetime,
    next_at: datetime | None = None,
) -> Filing:  # fmt: skip
    """File a run of a slot, or note that it is skipped; within a batch, so that all of it is one transaction.

    next_at: the slot after it, where the pace decides that.
    """
    name, record = source.name, archive.paces.get(source.name)
    credit = record.credit if record else 0.0
    spent = earned(credit, len(listings), source.recheck.share)
    again = archive.paces.rechecks(name, int(spent), now) if spent >= 1 else ()
    filing = archive.file_run(name, listings, slot=slot, detail=name, rechecks=again)
    if filing.is_new:
        credit = spent - len(again)
    else:
        archive.sources.skip(Skipped(name, slot, slot, 1, filing.why, now))
    archive.paces.plan(name, now, next_at, credit)
    return filing


def attend(archive: Archive, source: Source, pace: Pace, now: datetime, done: Callable[[], str | None]) -> Attended:
    """File a look at a source whose pace is learned, if the slot that was planned has come, and plan the next.

    The plan is a row, which is read again in the transaction that files the run: however many schedulers there are, a
    slot is filed once. Listings that want to be left alone are; unless that is so for longer than the source's longest
    interval. done: the last slot that was run or skipped.
    """
    name, longest = source.name, source.schedule.at_least_every
    record = archive.paces.get(name)
    planned = record.next_at if record else None
    if planned and planned - now > longest + _SKEW:
        planned = None  # by a clock that was wrong, or with other bounds
    if planned and planned > now:
        return Attended(None, planned)
    after = moment_of(slot) if (slot := done()) else None
    listings = listings_of(source, 0)
    asked, free_at = listings, now
    if after and now - after < longest:
        free = archive.paces.free_at(name, listings)
        asked = tuple(each for each, at in zip(listings, free, strict=True) if at <= now)
        free_at = min(*free, after + longest)
    with archive.batch():
        if archive.paces.get(name) != record:
            return Attended(None, now)  # another scheduler was quicker: the next tick looks again
        if not asked:
            archive.paces.plan(name, now, free_at, record.credit if record else 0.0)
            return Attended(None, free_at)
        _learn(archive, name, record, now)
        at = planned or now
        if after and after <= now:
            at = max(at, after + _SECOND)  # their names are whole seconds
        next_at = max(pace.next(now).replace(microsecond=0), now + _SECOND)
        return Attended(file_look(archive, source, asked, rfc3339(at.replace(microsecond=0)), now, next_at), next_at)


def _learn(archive: Archive, name: str, record: PaceRecord | None, now: datetime) -> None:
    """Learn the rhythm of a source anew, now and then; it is gone by from its next slot on."""
    if record is None or (record.learned_at and timedelta() <= now - record.learned_at < _LEARNED_EVERY):
        return
    forgotten = now - REMEMBERED
    arrivals = archive.paces.arrivals(name, forgotten)
    since = min(map(hour_at, arrivals), default=record.since)  # what it listed at the first look was older
    rhythm = learn(arrivals, min(record.since, since), now)
    archive.paces.keep_rhythm(name, rhythm.hours, now, forgotten)
