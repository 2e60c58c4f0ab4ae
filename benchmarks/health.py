"""How many problems are found within a day, and how many false alarms there are: ``python -m benchmarks.health``.

Months of 200 made sources with 60 problems each (benchmarks/health_days.py), judged hour by hour by what judges the
real ones. Beside it stands Media Cloud's rule, which compares each day with the 28 before it: an alarm where there are
fewer articles than their mean less 1.5 standard deviations. The detector was tuned on the seeds 1 to 8; the figures
are of the seeds 11 to 13, on which nothing was tried.

A problem begins with the first thing that goes wrong by it. It is found when an alarm of its source is raised within a
day of that; beside it stands how many are found within a day of their cause, of which nobody may notice anything for
nights, weekends, or until a weekly's next issue. An alarm of a source that has no problem, and had none in the two days
before, is false.

The detector may have the front page of a doubtful source looked at (``crawler.health.is_doubtful``); what stands there
is told to the next look. ``--numbers-alone``: without that.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from benchmarks.health_days import DAYS, SOURCES, START, WARM_DAYS, Days, Hour, Injected
from crawler.choice import USUAL_CHOICE, left_out
from crawler.health import Trouble, is_doubtful, is_offline, is_over, outranks, trouble_of
from crawler.known import Known
from crawler.looks import SECOND_LOOK_TAKES
from crawler.neighbours import common_part
from crawler.rhythm import Hours, Rhythm, hour_of, learn, moment_of_hour

HELD_OUT = (11, 12, 13)
AIM_FOUND, AIM_FALSE = 57, 3.0

_FIRST = hour_of(START)
_LEARNED_FROM, _JUDGED = 56 * 24, 14 * 24  # hours
_REACH = 2  # hours between two looks; what is longer is a gap, of which the next look does not tell all
_AFTERMATH = 48  # hours after a problem, in which an alarm is not false


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm, and the hour since the start in which it was raised."""

    source: int
    at: int
    kind: str


@dataclass(slots=True)
class _Watched:
    """What the looks at a source have told so far."""

    rhythm: Rhythm | None = None
    listed_at: datetime | None = None
    article_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    missed: int = 0
    missing_since: datetime | None = None
    open: Trouble | None = None
    second_look_at: datetime | None = None
    looks: list[int] = field(default_factory=list)
    left_out: float = USUAL_CHOICE


class Replay:
    """The detector at work on made days, as the schedule has it at work on real ones."""

    def __init__(self, days: Days, *, second_looks: bool = True) -> None:
        self._days = days
        self._second_looks = second_looks
        self.second_looks = 0
        shape = (SOURCES, DAYS * 24)
        self._articles, self._missed, self._unlisted = (np.zeros(shape, np.int64) for _ in range(3))
        self._known, self._taught = np.zeros(shape, bool), np.zeros(shape, bool)
        self._watched = [_Watched() for _ in range(SOURCES)]
        self._offline_since: datetime | None = None
        self.offline_found = 0

    def alarms(self) -> Iterator[Alarm]:
        """The problems that are opened."""
        for hour in self._days.hours():
            self._take(hour)
            if hour.at >= 14 * 24:
                for alarm in self._judge(hour.at):
                    if hour.at >= WARM_DAYS * 24:
                        yield alarm

    def _take(self, hour: Hour) -> None:
        at, now = hour.at, moment_of_hour(_FIRST + hour.at + 1)
        for published, articles in hour.articles.items():
            self._articles[:, published] += articles
        self._missed[:, at] += hour.missed
        came = sum(hour.articles.values(), np.zeros(SOURCES, np.int64))
        newest = {
            source: published
            for published in sorted(hour.articles)
            for source in np.flatnonzero(hour.articles[published])
        }
        lately = [each.listed_at is not None and now - each.listed_at < timedelta(days=2) for each in self._watched]
        unreachable = int((hour.network & np.array(lately)).sum())
        was_offline, self._offline_since = (
            self._offline_since,
            ((self._offline_since or now) if is_offline(unreachable, int(hour.listed.sum())) else None),
        )
        self.offline_found += self._offline_since is not None and was_offline is None
        for source, watched in enumerate(self._watched):
            if hour.listed[source]:
                last = -1 if watched.listed_at is None else hour_of(watched.listed_at) - _FIRST
                begin = last if at - last <= _REACH else at
                self._known[source, begin : at + 1] = True
                watched.listed_at, watched.failures, watched.failing_since = now, 0, None
            elif hour.failed[source] and self._offline_since is None:
                watched.failures += 1
                watched.failed_at = now
                watched.failing_since = watched.failing_since or now
            if came[source]:
                watched.missed, watched.missing_since = 0, None
                watched.article_at = moment_of_hour(_FIRST + newest[source]) + timedelta(minutes=59)
            elif hour.missed[source]:
                watched.missed += int(hour.missed[source])
                watched.missing_since = watched.missing_since or now
            is_usual = watched.open is None or now - watched.open.since > timedelta(days=14)
            self._taught[source, at] = is_usual

    def _judge(self, at: int) -> Iterator[Alarm]:
        now = moment_of_hour(_FIRST + at + 1)
        begin = max(0, at + 1 - _JUDGED)
        common = self._common(begin, at + 1)
        for source, watched in enumerate(self._watched):
            if watched.rhythm is None or (at + source) % 24 == 0:
                before = self._hours(source, max(0, at + 1 - _LEARNED_FROM), (at + 1) // 24 * 24 - 24, taught=True)
                watched.rhythm, watched.left_out = learn(before), left_out(before, watched.looks)
            known = Known(
                str(source), watched.rhythm, self._hours(source, begin, at + 1), watched.listed_at, watched.article_at,
                watched.failures, watched.failing_since, watched.failed_at, "", watched.missed, watched.missing_since,
                common[self._days.countries[source]], second_look_at=watched.second_look_at,
                left_out=watched.left_out,
            )  # fmt: skip
            if self._second_looks and self._offline_since is None and is_doubtful(known, now):
                watched.second_look_at = now
                self._look_again(source, at)
            if watched.open and is_over(watched.open.kind, watched.open.since, known, now):
                self._known[source, max(0, hour_of(watched.open.since) - _FIRST) : at + 1] = False
                watched.open = None
                continue
            trouble = trouble_of(known)
            if trouble and (watched.open is None or outranks(trouble, watched.open.kind)):
                watched.open = trouble
                yield Alarm(source, at, trouble.kind)

    def _look_again(self, source: int, at: int) -> None:
        """What the front page shows, as far as a second look goes; it is known at the next look."""
        self.second_looks += 1
        room = SECOND_LOOK_TAKES
        front = self._days.front(source, at)
        if front is None:
            return
        self._watched[source].looks.append(_FIRST + at)
        for published, articles in front.items():
            self._unlisted[source, published] += min(room, articles)
            room = max(0, room - articles)

    def _hours(self, source: int, begin: int, end: int, *, taught: bool = False) -> Hours:
        known = self._known[source, begin:end]
        return Hours(
            _FIRST + begin, self._articles[source, begin:end], self._missed[source, begin:end],
            known & self._taught[source, begin:end] if taught else known, self._unlisted[source, begin:end],
        )  # fmt: skip

    def _common(self, begin: int, end: int) -> list[np.ndarray]:
        expected = np.zeros((SOURCES, end - begin))
        for source, watched in enumerate(self._watched):
            if watched.rhythm is not None and watched.open is None:
                expected[source] = watched.rhythm.expected(_FIRST + begin, _FIRST + end)
        expected *= self._known[:, begin:end]
        articles = self._articles[:, begin:end] * self._known[:, begin:end]
        there = [self._days.countries == country for country in range(self._days.countries.max() + 1)]
        return [common_part(articles[each], expected[each]) for each in there]


def media_cloud(days: Days) -> Iterator[Alarm]:
    """The alarms of Media Cloud's rule: at the end of each day, of sources that were well the day before."""
    stored = np.zeros((SOURCES, DAYS), np.int64)
    for hour in days.hours():
        for articles in hour.articles.values():
            stored[:, hour.at // 24] += articles
    low = np.zeros(SOURCES, bool)
    for day in range(WARM_DAYS - 21, DAYS):
        before = stored[:, day - 28 : day]
        was_low, low = low, stored[:, day] < before.mean(axis=1) - 1.5 * before.std(axis=1)
        if day >= WARM_DAYS:
            yield from (Alarm(int(source), day * 24 + 24, "low") for source in np.flatnonzero(low & ~was_low))


@dataclass(frozen=True, slots=True)
class Score:
    """What a rule's alarms are worth. found: within a day of the beginning; found_of_cause: within a day of the cause.
    delays: hours from beginning to alarm, of the problems that were found at all."""

    found: int
    found_of_cause: int
    of: int
    false: float
    delays: tuple[int, ...]
    missed: tuple[str, ...]
    false_kinds: Counter[str]


def score(alarms: list[Alarm], days: Days) -> Score:
    """Compare alarms with the problems that were put in."""
    delays, missed, of_cause = [], [], 0
    for problem in days.injected:
        end = problem.ends + _AFTERMATH
        ours = [
            each.at - problem.begins
            for each in alarms
            if each.source == problem.source and problem.begins <= each.at < end
        ]
        if ours:
            delays.append(min(ours))
            of_cause += min(ours) + problem.begins - problem.struck <= 24
        if not ours or min(ours) > 24:
            kind, volume = days.kinds[problem.source], days.volumes[problem.source]
            why = f"{problem.trouble} ({problem.cause})" if problem.cause else problem.trouble
            missed.append(f"{why} of a {kind} ({volume:.0f} a day): {min(ours, default='never')}")
    false = [each for each in alarms if not any(_explains(problem, each) for problem in days.injected)]
    months = (DAYS - WARM_DAYS) / 30
    found = sum(delay <= 24 for delay in delays)
    return Score(
        found, of_cause, len(days.injected), len(false) / months, tuple(delays), tuple(missed),
        Counter(f"{each.kind} of a {days.kinds[each.source]}" for each in false),
    )  # fmt: skip


def _explains(problem: Injected, alarm: Alarm) -> bool:
    return problem.source == alarm.source and problem.begins <= alarm.at < problem.ends + _AFTERMATH


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=HELD_OUT)
    parser.add_argument("--numbers-alone", action="store_true", help="without second looks")
    parser.add_argument("--misses", action="store_true", help="tell what was missed, and what was false")
    said = parser.parse_args()
    print(f"{SOURCES} sources, {DAYS - WARM_DAYS} days that count")
    heads = f"{'found within a day':>20}{'of its cause':>14}{'at all':>8}{'false a month':>15}{'median delay':>14}"
    print(f"{'':24}{heads}{'95 %':>7}")
    for seed in said.seeds:
        replay = Replay(days := Days(seed), second_looks=not said.numbers_alone)
        ours = score(list(replay.alarms()), days)
        theirs = score(list(media_cloud(Days(seed))), days)
        for name, got in ((f"copydesk, seed {seed}", ours), ("mean - 1.5 sd, 28 days", theirs)):
            late = statistics.quantiles(got.delays, n=20)[-1] if len(got.delays) > 1 else 0
            print(
                f"{name:24}{f'{got.found} of {got.of}':>20}{got.found_of_cause:14}{len(got.delays):8}{got.false:15.1f}"
                f"{statistics.median(got.delays):12.0f} h{late:5.0f} h", flush=True,
            )  # fmt: skip
        if said.misses:
            print("  missed:", *ours.missed, sep="\n    ")
            print("  false:", dict(ours.false_kinds), "offline found:", replay.offline_found)
            print(f"  second looks: {replay.second_looks / SOURCES / DAYS:.2f} a source and day")
    print(f"{'aim':24}{f'{AIM_FOUND} of 60':>20}{'':22}{AIM_FALSE:15.1f}")


if __name__ == "__main__":
    main()
