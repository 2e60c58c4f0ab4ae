"""How much two texts share, and what they are to each other: a near copy, one holds the other, related, or neither.

Pure: two sketches in, one verdict out. What two texts share is counted in shingles. What they must not differ in, for
all that they share, is for the guards: two lottery results share nearly all their words. A guard looks at slots, places
with the same words around them: in copies the same numbers and names stand there, in siblings of one make others.
What only one of the two has, a dropped or an added paragraph, is no evidence against a copy.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from storage.records import Sketch

RULE_VERSION = 1
"""Raise it whenever the verdict on any two sketches changes."""

# All thresholds were set on the development half of benchmarks/duplicates.py; docs/decisions/0013 tells what was tried.
NEAR = 0.44  # jaccard; of a hundred articles with half of another as background one reaches it
CONTAINED = 0.65  # containment of the shorter; as above
SPREAD, SAME_WORDS = 0.25, 0.65  # jaccard, and that of the vocabularies: single words replaced all over
RELATED = 0.4  # containment
FEWEST_DIFFER, DIFFER = 2, 0.35  # numbers or names that stand otherwise, and their share of all in common slots
FEWEST_NUMBERS, SHARED_NUMBERS = 4, 0.3  # of the text with fewer: the least share that the other has too, anywhere
FIRM_NEAR, FIRM_DIFFER, FIRM_SAME = 0.9, 0.1, 8  # of a series: jaccard, share that differs, numbers and names alike

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


class _Fillings(NamedTuple):
    """Slots that both texts have: how many words stand there in both, how many pairs of one against another.

    Each counts once, however often the text says it: a name that was corrected throughout is one pair.
    """

    same: int
    other: int

    @property
    def differing(self) -> float:
        return self.other / max(1, self.same + self.other)

    @property
    def speaks_against(self) -> bool:
        return self.other >= FEWEST_DIFFER and self.differing > DIFFER


def compare(new: Sketch, old: Sketch, *, series: bool = False) -> Resemblance:
    """What ``new`` is to ``old``. series: both are of one source and title pattern, as five articles or more are."""
    if new.version != old.version or not (new.shingles and old.shingles) or _speak_differently(new, old):
        return Resemblance("none")
    jaccard, containment, is_longer = _shared(new, old)
    if jaccard >= NEAR or (jaccard >= SPREAD and _words_alike(new, old) >= SAME_WORDS):
        kind: Kind = "near"
    elif containment >= CONTAINED:
        kind = "contains" if is_longer else "contained"
    else:
        return Resemblance("related" if containment >= RELATED else "none", jaccard, containment)
    guard = _guard(new, old, jaccard, series=series)
    mine, theirs = Counter(new.numbers), Counter(old.numbers)
    differing = tuple(dict.fromkeys((mine - theirs) + (theirs - mine)))
    return Resemblance("related" if guard else kind, jaccard, containment, guard, differing)


def _speak_differently(new: Sketch, old: Sketch) -> bool:
    return None not in (new.language, old.language) and new.language != old.language


def _shared(new: Sketch, old: Sketch) -> tuple[float, float, bool]:
    """Jaccard, containment of the shorter, and whether the new one is the longer."""
    reach = min(new.reach, old.reach)
    mine, theirs = (_within(sketch, reach) for sketch in (new, old))
    if not len(mine) or not len(theirs):
        return 0.0, 0.0, False
    shared = _count_common(mine, theirs)
    return shared / (len(mine) + len(theirs) - shared), shared / min(len(mine), len(theirs)), len(mine) >= len(theirs)


def _within(sketch: Sketch, reach: int) -> npt.NDArray[np.uint32]:
    shingles = np.frombuffer(sketch.shingles, "<u4")
    return shingles if sketch.reach == reach else shingles[: np.searchsorted(shingles, reach)]


def _words_alike(new: Sketch, old: Sketch) -> float:
    """Jaccard of the vocabularies."""
    mine, theirs = (np.frombuffer(sketch.vocabulary, "<u2") for sketch in (new, old))
    shared = _count_common(mine, theirs)
    return shared / max(1, len(mine) + len(theirs) - shared) if len(mine) and len(theirs) else 0.0


def _count_common(mine: npt.NDArray[np.unsignedinteger], theirs: npt.NDArray[np.unsignedinteger]) -> int:
    both = np.sort(np.concatenate([mine, theirs]), kind="stable")  # two sorted runs: merged in linear time
    return int(np.count_nonzero(both[1:] == both[:-1]))


def _guard(new: Sketch, old: Sketch, jaccard: float, *, series: bool) -> Guard | None:
    numbers = _fillings(new.numbers, new.number_slots, old.numbers, old.number_slots)
    if numbers.speaks_against or _share_too_few(new.numbers, old.numbers):
        return "numbers"
    names = _fillings(new.names, new.name_slots, old.names, old.name_slots)
    if names.speaks_against or _Fillings(numbers.same + names.same, numbers.other + names.other).speaks_against:
        return "names"
    is_firm = max(numbers.differing, names.differing) <= FIRM_DIFFER
    if series and not (is_firm and (jaccard >= FIRM_NEAR or numbers.same + names.same >= FIRM_SAME)):
        return "series"
    is_retitled = new.title_pattern == old.title_pattern and new.title_numbers != old.title_numbers
    return "title" if is_retitled and not (is_firm and jaccard >= FIRM_NEAR) else None


def _share_too_few(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether two texts with numbers have others throughout, be it in no slot that both have."""
    fewer = min(len(mine), len(theirs))
    return fewer >= FEWEST_NUMBERS and (Counter(mine) & Counter(theirs)).total() < SHARED_NUMBERS * fewer


def _fillings(mine: tuple[str, ...], my_slots: bytes, theirs: tuple[str, ...], their_slots: bytes) -> _Fillings:
    ours, others = _by_slot(mine, my_slots), _by_slot(theirs, their_slots)
    same: set[str] = set()
    other: set[tuple[str, str]] = set()
    for slot in ours.keys() & others.keys():
        here, there = Counter(ours[slot]), Counter(others[slot])
        alike = here & there
        same.update(alike)
        for pair in zip((here - alike).elements(), (there - alike).elements(), strict=False):  # the rest: one has more
            other.update(_differing_words(*pair))
    return _Fillings(len(same), len(other))


def _differing_words(mine: str, theirs: str) -> set[tuple[str, str]]:
    """Nora Whitfield and Nora Whitefield differ in one word, which may stand alone elsewhere."""
    pairs = list(zip(mine.split(), theirs.split(), strict=False))
    return {pair for pair in pairs if pair[0] != pair[1]} if mine.count(" ") == theirs.count(" ") else {(mine, theirs)}


def _by_slot(words: tuple[str, ...], slots: bytes) -> dict[int, list[str]]:
    found = defaultdict[int, list[str]](list)
    for word, slot in zip(words, np.frombuffer(slots, "<u4").tolist(), strict=True):
        if slot:
            found[slot].append(word)
    return found
