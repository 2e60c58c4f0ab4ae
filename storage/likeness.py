"""Likeness: what one article is to another, and all that was measured of it, so that every link can be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from storage.records import Sketch
from storage.resemblance import Guard, Resemblance, compare

LikenessKind = Literal["near", "contains", "contained", "related"]
"""As of a ``Resemblance``."""

COPIED: tuple[LikenessKind, ...] = ("near", "contains", "contained")
"""The kinds of those whose text is the same."""

_RANK = {"near": 0, "contains": 1, "contained": 1, "related": 2}


@dataclass(frozen=True, slots=True)
class Likeness:
    """What article ``article_id`` is to ``other_id``, told by their versions ``number`` and ``other_number``.

    jaccard, containment, differing, rule: as of a ``Resemblance``. guard: what spoke against a copy; ``centre``: it is
    like a copy, and not like what that one is a copy of; ``apart``: somebody split them.
    """

    article_id: str
    other_id: str
    kind: LikenessKind
    jaccard: float
    containment: float
    guard: Guard | Literal["centre", "apart"] | None
    differing: tuple[str, ...]
    rule: int
    number: int
    other_number: int

    @property
    def is_copy(self) -> bool:
        """Whether the text of one is that of the other."""
        return self.kind in COPIED

    @property
    def rank(self) -> tuple[int, float, float]:
        """Orders likenesses, the closest first."""
        return _RANK[self.kind], -self.containment, -self.jaccard


def liken(
    article: tuple[str, int, Sketch], other_id: str, texts: dict[int, Sketch], *, series: bool = False
) -> Likeness | None:
    """What an article, by its id, number and sketch, is to another, by the closest of its texts; None for nothing.

    series: they are of one series if the patterns of their titles are the same.
    """
    id_, number, sketch = article
    closest: Likeness | None = None
    for other_number, text in sorted(texts.items()):
        found = compare(sketch, text, series=series and text.title_pattern == sketch.title_pattern)
        if found.kind == "none":
            continue
        likeness = _of(found, id_, number, other_id, other_number)
        if closest is None or likeness.rank < closest.rank:
            closest = likeness
    return closest


def _of(found: Resemblance, article_id: str, number: int, other_id: str, other_number: int) -> Likeness:
    return Likeness(
        article_id, other_id, found.kind, found.jaccard, found.containment,  # type: ignore[arg-type]  # not none
        found.guard, found.differing, found.rule, number, other_number,
    )  # fmt: skip


def share(of: Sketch, within: Sketch) -> float:
    """How much of one text stands in another, 0..1: of its shingles, those that the other has too."""
    reach = min(of.reach, within.reach)
    one, other = (np.frombuffer(each.shingles, "<u4") for each in (of, within))
    one, other = (each[: np.searchsorted(each, reach)] for each in (one, other))
    return float(np.isin(one, other, assume_unique=True).mean()) if len(one) else 0.0
