"""Learning: when what pages taught becomes part of what is known of their site, and what that gives. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.site_memory import NEW_SITE, Lesson, SiteMemory

MOST_WAITING = 25
"""Lessons, at the latest; an early page changes more of what is known than a late one."""


def is_due(pages: int, waiting: int) -> bool:
    """Whether waiting lessons are to be learned: after the 1st page, the 2nd, 3rd, 4th, 6th, 9th, 13th …

    pages: that the site's memory has learned from. A memory costs bytes that are kept for ever, so a site that is well
    known gets another one only now and then.
    """
    return waiting >= min(max(pages // 2, 1), MOST_WAITING)


@dataclass(frozen=True, slots=True)
class Grown:
    """A memory after more lessons, as bytes. pages, layout: as the memory has them. layout_pages: of the pages, those
    since the layout changed last."""

    body: bytes
    pages: int
    layout: int
    layout_pages: int


def grown(memory: bytes | None, lessons: Iterable[bytes]) -> Grown:
    """What a memory becomes by lessons, in their order. memory: None for a new site. What another version of copydesk
    wrote, memory or lesson, is as if it were not there."""
    known: SiteMemory = NEW_SITE if memory is None else SiteMemory.decode(memory)
    for stored in lessons:
        if lesson := Lesson.decode(stored):
            known = known.learn(lesson)
    since = known.pages - known.changed_at + 1 if known.layout else known.pages
    return Grown(known.encode(), known.pages, known.layout, since)
