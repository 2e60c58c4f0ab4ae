"""Positions: where in the answers to a question a reader has come to, as a text that never goes stale.

It names the last answer by what answers are ordered by, not by a number of rows: what comes or goes meanwhile neither
repeats nor skips anything that stands further on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from storage.times import rfc3339

_WRITTEN = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)~(?P<id>[0-9a-f]{16})"
    r"(?:~(?P<score>-?\d[\d.]*(?:e[+-]\d+)?)?)?(?:~(?P<place>[0-9a-f]{32}))?"
)


@dataclass(frozen=True, slots=True)
class Position:
    """The answer behind which the next ones come. score: where they are ranked; place: the capture of a sighting."""

    dated_at: datetime
    id: str
    score: float | None = None
    place: str | None = None

    def __str__(self) -> str:
        score = "" if self.score is None else repr(self.score)
        parts = [rfc3339(self.dated_at), self.id, score, self.place or ""]
        return "~".join(parts).rstrip("~")

    @classmethod
    def read(cls, text: str) -> Self:
        """The position that ``str`` wrote. Raises ValueError for anything else."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:80]!r} is no position in a list of articles")
        score = float(found["score"]) if found["score"] else None
        if score is not None and not math.isfinite(score):
            raise ValueError(f"{text[:80]!r} is no position in a list of articles")
        return cls(datetime.fromisoformat(found["at"]).astimezone(UTC), found["id"], score, found["place"])
