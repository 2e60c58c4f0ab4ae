"""Meeting: which of many articles may be alike, found without comparing each with each.

By their lowest hashes, as copies are found (``storage.anchors``): few and long, they bring together what shares a
passage, and the families of one template, however many. By all shingles that are not in everybody's text: any two that
the rule calls related share two fifths of those of the shorter, so whoever shares fewer need not be compared. Up to
16 million shingles, some 40,000 articles, that finds them all; of more articles a fair sample is looked at.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from storage.records import Sketch
from storage.resemblance import RELATED

_BACK = 32  # of those that have a lowest hash in common, each meets so many before it
_MOST_SHINGLES = 16_000_000
_WHOLE = 1 << 24  # shingles are of 24 bits
_COMMON = 256  # articles; a shingle that more have says little
_ROUNDED = 1e-6
_SLACK = 0.7  # of what a sample is expected to share

Integers = npt.NDArray[np.int64]


class Meeting:
    """Takes the sketches of articles, one after the other; ``pairs`` has those that may be alike, by their places."""

    def __init__(self) -> None:
        self._anchors, self._anchored = array("q"), array("l")
        self._shingles: list[npt.NDArray[np.uint32]] = []
        self._number = 0  # of shingles
        self._below = _WHOLE  # only these are kept
        self._places: list[int] = []
        self._totals: list[float] = []  # how many shingles the whole texts have
        self._reaches: list[int] = []

    def add(self, place: int, sketch: Sketch) -> None:
        """Take an article in. place: above all before."""
        lowest = (*sketch.anchors, *sketch.probes)
        self._anchors.extend(lowest)
        self._anchored.extend([place] * len(lowest))
        shingles = np.frombuffer(sketch.shingles, "<u4")
        self._places.append(place)
        self._totals.append(len(shingles) * (_WHOLE / sketch.reach))
        self._reaches.append(sketch.reach)
        self._keep(shingles)

    def _keep(self, shingles: npt.NDArray[np.uint32]) -> None:
        kept = shingles[: np.searchsorted(shingles, self._below)]
        self._shingles.append(kept.copy())
        self._number += len(kept)
        while self._number > _MOST_SHINGLES:
            self._below >>= 1
            self._shingles = [each[: np.searchsorted(each, self._below)].copy() for each in self._shingles]
            self._number = sum(map(len, self._shingles))

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Places of two articles that may be alike; some come twice."""
        yield from _neighbours(np.array(self._anchors, np.int64), np.array(self._anchored, np.int64))
        yield from self._sharing()

    def _sharing(self) -> Iterator[tuple[int, int]]:
        """Pairs that share enough shingles."""
        lengths = np.array(list(map(len, self._shingles)), np.int64)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        shingles = np.concatenate(self._shingles) if self._shingles else np.zeros(0, np.uint32)
        order = np.argsort(shingles, kind="stable")
        ranked, owned = shingles[order], owners[order].astype(np.int32)
        first, until = np.searchsorted(ranked, shingles, "left"), np.searchsorted(ranked, shingles, "right")
        had_by = until - first
        common = np.bincount(owners[had_by > _COMMON], minlength=len(lengths))
        telling = (had_by > 1) & (had_by <= _COMMON)
        totals = np.array(self._totals)
        reaches = np.minimum(np.array(self._reaches, np.int64), self._below)
        ends = np.cumsum(lengths)
        for mine in range(len(lengths)):
            at = slice(ends[mine] - lengths[mine], ends[mine])
            others = owned[_ranges(first[at][telling[at]], until[at][telling[at]])]
            met, shared = np.unique(others[others > mine], return_counts=True)
            reach = np.minimum(reaches[mine], reaches[met])
            expected = RELATED * np.minimum(totals[mine], totals[met]) * (reach / _WHOLE)
            enough = np.where(reach == _WHOLE, expected, _SLACK * expected) - _ROUNDED
            for other in met[shared + np.minimum(common[mine], common[met]) >= enough].tolist():
                yield self._places[mine], self._places[other]


def _neighbours(hashes: Integers, places: Integers) -> Iterator[tuple[int, int]]:
    """Pairs that have a hash in common, near ones first where many have it."""
    order = np.lexsort((places, hashes))
    hashes, places = hashes[order], places[order]
    for back in range(1, _BACK + 1):
        met = np.flatnonzero(hashes[back:] == hashes[:-back])
        pairs = np.unique(np.column_stack((places[met], places[met + back])), axis=0)
        yield from ((one, other) for one, other in pairs.tolist() if one != other)


def _ranges(first: Integers, until: Integers) -> Integers:
    """All numbers from each first up to its until, one range after the other."""
    lengths = until - first
    return np.repeat(until - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
