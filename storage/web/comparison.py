"""Comparison: some questions over the same periods, as lines that differ in their strokes, and as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from storage.web.asking import Asked
from storage.web.periods import Counting, Covered, Frame, frame

HEIGHT = 144
"""Of the drawing, in pixels; across it a period is one unit, whatever the width of the page."""

LETTERS = "ABCD"
"""What questions go by; each has a stroke of its own, too."""

STROKES = ("solid", "dashed", "dotted", "dash and dot")
_TOP, _LETTER = 4, 13  # pixels above the highest line, and from one letter to the next


@dataclass(frozen=True, slots=True)
class Line:
    """The numbers of a question, as a path. end: how far down its letter stands beside the end of it."""

    letter: str
    numbers: tuple[int, ...]
    total: int
    path: str
    end: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Lines over the same periods. highest: of any line in any period."""

    frame: Frame
    lines: tuple[Line, ...]
    highest: int
    height: int = HEIGHT


def comparison(
    countings: Sequence[Counting], asked: Asked, span: tuple[datetime | None, datetime | None], now: datetime,
    covered: Covered,
) -> Comparison | None:  # fmt: skip
    """The lines of what was asked; None where nothing answers, or counting takes too long. span: since and until."""
    made = frame(countings, asked, span, now, covered)
    if made is None:
        return None
    highest = max(map(max, made.numbers))
    ends = _apart([_y(numbers[-1], highest) for numbers in made.numbers])
    drawn = zip(LETTERS, made.numbers, made.totals, ends, strict=False)
    return Comparison(
        made,
        tuple(Line(letter, numbers, total, _path(made, numbers, highest), end)
              for letter, numbers, total, end in drawn),
        highest,
    )  # fmt: skip


def _path(made: Frame, numbers: Sequence[int], highest: int) -> str:
    """Level over each period; broken where nothing was captured, for there it is no zero."""
    drawn, is_broken = [], True
    for at, (period, number) in enumerate(zip(made.periods, numbers, strict=True)):
        if period.is_covered:
            y = _y(number, highest)
            drawn.append(f"{f'M{at} {y:g}' if is_broken else f'V{y:g}'}h1")
        is_broken = not period.is_covered
    return "".join(drawn)


def _y(number: int, highest: int) -> float:
    return round(HEIGHT - 2 - number / (highest or 1) * (HEIGHT - 2 - _TOP), 1)


def _apart(wanted: Sequence[float]) -> list[float]:
    """The places of letters, each as near to where it is wanted as leaves all of them legible."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [min(max(wanted[at] + 4, _LETTER), float(HEIGHT - 1)) for at in order]
    for before, at in pairwise(range(len(placed))):
        placed[at] = max(placed[at], placed[before] + _LETTER)
    for at in range(len(placed) - 1, -1, -1):  # what was pushed out below is lifted again
        below = placed[at + 1] - _LETTER if at + 1 < len(placed) else float(HEIGHT - 1)
        placed[at] = min(placed[at], below)
    ends = dict(zip(order, placed, strict=True))
    return [round(ends[at], 1) for at in range(len(wanted))]
