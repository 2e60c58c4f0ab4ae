"""Timeline: how many articles there are in each period, as bars that are links, and as the same in a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.web.asking import Asked
from storage.web.periods import Counting, Covered, Frame, Period, frame

HEIGHT = 96
"""Of the drawing, in pixels. Its width is that of the page: across it everything is in percent."""

_WIDEST = 3.5  # percent that a bar takes, where there are few


@dataclass(frozen=True, slots=True)
class Bar:
    """One period. number: of articles. x, width: of the bar in percent; y, height: in pixels."""

    period: Period
    number: int
    x: float
    y: float
    width: float
    height: float

    @property
    def looks(self) -> str:
        """The class of its drawing."""
        if not self.period.is_covered:
            return "uncovered"
        return "bar" if self.period.is_whole else "bar unfinished"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars in the order of time."""

    frame: Frame
    bars: tuple[Bar, ...]

    @property
    def earlier(self) -> int:
        """Articles before the first bar."""
        return self.frame.earlier[0]

    @property
    def total(self) -> int:
        """Of all articles."""
        return self.frame.totals[0]

    @property
    def peak(self) -> Bar:
        """The highest bar, the latest of them."""
        return max(reversed(self.bars), key=lambda bar: bar.number)


def timeline(
    counting: Counting, asked: Asked, span: tuple[datetime | None, datetime | None], now: datetime, covered: Covered
) -> Timeline | None:
    """The timeline of what was asked; None where nothing answers. span: since and until."""
    made = frame([counting], asked, span, now, covered)
    return Timeline(made, _drawn(made)) if made else None


def _drawn(made: Frame) -> tuple[Bar, ...]:
    (numbers,) = made.numbers
    step = 100 / len(numbers)
    width = min(step * 0.8, _WIDEST)
    most = max(numbers) or 1
    drawn = []
    for at, (period, number) in enumerate(zip(made.periods, numbers, strict=True)):
        height = HEIGHT if not period.is_covered else max(2.0, number / most * (HEIGHT - 6)) if number else 0.0
        drawn.append(
            Bar(
                period, number, x=round((at + 0.5) * step - width / 2, 2), y=round(HEIGHT - height, 2),
                width=round(width, 2), height=round(height, 2),
            )
        )  # fmt: skip
    return tuple(drawn)
