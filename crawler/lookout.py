"""Lookout: looks after the sources. What they brought is judged, and what changes of it is entered: problems are opened
and closed, and the days get what was expected of them. Any number may do so at once, each problem is one all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from crawler.choice import USUAL_CHOICE, left_out
from crawler.errors import BadSource
from crawler.health import Trouble, is_doubtful, is_over, least_of_day, offline_since, outranks, trouble_of
from crawler.known import Known
from crawler.neighbours import common_part
from crawler.outlets import listings_of
from crawler.rhythm import WEEK, Hours, Rhythm, hour_of, learn
from crawler.source import Expectation, Source
from crawler.told_hours import before_yesterday, beside, by_hour, hours_of, last, without
from crawler.volume import LONGEST
from storage import Archive
from storage.failing_listings import FailingListing
from storage.frontier import NETWORK
from storage.links import Named, SourceRecord
from storage.problems import Problem
from storage.pulses import Fold, Pulse, Unanswered

_LEARNED_FROM, _JUDGED = 56 * 24, 14 * 24  # hours
_LEARN_EVERY = timedelta(hours=1)
_PROBED = 5  # hosts that are tried at once while this machine is offline
_SECOND_LOOKS_TELL, _SECOND_LOOKS_TEACH = timedelta(hours=LONGEST), timedelta(days=28)
_FLAT = (2.3, 0.5, 0.5)  # usual gap, spread and share of articles, where only the volume is stated


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is. state: well, new, late, broken or off. article_at, article_id: of its last article."""

    source: str
    state: str
    trouble: Trouble | None
    article_at: datetime | None
    article_id: str | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is seen. offline: since when this machine reaches nobody. open: the problems that are entered and last.
    doubtful: the sources whose front page is to be looked at, see ``looks.file_second_looks``."""

    sources: tuple[Health, ...]
    open: tuple[Problem, ...]
    offline: datetime | None
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    health: Health
    known: Known | None
    lasts: bool = False  # the problem that is entered
    is_doubtful: bool = False


class Lookout:
    """Looks after the sources of an archive, for one thread. It remembers rhythms for an hour."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._learned_at: datetime | None = None
        self._rhythms: dict[str, Rhythm | None] = {}
        self._left_out: dict[str, float] = {}
        self._hours: dict[str, Hours] = {}
        self._expected: dict[tuple[str, int], tuple[float, float]] = {}  # of days, not entered yet
        self._expected_until: int | None = None

    def look(self, now: datetime) -> Outlook:
        """How everything is; nothing is written."""
        fold = self._archive.pulses.look()
        open_ = self._archive.problems.open()
        return _outlook(self._judge(fold, open_, now), open_, _offline(fold.pulses.values(), open_))

    def keep(self, now: datetime) -> Outlook:
        """The same, and what has changed is entered."""
        archive = self._archive
        archive.pulses.fold()
        fold = archive.pulses.look()
        open_ = archive.problems.open()
        offline = _offline(fold.pulses.values(), open_)
        _keep_offline(archive, offline, open_, now)
        judged = self._judge(fold, open_, now)
        archive.pulses.expect(self._expected)
        self._expected = {}
        by_source = {problem.source: problem for problem in open_}
        for each in judged:
            if offline is None:
                _keep_source(archive, each, by_source.get(each.health.source), now)
        return replace(_outlook(judged, open_, offline), open=archive.problems.open())

    # --- what is known

    def _judge(self, fold: Fold, open_: tuple[Problem, ...], now: datetime) -> list[_Judged]:
        archive = self._archive
        records = archive.sources.all()
        problems = archive.problems.since(now - timedelta(hours=_LEARNED_FROM))
        self._read(fold, problems, now)
        sites = {site.site: site.changed_at for site in archive.profiles.all() if site.is_learning_again}
        unanswered = archive.pulses.unanswered()
        calm = [problem.closed_at for problem in problems if problem.kind == "offline" and problem.closed_at]
        second = archive.second_looks.since(now - _SECOND_LOOKS_TELL)
        sources = {source.name: source for record in records if record.enabled and (source := _source(record))}
        failing = archive.failing_listings.of(_several(sources.values()))
        common = self._common(records, {problem.source for problem in open_})
        judged = []
        for record in records:
            pulse = fold.pulses.get(record.name, Pulse(record.name))
            if not record.enabled:
                judged.append(_Judged(Health(record.name, "off", None, pulse.article_at, pulse.article_id), None))
                continue
            charged = _charged(pulse, unanswered.get(record.name), max(calm, default=None))
            if charged.failures and not charged.why:
                charged = replace(charged, why=archive.pulses.waiting(record.name) or "its listings were not read")
            expect = sources[record.name].expect if record.name in sources else None
            known = _known(record, expect, charged, self._rhythms.get(record.name), self._hours.get(record.name), now)
            known = replace(
                known, common=common.get(_group(record), np.ones(0)), layout_at=sites.get(pulse.site or ""),
                failing_listings=_since_calm(failing.get(record.name, ()), max(calm, default=None)),
                left_out=self._left_out.get(record.name, USUAL_CHOICE),
            )  # fmt: skip
            if looked := second.get(record.name):
                known = replace(known, hours=beside(known.hours, looked.unlisted), second_look_at=looked.at)
            trouble = trouble_of(known)
            mine = next((problem for problem in open_ if problem.source == record.name), None)
            lasts = mine is not None and not is_over(mine.kind, mine.since, known, now)
            state = mine.state if mine and lasts else _state(trouble) if trouble else _calm(known)
            judged.append(
                _Judged(
                    Health(record.name, state, trouble, pulse.article_at, pulse.article_id), known, lasts,
                    record.name in sources and is_doubtful(known, now),
                )
            )  # fmt: skip
        return judged

    def _read(self, fold: Fold, problems: Iterable[Problem], now: datetime) -> None:
        """The hours of each source, and once an hour what is usual of them."""
        end = hour_of(now)
        learns = self._learned_at is None or not timedelta() <= now - self._learned_at < _LEARN_EVERY
        begin = end - (_LEARNED_FROM if learns else _JUDGED)
        rows = {name: dict(by_hour(hours)) for name, hours in self._archive.pulses.hours(begin).items()}
        for (name, hour), (articles, missed, listed) in fold.hours.items():
            if hour >= begin:
                kept = rows.setdefault(name, {}).get(hour, (0, 0, 0))
                rows[name][hour] = (kept[0] + articles, kept[1] + missed, kept[2] + listed)
        self._hours = {name: hours_of(told, begin, end) for name, told in rows.items()}
        if learns:
            usual = {name: before_yesterday(without(name, hours, problems)) for name, hours in self._hours.items()}
            self._rhythms = {name: learn(hours) for name, hours in usual.items()}
            looks = self._archive.second_looks.since(now - _SECOND_LOOKS_TEACH)
            self._left_out = {
                name: left_out(beside(usual[name], looked.unlisted), map(hour_of, looked.read))
                for name, looked in looks.items()
                if name in usual
            }
            self._learned_at = now
            self._expect(end // 24)
        over = [problem for problem in problems if problem.closed_at]
        self._hours = {name: without(name, last(hours, _JUDGED), over) for name, hours in self._hours.items()}

    def _expect(self, today: int) -> None:
        """What was to be expected of the days of the last two weeks that were looked at."""
        if today == self._expected_until:
            return
        self._expected_until = today
        for name, rhythm in self._rhythms.items():
            if rhythm is None:
                continue
            hours = self._hours[name]
            begun = (hours.start + int(np.argmax(hours.known))) // 24 + 1
            for day in range(max(begun, today - _JUDGED // 24), today):
                due = float(rhythm.expected(day * 24, day * 24 + 24).sum())
                self._expected[name, day] = due, least_of_day(rhythm, due)

    def _common(self, records: Sequence[SourceRecord], troubled: set[str | None]) -> Mapping[str, np.ndarray]:
        groups: dict[str, list[Known]] = defaultdict(list)
        for record in records:
            rhythm, hours = self._rhythms.get(record.name), self._hours.get(record.name)
            if rhythm is not None and hours is not None and record.name not in troubled:
                groups[_group(record)].append(Known(record.name, rhythm, hours))
        return {
            group: common_part(
                np.stack([np.where(each.hours.known, each.hours.articles, 0) for each in known]),
                np.stack([each.usual(len(each.hours.articles)) for each in known]),
            )
            for group, known in groups.items()
        }


def _outlook(judged: Sequence[_Judged], open_: tuple[Problem, ...], offline: datetime | None) -> Outlook:
    lasting = {each.health.source for each in judged if each.lasts}
    last = tuple(each for each in open_ if each.source in lasting or (each.source is None and offline is not None))
    doubtful = tuple(each.health.source for each in judged if each.is_doubtful) if offline is None else ()
    return Outlook(tuple(each.health for each in judged), last, offline, doubtful)


def _offline(pulses: Iterable[Pulse], open_: Iterable[Problem]) -> datetime | None:
    """By the sites of the sources: those that answered in the day before they failed, and those that answer."""
    failing: dict[str, datetime] = {}
    answered: dict[str, datetime] = {}
    for pulse in pulses:
        host = pulse.site or pulse.source
        if pulse.listed_at is None:
            continue
        if pulse.failing_since is None:
            answered[host] = max(pulse.listed_at, answered.get(host, pulse.listed_at))
        elif (pulse.why or "").startswith(NETWORK) and pulse.failing_since - pulse.listed_at < timedelta(days=1):
            failing[host] = min(pulse.failing_since, failing.get(host, pulse.failing_since))
    since = offline_since(failing, answered)
    known = next((problem.since for problem in open_ if problem.kind == "offline"), None)
    if known is not None and since is not None:
        return known
    return since


def _keep_offline(archive: Archive, offline: datetime | None, open_: Iterable[Problem], now: datetime) -> None:
    problem = next((each for each in open_ if each.kind == "offline"), None)
    if offline is not None and problem is None:
        archive.problems.enter(
            None, "offline", offline, "this machine is offline: no source can be reached",
            "look at its network; sources are tried again by themselves", None, now,
        )  # fmt: skip
    elif offline is None and problem is not None and archive.problems.close(problem, now):
        archive.frontier.forgive()
    if offline is not None:
        archive.frontier.forgive(_PROBED)


def _keep_source(archive: Archive, judged: _Judged, problem: Problem | None, now: datetime) -> None:
    health, known, trouble = judged.health, judged.known, judged.health.trouble
    if problem is not None:
        if known is None or is_over(problem.kind, problem.since, known, now):
            archive.problems.close(problem, now)
            return  # what this one explains opens no other
        if not (trouble and outranks(trouble, problem.kind)):
            return
        archive.problems.close(problem, now)
    if trouble is not None:
        archive.problems.enter(
            health.source, trouble.kind, trouble.since, trouble.detail, trouble.hint, health.article_id, now
        )


def _source(record: SourceRecord) -> Source | None:
    try:
        return Source.parse(record.name, record.definition)
    except BadSource:
        return None


def _several(sources: Iterable[Source]) -> Mapping[str, Sequence[Named]]:
    """The listings that are looked at together, of sources that have more than one of them."""
    return {
        source.name: listings
        for source in sources
        if len(listings := listings_of(source, 0)) > 1 and source.places[0].kind != "urls"
    }


def _known(
    record: SourceRecord, expect: Expectation | None, pulse: Pulse, rhythm: Rhythm | None, hours: Hours | None,
    now: datetime,
) -> Known:  # fmt: skip
    if rhythm is None and expect is not None and expect.articles_per_week:
        gap, spread, read = _FLAT
        rhythm = Rhythm(np.full(WEEK, expect.articles_per_week / WEEK), expect.articles_per_week / 7, gap, spread, read)
    if hours is None:
        nothing = np.zeros(_JUDGED, np.int64)
        hours = Hours(hour_of(now) - _JUDGED, nothing, nothing, np.zeros(_JUDGED, bool), nothing)
    return Known(
        record.name, rhythm, hours, pulse.listed_at, pulse.article_at, pulse.failures, pulse.failing_since,
        pulse.failed_at, pulse.why or "", pulse.missed, pulse.missing_since,
        longest_silence=expect.longest_silence if expect else None,
    )  # fmt: skip


def _charged(pulse: Pulse, unanswered: Unanswered | None, calm: datetime | None) -> Pulse:
    """What is to be charged to a source: runs without an answer too; nothing from before this machine was online."""
    if unanswered is not None and unanswered.number > pulse.failures:
        since = min(unanswered.since, pulse.failing_since or unanswered.since)
        pulse = replace(pulse, failures=unanswered.number, failing_since=since, failed_at=unanswered.last)
    if pulse.failing_since is not None and calm is not None and pulse.failing_since < calm:
        return replace(pulse, failing_since=calm)
    return pulse


def _since_calm(failing: Iterable[FailingListing], calm: datetime | None) -> tuple[FailingListing, ...]:
    """Nothing from before this machine was online."""
    return tuple(replace(each, since=max(each.since, calm or each.since)) for each in failing)


def _group(record: SourceRecord) -> str:
    return record.country or record.language or ""


def _state(trouble: Trouble) -> str:
    return "late" if trouble.kind == "late" else "broken"


def _calm(known: Known) -> str:
    return "well" if known.article_at is not None else "new"
