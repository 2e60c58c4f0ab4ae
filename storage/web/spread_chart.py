"""Spread chart: a lane for each outlet of a story, a dot for each of its articles, by when it was first seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from storage.spread import Member, Story

WIDTH, LANE = 720, 28
"""Of the drawing, and of one lane, in its own units."""

MOST_LANES = 40
"""The outlets that were first; the table has all of them."""

_LABEL = 190  # of the width, for the names of outlets
_EDGE = 12
_SMALLEST, _LARGEST = 4.0, 10.0  # radius of a dot


@dataclass(frozen=True, slots=True)
class Dot:
    """An article. radius: by how much of the centre's text stands in it."""

    member: Member
    x: float
    radius: float
    minutes: int


@dataclass(frozen=True, slots=True)
class Lane:
    """An outlet; y: of the middle of its lane."""

    outlet: str
    y: float
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class SpreadChart:
    """The drawing. left, right: where time begins and ends. left_out: outlets without a lane."""

    lanes: tuple[Lane, ...]
    height: float
    span: timedelta
    left: float = _LABEL
    right: float = WIDTH - _EDGE
    left_out: int = 0


def spread_chart(story: Story) -> SpreadChart | None:
    """The chart of a story; None where there is a single article."""
    if len(story.members) < 2:
        return None
    start = story.first_seen_at
    span = max(member.first_seen_at for member in story.members) - start
    by_outlet: dict[str, list[Member]] = {}
    for member in story.members:
        by_outlet.setdefault(member.source or "no source", []).append(member)
    lanes = tuple(
        Lane(outlet, LANE * at + LANE / 2, _dots(members, story, span))
        for at, (outlet, members) in enumerate(by_outlet.items())
    )
    return SpreadChart(lanes[:MOST_LANES], LANE * min(len(lanes), MOST_LANES), span, left_out=max(0, len(lanes) - MOST_LANES))


def minutes_later(story: Story, member: Member) -> int:
    """How long after the first one an article was seen."""
    return round((member.first_seen_at - story.first_seen_at).total_seconds() / 60)


def _dots(members: Sequence[Member], story: Story, span: timedelta) -> tuple[Dot, ...]:
    length = span.total_seconds() or 1.0
    left, right = _LABEL + _LARGEST, WIDTH - _EDGE - _LARGEST
    return tuple(
        Dot(
            member, round(left + (member.first_seen_at - story.first_seen_at).total_seconds() / length * (right - left), 1),
            round(_SMALLEST + (_LARGEST - _SMALLEST) * (1.0 if member.copy_of is None else member.share or 0.0), 1),
            minutes_later(story, member),
        )
        for member in members
    )  # fmt: skip
