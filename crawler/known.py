"""Known: what is known of a source, as the lookout gathers it for ``crawler.health`` to judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from crawler.choice import USUAL_CHOICE
from crawler.rhythm import Hours, Numbers, Rhythm
from crawler.volume import LONGEST, Window, windows
from storage.failing_listings import FailingListing


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a source.

    listed_at: when its listings were read last. article_at: when its last article was published, or came. failures:
    looks in a row that brought nothing, from ``failing_since`` to ``failed_at``, for the reason ``why``. missed: links
    fetched since the last article, without finding one; the first at ``missing_since``. hours: the last days. common:
    for each of them, the part of the usual that its neighbours brought, at most 1. layout_at: when its pages changed,
    if they are still being learned again. second_look_at: when its front page was looked at last.
    failing_listings: those of several that could not be read when they were looked at last.
    left_out: the part of what it publishes that they never name.
    """

    name: str
    rhythm: Rhythm | None
    hours: Hours
    listed_at: datetime | None = None
    article_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    why: str = ""
    missed: int = 0
    missing_since: datetime | None = None
    common: Numbers = field(default_factory=lambda: np.ones(0))
    layout_at: datetime | None = None
    longest_silence: timedelta | None = None
    second_look_at: datetime | None = None
    failing_listings: tuple[FailingListing, ...] = ()
    left_out: float = USUAL_CHOICE

    def usual(self, number: int) -> Numbers:
        """Of each of the last hours, so many, the articles that are usual then; none where nobody looked."""
        if self.rhythm is None:
            return np.zeros(number)
        end = self.hours.end
        return np.where(self.hours.known[-number:], self.rhythm.expected(end - number, end), 0.0)

    def due(self, number: int) -> Numbers:
        """The same, as far as neighbours brought it."""
        return self._shared(self.usual(number))

    def quietly_due(self, number: int) -> Numbers:
        """The same for a silence: where neighbours are quiet, some sources are far quieter than the middle one."""
        return self._shared(self.due(number))

    def _shared(self, usual: Numbers) -> Numbers:
        return usual * self.common[-len(usual) :] if len(self.common) else usual

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The last hours, as far as they are out of proportion; none without a rhythm."""
        number = min(LONGEST, len(self.hours.articles))
        if self.rhythm is None or not number:
            return ()
        usual = self.usual(number)
        return tuple(windows(self.hours, usual, self._shared(usual), self.rhythm))
