"""Months of 200 made sources, hour by hour, with 60 problems in them: what ``benchmarks.health`` is measured on.

Agencies that never sleep, daily papers with quiet nights and weekends, evening papers that come in two or three
batches, small papers, weeklies. Volumes drift with the season, countries have holidays and news that makes all of them
write more; an issue of a weekly is left out now and then, and a small paper has a day without anything. Servers are
down for an hour or four about once a month: nobody wants to be told of that. Five times the machine itself is offline,
twice nobody runs it; feeds then hold only the last articles. None of that may be charged to a source.

Each problem hits another source: it cannot be fetched, its pages are made otherwise (nothing is read, or titles only),
it falls silent, or it loses most of its volume. A problem begins with the first thing that goes wrong by it: the first
look that fails, or the first article that is lost.

Silences and losses have a cause. **listing**: a feed is frozen, cut to the top stories, or is one of several and gone;
the site goes on, and its front page shows what the feed does not. **pages**: a part of the pages is behind a wall or
made by another template; the feed names them, and they hold no article. **site**: the whole site is stale, has moved,
or really writes less; its front page shows nothing either, and there is nothing but the numbers. Days without anything
that are no problem are never seen on a front page, since nothing was published.

A front page is no oracle. One in seven cannot be read (scripts, walls), or is the listing itself; one in ten is read
and shows nothing that is known for an article. It has the newest 60, so an agency's last hours. Half of them have
articles that the feed never names, up to a third of what it names; and what came out since the feed was read, a few
minutes before, is there first, so that the feed's next look does not bring it.

Everything follows from the seed. What a front page shows has a chance of its own: without it, and with losses by
``pages`` taken for the others, the days are those of the first version of this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
WARM_DAYS, DAYS = 49, 133
SOURCES, COUNTRIES = 200, 8
DEPTH = 60
"""Articles that a feed holds."""

FRONT_DEPTH = 60
"""Articles that a front page shows."""

Trouble = Literal["outage", "redesign", "titles", "silence", "loss"]
Cause = Literal["", "listing", "pages", "site"]
_TROUBLES: tuple[tuple[Trouble, int], ...] = (
    ("outage", 15),
    ("redesign", 10),
    ("titles", 5),
    ("silence", 15),
    ("loss", 15),
)
_KINDS = ("agency",) * 20 + ("daily",) * 100 + ("evening",) * 15 + ("small",) * 40 + ("weekly",) * 25
_CAUSES: dict[str, tuple[tuple[Cause, float], ...]] = {
    "silence": (("listing", 0.7), ("site", 0.3)),
    "loss": (("listing", 0.6), ("pages", 0.2), ("site", 0.2)),
}
_UNREADABLE, _MUTE = 1 / 7, 0.1  # parts of the front pages
_FIRST_THERE = 0.2  # of an hour's articles: those of the minutes between the feed and the front page
_ON_FRONT = 7 * 24  # hours
_LEAST_FOR_LOSS = 20.0  # articles a day: of less, most of a day's volume may be missing by chance

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Injected:
    """A problem of a source. Hours since the start: struck: when its cause began; begins: of the first thing that went
    wrong by it; ends."""

    source: int
    trouble: Trouble
    cause: Cause
    struck: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Hour:
    """What the looks of an hour brought, by source.

    listed: whether the source's listing was read. failed: whether it was asked for and could not be had; network: not
    even a connection. articles: (hour, source) to number, by the hour in which they were published. missed: links that
    were fetched and held no article, or a title only.
    """

    at: int
    listed: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    network: NDArray[np.bool_]
    articles: dict[int, Counts]
    missed: Counts


@dataclass
class Days:
    """The replay of a seed. countries, kinds, volumes (articles on a usual day): by source."""

    seed: int
    countries: NDArray[np.int64] = field(init=False)
    kinds: tuple[str, ...] = field(init=False, default=_KINDS)
    volumes: NDArray[np.float64] = field(init=False)
    injected: tuple[Injected, ...] = field(init=False)
    offline: NDArray[np.bool_] = field(init=False)
    stopped: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self._chance = np.random.default_rng(self.seed)
        self._hours = DAYS * 24
        self.countries = self._chance.integers(0, COUNTRIES, SOURCES)
        rates = np.stack([self._rates(kind) for kind in _KINDS])
        self.volumes = rates.mean(axis=1) * 24
        rates = rates * self._weather()
        self._readable = self._chance.poisson(rates * self._chance.lognormal(0, 0.3, rates.shape))
        share = self._chance.uniform(0.02, 0.15, SOURCES)
        self._others = self._chance.binomial(self._readable, share[:, None])
        self._readable -= self._others
        self._down = self._blips()
        self.offline, self.stopped = self._machine()
        self._keeps = np.ones((SOURCES, self._hours))
        self._unread = np.zeros((SOURCES, self._hours), bool)
        self._own_chance = np.random.default_rng((self.seed, 1))  # of causes and front pages
        self._causes: dict[int, Cause] = {}
        struck = tuple(self._inject())
        self._listed = self._chance.binomial(self._readable, self._keeps)
        self._other_links = self._chance.binomial(self._others, self._keeps)
        self._lost = self._readable - self._listed
        self.injected = tuple(begun for each in struck if (begun := self._begun(each)) is not None)
        self._furnish_fronts()

    def hours(self) -> Iterator[Hour]:
        """What is seen, hour by hour."""
        walled = np.zeros_like(self._lost)
        for source, cause in self._causes.items():
            if cause == "pages":
                walled[source] = self._lost[source]
        last = np.full(SOURCES, -1)
        for at in range(self._hours):
            none = np.zeros(SOURCES, bool)
            if self.stopped[at]:
                yield Hour(at, none, none, none, {}, np.zeros(SOURCES, np.int64))
                continue
            if self.offline[at]:
                yield Hour(at, none, ~none, ~none, {}, np.zeros(SOURCES, np.int64))
                continue
            failed = self._down[:, at]
            articles: dict[int, Counts] = {}
            missed = np.zeros(SOURCES, np.int64)
            for source in np.flatnonzero(~failed):
                room = DEPTH if at - last[source] > 1 else 10**9
                for hour in range(at, last[source], -1):
                    taken = min(room, self._listed[source, hour])
                    room -= taken
                    if self._unread[source, hour]:
                        missed[source] += taken
                    elif taken:
                        articles.setdefault(hour, np.zeros(SOURCES, np.int64))[source] += taken
                    if room > 0:
                        missed[source] += self._other_links[source, hour] + walled[source, hour]
                    if room <= 0:
                        break
                last[source] = at
            yield Hour(at, ~failed, failed, failed & (at % 2 == 0), articles, missed)

    def front(self, source: int, at: int) -> dict[int, int] | None:
        """What the front page shows in an hour, after the feed was read, and was in no listing nor found before: its
        articles by the hour in which they were published, newest first. None where it cannot be read."""
        if self._fronts[source] < _UNREADABLE or self._down[source, at] or self.offline[at] or self.stopped[at]:
            return None
        found: dict[int, int] = {}
        if self._fronts[source] < _UNREADABLE + _MUTE or self._unread[source, at]:
            return found
        soon = min(at + 1, self._hours - 1)
        if soon > at and (first := self._own_chance.binomial(self._listed[source, soon], _FIRST_THERE)):
            found[soon] = int(first)
            self._listed[source, soon] -= first
        room = FRONT_DEPTH
        for hour in range(at, max(-1, at - _ON_FRONT), -1):
            unlisted = self._unlisted[source, hour] + self._extras[source, hour]
            if shown := int(min(room, unlisted)):
                found[hour] = shown
                self._unlisted[source, hour] = self._extras[source, hour] = 0
            room -= shown + self._listed[source, hour]
            if room <= 0:
                break
        return found

    # --- how much a source publishes

    def _rates(self, kind: str) -> NDArray[np.float64]:
        """Articles expected in each hour."""
        chance = self._chance
        week = np.ones((7, 24))
        hours = np.arange(24)
        shift = chance.integers(-6, 7)

        def bump(at: float, width: float) -> NDArray[np.float64]:
            away = (hours - at - shift + 12) % 24 - 12
            return np.exp(-0.5 * (away / width) ** 2)

        weekend = chance.uniform(0.3, 0.9)
        if kind == "agency":
            volume, week = chance.uniform(150, 500), week * (0.35 + bump(13, 5))
            weekend = chance.uniform(0.5, 0.8)
        elif kind == "daily":
            volume = chance.lognormal(np.log(45), 0.5)
            week = week * (0.02 + bump(chance.uniform(8, 11), 2.5) + 0.7 * bump(chance.uniform(15, 18), 2.5))
        elif kind == "evening":
            volume = chance.uniform(20, 60)
            week = week * sum(bump(at, 0.5) for at in chance.choice([6, 11, 16, 20], chance.integers(2, 4), False))
        elif kind == "small":
            volume, week = chance.uniform(6, 18), week * (0.01 + bump(chance.uniform(9, 15), 3))
            weekend = chance.uniform(0.05, 0.6)
        else:
            volume, week = chance.uniform(8, 40) / 7, week * bump(chance.uniform(8, 16), 1.5)
            on = np.zeros(7)
            on[chance.choice(7, chance.integers(1, 3), replace=False)] = 1
            week = week * (on + 0.01)[:, None]
        if kind != "weekly":
            week[5:] *= weekend
            if chance.random() < 0.25:
                week[6 if chance.random() < 0.7 else 5] *= 0.03  # no Sunday paper, or no Saturday one
        week *= volume * 7 / week.sum()
        return np.tile(week.ravel(), DAYS // 7)

    def _weather(self) -> NDArray[np.float64]:
        """What makes hours other than usual."""
        chance, days = self._chance, np.arange(self._hours) / 24
        amplitude, period = chance.uniform(0, 0.2, (SOURCES, 1)), chance.uniform(100, 365, (SOURCES, 1))
        season = 1 + amplitude * np.sin(2 * np.pi * (days / period + chance.random((SOURCES, 1))))
        trend = 1 + chance.uniform(-0.2, 0.2, (SOURCES, 1)) * days / DAYS
        daily = np.repeat(chance.lognormal(0, 0.12, (SOURCES, DAYS)), 24, axis=1)
        weather = season * trend * daily
        is_weekly = np.array([kind == "weekly" for kind in _KINDS])
        is_small = np.array([kind == "small" for kind in _KINDS])
        for country in range(COUNTRIES):
            there = self.countries == country
            for day in chance.choice(DAYS, 6, replace=False):  # holidays
                factor = np.where(is_weekly, chance.random(SOURCES) < 0.5, chance.uniform(0.1, 0.8, SOURCES))
                weather[there, day * 24 : day * 24 + 24] *= factor[there, None]
            for begins in chance.choice(self._hours - 12, 10, replace=False):  # news that everybody writes of
                lasts = chance.integers(3, 12)
                weather[there, begins : begins + lasts] *= chance.uniform(1.3, 2.5)
        lazy = is_small[:, None] & (chance.random((SOURCES, DAYS)) < 0.01)
        weather *= 1 - np.repeat(lazy, 24, axis=1)
        for source in np.flatnonzero(is_weekly):  # an issue is left out now and then
            for week in np.flatnonzero(chance.random(DAYS // 7) < 0.02):
                weather[source, week * 168 : week * 168 + 168] *= 0.0
        return weather

    # --- what goes wrong

    def _blips(self) -> NDArray[np.bool_]:
        """Servers that are down for some hours."""
        down = np.zeros((SOURCES, self._hours), bool)
        for source in range(SOURCES):
            for begins in self._chance.integers(0, self._hours, self._chance.poisson(DAYS / 30)):
                down[source, begins : begins + self._chance.integers(1, 5)] = True
        return down

    def _machine(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """When the machine is offline, and when nobody runs it."""
        offline, stopped = np.zeros(self._hours, bool), np.zeros(self._hours, bool)
        for mask, times, longest in ((offline, 5, 30), (stopped, 2, 20)):
            for day in self._chance.choice(np.arange(10, DAYS - 3), times, replace=False):
                begins = day * 24 + self._chance.integers(0, 24)
                mask[begins : begins + self._chance.integers(2, longest)] = True
        return offline, stopped

    def _inject(self) -> Iterator[Injected]:
        chance = self._chance
        loses = [source for source in range(SOURCES) if self.volumes[source] >= _LEAST_FOR_LOSS]
        troubles: list[Trouble] = [trouble for trouble, times in _TROUBLES for _ in range(times)][::-1]
        free = set(range(SOURCES))
        for trouble in troubles:  # losses come first: not every source can be told to have one
            able = loses if trouble == "loss" else range(SOURCES)
            source = int(chance.choice([each for each in able if each in free]))
            free.discard(source)
            begins = int(chance.integers(WARM_DAYS * 24, (DAYS - 12) * 24))
            ends = begins + int(chance.integers(3 * 24, 10 * 24))
            if self.volumes[source] < 7:  # of a weekly: over an issue or two, or there is nothing to see
                ends = begins + 14 * 24
            ends = min(ends, self._hours)
            self._strike(source, trouble, begins, ends)
            yield Injected(source, trouble, self._causes.get(source, ""), begins, begins, ends)

    def _strike(self, source: int, trouble: Trouble, begins: int, ends: int) -> None:
        """Let it happen."""
        span = slice(begins, ends)
        if trouble == "outage":
            self._down[source, span] = True
        elif trouble in ("redesign", "titles"):
            self._unread[source, span] = True
        else:
            self._keeps[source, span] = 0.0 if trouble == "silence" else self._chance.uniform(0.15, 0.4)
            causes, shares = zip(*_CAUSES[trouble], strict=True)
            self._causes[source] = causes[self._own_chance.choice(len(causes), p=shares)]

    def _begun(self, struck: Injected) -> Injected | None:
        """With the first thing that goes wrong by it; None where nothing does."""
        source = struck.source
        goes_wrong = ~self.offline & ~self.stopped
        if struck.trouble != "outage":
            spoiled = self._readable if struck.trouble in ("redesign", "titles") else self._lost
            goes_wrong = goes_wrong & (spoiled[source] > 0) & ~self._down[source]
        hours = np.flatnonzero(goes_wrong[struck.struck : struck.ends])
        return replace(struck, begins=struck.struck + int(hours[0])) if len(hours) else None

    # --- what else can be seen of it

    def _furnish_fronts(self) -> None:
        """Whether a front page can be read, and what it shows that no listing names."""
        chance = self._own_chance
        self._fronts = chance.random(SOURCES)
        share = np.where(chance.random(SOURCES) < 0.5, chance.uniform(0, 0.35, SOURCES), 0.0)
        self._extras = chance.binomial(self._readable, share[:, None])
        self._unlisted = np.zeros_like(self._lost)
        for each in self.injected:
            if each.cause == "listing":
                self._unlisted[each.source] = self._lost[each.source]
            elif each.cause == "site":
                self._extras[each.source, each.struck : each.ends] = 0
