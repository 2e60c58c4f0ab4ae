"""How much two texts share, and what they are to each other: a near copy, one holds the other, related, or neither.

Pure: two sketches in, one verdict out. What two texts share is counted in shingles; what they must not differ in, for
all that they share, is for the guards: numbers, dates in otherwise equal titles, and names in otherwise equal leads.
Two lottery results share nearly all their words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from storage.records import Sketch

RULE_VERSION = 1
"""Raise it whenever the verdict on any two sketches changes."""

NEAR = 0.45  # jaccard
CONTAINED = 0.8  # containment
RELATED = 0.5  # containment
FEWEST_NUMBERS, SAME_NUMBERS = 3, 0.7  # of the shorter text; the share of them that the other has too
SERIES_NEAR = 0.9  # jaccard, between members of a series: one title pattern in many articles of a source
FEWEST_NAMES, SAME_NAMES = 3, 0.5

Kind = Literal["near", "contains", "contained", "related", "none"]
Guard = Literal["numbers", "title", "series", "names"]


@dataclass(frozen=True, slots=True)
class Resemblance:
    """What a new text is to an old one. kind: ``contains`` is that the new one holds the old.

    jaccard: shared shingles of all; containment: of those of the shorter text. guard: what speaks against a copy where
    they share enough for one; the kind is then ``related``. differing: numbers that only one of them has.
    rule: the version of the rule.
    """

    kind: Kind
    jaccard: float = 0.0
    containment: float = 0.0
    guard: Guard | None = None
    differing: tuple[str, ...] = ()
    rule: int = RULE_VERSION

    @property
    def is_copy(self) -> bool:
        """Whether the two are one article."""
        return self.kind in ("near", "contains", "contained")


def compare(new: Sketch, old: Sketch, *, series: bool = False) -> Resemblance:
    """What ``new`` is to ``old``. series: both are of one source and title pattern, seen in five articles or more."""
    if new.version != old.version or not (new.shingles and old.shingles) or _speak_differently(new, old):
        return Resemblance("none")
    jaccard, containment, is_longer = _shared(new, old)
    differing = tuple((Counter(new.numbers) - Counter(old.numbers)) + (Counter(old.numbers) - Counter(new.numbers)))
    if jaccard >= NEAR:
        kind: Kind = "near"
    elif containment >= CONTAINED:
        kind = "contains" if is_longer else "contained"
    else:
        kind = "related" if containment >= RELATED else "none"
        return Resemblance(kind, jaccard, containment, None, differing)
    guard = _guard(new, old, jaccard, series=series)
    return Resemblance("related" if guard else kind, jaccard, containment, guard, differing)


def _speak_differently(new: Sketch, old: Sketch) -> bool:
    return None not in (new.language, old.language) and new.language != old.language


def _shared(new: Sketch, old: Sketch) -> tuple[float, float, bool]:
    """Jaccard, containment of the shorter, and whether the new one is the longer."""
    reach = min(new.reach, old.reach)
    one, two = (_within(sketch, reach) for sketch in (new, old))
    if not len(one) or not len(two):
        return 0.0, 0.0, False
    both = np.sort(np.concatenate([one, two]), kind="stable")
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared), shared / min(len(one), len(two)), len(one) >= len(two)


def _within(sketch: Sketch, reach: int) -> np.ndarray:
    shingles = np.frombuffer(sketch.shingles, "<u4")
    return shingles if sketch.reach == reach else shingles[: np.searchsorted(shingles, reach)]


def _guard(new: Sketch, old: Sketch, jaccard: float, *, series: bool) -> Guard | None:
    if series and (jaccard < SERIES_NEAR or Counter(new.numbers) != Counter(old.numbers)):
        return "series"
    if new.title_pattern == old.title_pattern and new.title_numbers != old.title_numbers:
        return "title"
    if _overlap(new.numbers, old.numbers, FEWEST_NUMBERS) < SAME_NUMBERS:
        return "numbers"
    if _overlap(new.names, old.names, FEWEST_NAMES) < SAME_NAMES:
        return "names"
    return None


def _overlap(new: Sequence[str], old: Sequence[str], fewest: int) -> float:
    """How much of the fewer stands among the others; 1 where there are too few to say."""
    least = min(len(new), len(old))
    return sum((Counter(new) & Counter(old)).values()) / least if least >= fewest else 1.0
