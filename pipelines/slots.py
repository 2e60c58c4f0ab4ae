"""Slots: each number of a text, and each name of its lead, with a hash of the words around it.

Two texts that have a slot in common, filled otherwise, are siblings of one make rather than copies: "lost 3-1 to".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.hashed_words import HashedWords, mixed, sequences

_MOST_NUMBERS, _MOST_NAMES = 256, 48
_LEAD = 120  # words
_MOST_CAPITALS = 0.6  # of all words; where more begin with one it says nothing
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

    What begins a sentence is no name, and what stands among numbers and names alone, as in a list, has no slot.
    """
    is_name = words.capitals
    if np.count_nonzero(is_name) > _MOST_CAPITALS * len(is_name):
        is_name = np.zeros(len(is_name), bool)
    goes_on = is_name & np.concatenate([[False], is_name[:-1]]) & ~words.first
    at = np.flatnonzero(~goes_on)
    last = np.append(at[1:], len(is_name)) - 1
    is_number, is_name = words.numbers[at], is_name[at]
    found = _around(np.where(is_number, _NUMBER, np.where(is_name, _NAME, words.hashes[at])), around)
    numbers = np.flatnonzero(is_number)[:_MOST_NUMBERS]
    names = np.flatnonzero(is_name & ~words.first[at] & (at < _LEAD))[:_MOST_NAMES]
    return Slots(
        words.read(at[numbers], at[numbers]),
        found[numbers].tobytes(),
        words.read(at[names], last[names]),
        found[names].tobytes(),
    )


def _around(masked: npt.NDArray[np.uint64], around: int) -> npt.NDArray[np.uint32]:
    """For each word a hash of those beside it; 0 where fewer than half of them are plain words."""
    size = len(masked)
    padded = np.concatenate([np.zeros(around, np.uint64), masked, np.zeros(around, np.uint64)])
    beside = sequences(padded, around)
    slots = mixed(beside[:size] + (beside[around + 1 :] << np.uint64(1))) >> np.uint64(32)
    plain = np.cumsum(np.concatenate([[False], padded > _NAME]), dtype=np.int32)
    slots[plain[2 * around + 1 :] - plain[:size] - (masked > _NAME) < around] = 0
    return slots.astype("<u4")
