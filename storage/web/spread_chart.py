"""Spread chart: a lane for each outlet of a story, a dot for each article that it had, by when it was first seen there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from storage.spread import Member, Sight, Story

MOST_LANES = 40
"""The outlets that were first; the table has all of them."""

_SMALLEST, _LARGEST = 4.0, 9.0  # radius of a dot, in pixels


@dataclass(frozen=True, slots=True)
class Dot:
    """An article at an outlet. x: in percent; radius: in pixels, by how much of the centre's text stands in it."""

    sight: Sight
    member: Member
    x: float
    radius: float
    minutes: int


@dataclass(frozen=True, slots=True)
class Lane:
    """An outlet, and what it had."""

    outlet: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class SpreadChart:
    """The drawing. span: from the first sight to the last. left_out: outlets without a lane."""

    lanes: tuple[Lane, ...]
    span: timedelta
    left_out: int = 0


def spread_chart(story: Story) -> SpreadChart | None:
    """The chart of a story; None where a single outlet had it once."""
    if len(story.sights) < 2:
        return None
    members = {member.article_id: member for member in story.members}
    span = max(sight.first_seen_at for sight in story.sights) - story.first_seen_at
    by_outlet: dict[str, list[Dot]] = {}
    for sight in story.sights:
        dot = _dot(sight, members[sight.article_id], story, span)
        by_outlet.setdefault(sight.source or "no source", []).append(dot)
    lanes = tuple(Lane(outlet, tuple(dots)) for outlet, dots in by_outlet.items())
    return SpreadChart(lanes[:MOST_LANES], span, max(0, len(lanes) - MOST_LANES))


def minutes_later(story: Story, sight: Sight) -> int:
    """How long after the first one an outlet had an article."""
    return round((sight.first_seen_at - story.first_seen_at).total_seconds() / 60)


def _dot(sight: Sight, member: Member, story: Story, span: timedelta) -> Dot:
    along = (sight.first_seen_at - story.first_seen_at) / span if span else 0.0
    copied = 1.0 if member.copy_of is None else member.share or 0.0
    return Dot(
        sight, member, round(along * 100, 2), round(_SMALLEST + (_LARGEST - _SMALLEST) * copied, 1),
        minutes_later(story, sight),
    )  # fmt: skip
