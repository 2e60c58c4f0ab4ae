"""Sparkline: the volume of a source, day by day, over the band of what is usual for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from storage.web.rendering import many

DAYS = 28
"""That are drawn, today's the last."""

_WIDTH, _HEIGHT, _STEP = 112, 24, 4
_BELOW = 4  # the bars, for what marks a gap
_FEWEST = 7  # full days from which a usual range can be told


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar or a band of the drawing."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The drawing, and the sentence that says the same. usual: from the second tenth to the ninth of full days.

    gaps: marks below the days of which articles are missing.
    """

    numbers: tuple[int, ...]
    usual: tuple[int, int] | None
    bars: tuple[Mark, ...]
    band: Mark | None
    gaps: tuple[Mark, ...] = ()
    width: int = _WIDTH
    height: int = _HEIGHT + _BELOW
    step: int = _STEP - 1

    @property
    def today(self) -> int:
        """Articles of the day that is not over."""
        return self.numbers[-1]

    @property
    def full_days(self) -> str:
        """The bars but today's, as one path: a page may have hundreds of drawings."""
        return "".join(f"M{bar.x:g} {bar.y:g}h{self.step}v{bar.height:g}h-{self.step}z" for bar in self.bars[:-1])

    @property
    def sentence(self) -> str:
        """What the drawing shows."""
        usual = f"; usual {self.usual[0]} to {self.usual[1]} a day" if self.usual else ""
        before = f"{many(sum(self.numbers[:-1]), 'article')} in the {DAYS - 1} days before today"
        gaps = (
            f"; {len(self.gaps)} of the days {'is a gap' if len(self.gaps) == 1 else 'are gaps'}" if self.gaps else ""
        )
        return f"{before}, {self.today:,} today{usual}{gaps}"


def sparkline(by_day: Mapping[date, int], today: date, gaps: Collection[date] = ()) -> Sparkline:
    """The sparkline of a source's counts by day; days that are not there had none. gaps: days that are marked."""
    days = [today - timedelta(days=DAYS - 1 - at) for at in range(DAYS)]
    numbers = tuple(by_day.get(day, 0) for day in days)
    usual = _usual(numbers[:-1])
    most = max(*numbers, usual[1] if usual else 1, 1)
    bars = tuple(Mark(at * _STEP, _y(number, most), _HEIGHT - _y(number, most)) for at, number in enumerate(numbers))
    band = Mark(0, _y(usual[1], most), max(1.0, _y(usual[0], most) - _y(usual[1], most))) if usual else None
    marks = tuple(Mark(at * _STEP, _HEIGHT + 1, _BELOW - 1) for at, day in enumerate(days) if day in gaps)
    return Sparkline(numbers, usual, bars, band, marks)


def _usual(numbers: Sequence[int]) -> tuple[int, int] | None:
    """What most full days have had, from the first that had any: four days in five."""
    first = next((at for at, number in enumerate(numbers) if number), len(numbers))
    told = sorted(numbers[first:])
    if len(told) < _FEWEST:
        return None
    cut = len(told) // 10
    return told[cut], told[-1 - cut]


def _y(number: int, most: int) -> float:
    return round(_HEIGHT - number / most * (_HEIGHT - 2), 1) if number else _HEIGHT - 0.5
