"""Budget: the requests of a day, and how the sources whose pace is learned share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crawler.catalogue import read_sources
from crawler.outlets import listings_of
from crawler.pace import Demand, Pace, Rhythm, learn, share_out
from crawler.source import Source
from storage.links import LONG_AGO, PaceRecord

A_DAY = 60
"""Requests for each listing, where nobody says how many: a look every half hour, and a fifth for known articles."""

_STRANGER = learn({}, LONG_AGO, LONG_AGO)


def rhythm_of(record: PaceRecord | None) -> Rhythm:
    """What was learned of a source; what is thought of one that nothing is known of."""
    return Rhythm(record.rhythm) if record and record.rhythm else _STRANGER


def paces(
    sources: Sequence[Source], records: Mapping[str, PaceRecord], requests_a_day: int | None
) -> Mapping[str, Pace]:
    """The pace of each source that has ``auto = true``. requests_a_day: that they share; those that name a number of
    their own spend it themselves."""
    found: dict[str, Pace] = {}
    sharing = []
    for source in sources:
        if source.schedule.auto and (own := source.schedule.requests_a_day):
            found[source.name] = share_out(own, [_demand(source, records)])[0]
        elif source.schedule.auto:
            sharing.append(source)
    together = requests_a_day or A_DAY * sum(len(listings_of(source, 0)) for source in sharing)
    shared = share_out(together, [_demand(source, records) for source in sharing])
    return found | {source.name: pace for source, pace in zip(sharing, shared, strict=True)}


def shared_with(folder: Path, these: Sequence[Source]) -> tuple[Source, ...]:
    """The sources of a folder that are switched on and whose pace is learned, and these as if they were among them."""
    named = {source.name: source for source in these}
    others = [each for each in read_sources(folder).sources if each.enabled and each.schedule.auto]
    as_if = [replace(each, schedule=replace(each.schedule, auto=True)) for each in named.values()]
    return (*as_if, *(each for each in others if each.name not in named))


def cost_of(source: Source) -> float:
    """Requests that a look at a source costs, with those for articles that are looked at again along with it."""
    return len(listings_of(source, 0)) / (1 - source.recheck.share)


def _demand(source: Source, records: Mapping[str, PaceRecord]) -> Demand:
    timing = source.schedule
    rhythm = rhythm_of(records.get(source.name))
    return Demand(rhythm, cost_of(source), timing.at_most_every, timing.at_least_every)
