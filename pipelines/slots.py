"""Slots: each number of a text, and each name of its lead, with a hash of the words around it.

Two texts that have a slot in common, filled otherwise, are siblings of one make rather than copies: "lost 3-1 to".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from pipelines.hashed_words import HashedWords, Hashes, mixed

_MOST_NUMBERS, _MOST_NAMES = 256, 48
_LEAD = 120  # words
_MOST_CAPITALS = 0.6  # of all words; where more begin with one it says nothing
_WEIGHTS = np.array([pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(1, 9)], np.uint64)
_NUMBER, _NAME = np.uint64(1), np.uint64(2)  # what stands for each number, and each name, among the words around


@dataclass(frozen=True, slots=True)
class Slots:
    """Numbers and names in order, folded; beside each list the slots, uint32 little-endian, 0 where there is none."""

    numbers: tuple[str, ...]
    number_slots: bytes
    names: tuple[str, ...]
    name_slots: bytes


def slots_of(words: HashedWords, around: int) -> Slots:
    """The slots of a text, ``around`` words to either side. A name is all words with a capital in a row.

    A word that begins a sentence is none by itself; what stands among numbers and names alone has no slot.
    """
    size = len(words.hashes)
    capitals = words.capitals.nonzero()[0]
    if len(capitals) > _MOST_CAPITALS * size:
        capitals = capitals[:0]
    is_start = np.ones(len(capitals) + 1, bool)  # of a name; the last stands for what follows
    is_start[1:-1] = (capitals[1:] - capitals[:-1] > 1) | words.first.take(capitals[1:])
    starts = is_start.nonzero()[0]
    opens, last = capitals.take(starts[:-1]), capitals.take(starts[1:] - 1)
    gone = capitals[~is_start[:-1]]  # all but the first word of each name
    is_kept = np.ones(size, bool)
    is_kept[gone] = False
    numbers = words.numbers.nonzero()[0]
    masked = words.hashes.copy()
    masked[numbers] = _NUMBER
    masked[opens] = _NAME
    padded = np.zeros(size + 2 * around - len(capitals) + len(opens), np.uint64)
    padded[around:-around] = masked[is_kept]
    numbers = numbers[:_MOST_NUMBERS]
    named = np.flatnonzero((opens < _LEAD) & (~words.first.take(opens) | (last > opens)))[:_MOST_NAMES]
    names = opens.take(named)
    places = np.concatenate([numbers, names])
    slots = _around(padded, places - gone.searchsorted(places), around)
    read = words.read(places, np.concatenate([numbers, last.take(named)]))
    count = len(numbers)
    return Slots(read[:count], slots[:count].tobytes(), read[count:], slots[count:].tobytes())


def _around(padded: Hashes, at: npt.NDArray[np.intp], around: int) -> npt.NDArray[np.uint32]:
    """For words at some places a hash of those beside them; 0 where none of these is a plain word."""
    context = padded.take(at[:, None] + _beside(around))
    slots = mixed(context @ _WEIGHTS[: 2 * around]) >> np.uint64(32)
    slots[(context > _NAME).sum(1) == 0] = 0
    return slots.astype("<u4")


@cache
def _beside(around: int) -> npt.NDArray[np.intp]:
    return np.array([*range(around), *range(around + 1, 2 * around + 1)])
