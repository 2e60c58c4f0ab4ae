"""News days: a month of 200 outlets as their articles come, with rhythms, bursts, outages and feeds that forget.

The same seed gives the same month, to the second. It begins on Monday, 2 March 2026; the clocks of America change on
its 7th day and those of Europe on its 28th. Minutes are counted from its beginning, in UTC.

What an outlet is like, and why:

- How much: agencies bring some thousand articles a week, dailies some hundred, local papers some dozen, weeklies and
  small sites a few. Most outlets are small, and most articles are of a few large ones.
- When: by the clock of the outlet. Mornings, noons and evenings, little at night, fewer on days off; agencies hardly
  rest. A part of what many papers bring is the printed edition, put online at one moment early in the day, and weeklies
  bring most of theirs on one day. Articles like the full hour and the half.
- Bursts: what happens in the world makes many outlets of a region write at once, for hours; each has some of its own.
- Silence: servers are down for hours, and an outlet brings nothing for some days.
- What a reader sees: a feed is made again every few minutes, and shows the latest N articles only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Kind = Literal["agency", "daily", "local", "weekly", "small"]
Minutes: TypeAlias = NDArray[np.float64]
"""Moments, rising."""

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 30
MINUTES = DAYS * 1440
OUTLETS = 200

_ZONES = {  # by region, with how often an outlet is there
    "europe": (("Europe/London", 6), ("Europe/Paris", 5), ("Europe/Berlin", 5), ("Europe/Madrid", 3),
               ("Europe/Warsaw", 2), ("Europe/Istanbul", 2)),
    "america": (("America/New_York", 6), ("America/Chicago", 3), ("America/Los_Angeles", 3), ("America/Sao_Paulo", 3),
                ("America/Bogota", 1)),
    "asia": (("Asia/Ho_Chi_Minh", 4), ("Asia/Tokyo", 3), ("Asia/Kolkata", 3), ("Asia/Jakarta", 2), ("Asia/Dubai", 1)),
    "south": (("Africa/Lagos", 1), ("Africa/Johannesburg", 1), ("Australia/Sydney", 2)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Manner:
    """Of a kind: its share of the outlets, articles a week and entries of a feed from and to, how deep the night is,
    what a day off brings, the part that is put online at one moment."""

    kind: Kind
    share: float
    weekly: tuple[float, float]
    window: tuple[int, int]
    night: float
    day_off: float
    at_once: float


_MANNERS = (
    _Manner("agency", 0.06, (900, 4000), (30, 100), 0.45, 0.6, 0.0),
    _Manner("daily", 0.28, (200, 1200), (20, 60), 0.06, 0.55, 0.25),
    _Manner("local", 0.31, (30, 220), (10, 40), 0.03, 0.45, 0.2),
    _Manner("weekly", 0.15, (6, 40), (10, 20), 0.02, 0.3, 0.65),
    _Manner("small", 0.20, (0.5, 8), (10, 15), 0.05, 0.7, 0.0),
)

_BUMPS = ((450, 1.0, 90), (720, 0.9, 150), (1020, 1.1, 150), (1260, 0.4, 100))
"""Of a day: around which minute, how high, how wide."""


@dataclass(frozen=True, slots=True)
class Newsday:
    """An outlet's month. published: its articles. made_every: minutes between two makings of its feed, whose first is
    at ``made_at``. window: entries of the feed. down: from and to, while its server answers nothing."""

    name: str
    kind: Kind
    region: str
    published: Minutes
    made_every: float
    made_at: float
    window: int
    down: tuple[tuple[float, float], ...]

    def is_down(self, at: float) -> bool:
        """Whether a request fails then."""
        return any(start <= at < end for start, end in self.down)

    def shown(self, at: float) -> tuple[int, int]:
        """The articles that the feed shows: from, inclusive, to, exclusive, in the order of their coming."""
        made = at - (at - self.made_at) % self.made_every
        end = int(np.searchsorted(self.published, made, "right"))
        return max(0, end - self.window), end


def month(seed: int, outlets: int = OUTLETS) -> tuple[Newsday, ...]:
    """The outlets of a seed."""
    chance = np.random.default_rng(seed)
    events = {region: _events(chance, 5) for region in _ZONES}
    world = _events(chance, 3)
    kinds = [manner for manner in _MANNERS for _ in range(round(manner.share * outlets))]
    return tuple(_outlet(chance, at, manner, events, world) for at, manner in enumerate(kinds))


def _events(chance: np.random.Generator, number: int) -> list[tuple[float, float, float]]:
    """When something happens, how many times as much is written then, and after how many minutes half of that."""
    return [
        (float(chance.uniform(0, MINUTES)), float(chance.uniform(1.0, 6.0)), float(chance.uniform(60, 360)))
        for _ in range(number)
    ]


def _outlet(
    chance: np.random.Generator,
    at: int,
    manner: _Manner,
    events: dict[str, list[tuple[float, float, float]]],
    world: list[tuple[float, float, float]],
) -> Newsday:
    region = str(chance.choice(list(events), p=[0.42, 0.28, 0.22, 0.08]))
    zones, weights = zip(*_ZONES[region], strict=True)
    zone = ZoneInfo(str(chance.choice(zones, p=np.array(weights) / sum(weights))))
    weekly = float(np.exp(chance.uniform(*np.log(manner.weekly))))
    own = _events(chance, 2)
    followed = [event for event in (*events[region], *world) if chance.random() < 0.6]
    rate = _rhythm(chance, manner, zone) * _swell((*own, *followed)) * _quiet(chance)
    rate *= weekly * DAYS / 7 / rate.sum() * float(chance.uniform(0.95, 1.05))
    down = _down(chance)
    published = _moments(chance, rate)
    return Newsday(
        f"{manner.kind}-{at:03}", manner.kind, region, published,
        float(chance.choice((1, 2, 5, 10, 15))), float(chance.uniform(0, 15)),
        int(chance.integers(*manner.window, endpoint=True)), down,
    )  # fmt: skip


def _rhythm(chance: np.random.Generator, manner: _Manner, zone: ZoneInfo) -> Minutes:
    """How much is written in each minute of the month, by the clock on the wall there; of no certain scale."""
    wall = np.array([_wall(zone, hour) for hour in range(DAYS * 24)])
    wall = np.repeat(wall, 60) + np.tile(np.arange(60), DAYS * 24)  # of the week, from Monday 00:00
    of_day, day = wall % 1440, wall // 1440 % 7
    curve = np.full(MINUTES, manner.night)
    for centre, weight, width in _BUMPS:
        away = (of_day - chance.normal(centre, 50) + 720) % 1440 - 720
        curve += weight * chance.uniform(0.6, 1.4) * np.exp(-0.5 * (away / width) ** 2)
    days = chance.uniform(0.85, 1.15, 7)
    off = (5, 6) if zone.key != "Asia/Dubai" else (4, 5)
    days[list(off)] *= manner.day_off
    curve *= days[day]
    minute = wall % 60
    curve *= np.where(minute % 30 < 2, chance.uniform(2, 6), 1.0)  # articles like full hours
    if manner.at_once and chance.random() < 0.8:
        moment = chance.normal(330, 45)
        on = np.abs((of_day - moment + 720) % 1440 - 720) < chance.uniform(2, 12)
        on &= (day == chance.integers(0, 5)) if manner.kind == "weekly" else ~np.isin(day, off[1:])
        if on.any():
            part = manner.at_once * chance.uniform(0.5, 1.2)
            curve = curve * (1 - part) + on * (curve.sum() * part / on.sum())
    return curve


def _wall(zone: ZoneInfo, hour: int) -> int:
    """Minutes since Monday 00:00 that the clock there shows at an hour of the month."""
    shown = (START + timedelta(hours=hour)).astimezone(zone)
    return shown.weekday() * 1440 + shown.hour * 60 + shown.minute


def _swell(events: tuple[tuple[float, float, float], ...]) -> Minutes:
    swell = np.ones(MINUTES)
    for start, height, half in events:
        first = int(start)
        swell[first:] += height * 0.5 ** (np.arange(MINUTES - first) / half)
    return swell


def _quiet(chance: np.random.Generator) -> Minutes:
    """Some days on which a few outlets bring nothing, and how the days differ from each other."""
    quiet = np.repeat(np.exp(chance.normal(0, 0.18, DAYS)), 1440)
    if chance.random() < 0.08:
        first = int(chance.uniform(0, MINUTES - 4320))
        quiet[first : first + int(chance.uniform(1440, 4320))] = 0.0
    return quiet


def _down(chance: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Outages: of a quarter of the outlets, one or two, from half an hour to twelve hours."""
    if chance.random() >= 0.25:
        return ()
    starts = sorted(chance.uniform(0, MINUTES, int(chance.integers(1, 3))))
    return tuple((float(start), float(start + np.exp(chance.uniform(np.log(30), np.log(720))))) for start in starts)


def _moments(chance: np.random.Generator, rate: Minutes) -> Minutes:
    """When articles come: a Poisson process whose rate is given by the minute."""
    numbers = chance.poisson(rate)
    moments = np.repeat(np.arange(MINUTES, dtype=np.float64), numbers) + chance.random(int(numbers.sum()))
    return np.sort(moments)


def main() -> None:
    """Print what a month has."""
    outlets = month(1)
    for kind in dict.fromkeys(each.kind for each in outlets):
        sizes = [len(each.published) for each in outlets if each.kind == kind]
        print(f"{kind:8} {len(sizes):4} outlets  {sum(sizes):8,} articles  median {np.median(sizes):8,.0f}")
    print(f"{'all':8} {len(outlets):4} outlets  {sum(len(each.published) for each in outlets):8,} articles")


if __name__ == "__main__":
    main()
