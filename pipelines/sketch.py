"""The sketch of an article: what near copies are found and told by. Made once, beside cleaning; compared in storage.

Short sequences of words (shingles) say how much two texts share. The lowest hashes of long sequences (anchors) are the
same in two texts that share much, and hardly ever in two that do not: so candidates are found by equality alone. Each
number and name is kept with its slot, the words around it: two texts that say 3-1 and 2-0 in the same slot are no copies.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from pipelines.hashed_words import Hashes, hashed_words, mixed, sequences
from pipelines.phrases import load_phrases
from pipelines.slots import slots_of
from storage.records import Sketch

SKETCH_VERSION = 1
"""Raise it whenever the sketch of any text changes."""

FEWEST_WORDS = 30
"""Shorter texts are the same or not the same; there is too little of them to liken."""

ANCHORS = 14
_ANCHOR, _SHINGLE, _AROUND, _TERM = (8, 16), (3, 5), (2, 4), (1, 2)  # words; characters in scripts without spaces
_ANCHOR_BITS, _SHINGLE_BITS, _TERM_BITS = 48, 24, 16
_MOST_SHINGLES = 4096  # of a longer text a sample
_MOST_TERMS = 4096
_LONGEST, _LONGEST_TITLE = 1_000_000, 300  # characters


def sketch(title: str, text: str, language: str | None = None) -> Sketch:
    """The sketch of an article, version ``SKETCH_VERSION``; of a text beyond a million characters the first million."""
    words = hashed_words(text[:_LONGEST])
    title_numbers, title_pattern = _heading(title)
    unspaced = int(np.count_nonzero(words.unspaced))
    found = Sketch(
        SKETCH_VERSION,
        language,
        len(words.hashes) - unspaced // 2,
        title_numbers=title_numbers,
        title_pattern=title_pattern,
    )
    if found.words < FEWEST_WORDS:
        return found
    script = int(2 * unspaced > len(words.hashes))
    shingles, reach = _shingles(sequences(words.hashes, _SHINGLE[script]))
    slots = slots_of(words, _AROUND[script])
    return replace(
        found,
        anchors=_anchors(sequences(words.hashes, _ANCHOR[script])),
        shingles=shingles,
        reach=reach,
        vocabulary=_vocabulary(sequences(words.hashes, _TERM[script])),
        numbers=slots.numbers,
        number_slots=slots.number_slots,
        names=slots.names,
        name_slots=slots.name_slots,
    )


def _shingles(found: Hashes) -> tuple[bytes, int]:
    """The distinct shingles, and below which hash they are all there."""
    shingles = np.unique((found >> np.uint64(64 - _SHINGLE_BITS)).astype("<u4"))
    reach = 1 << _SHINGLE_BITS
    while len(shingles) > _MOST_SHINGLES:
        reach >>= 1
        shingles = shingles[: np.searchsorted(shingles, reach)]
    return shingles.tobytes(), reach


def _vocabulary(found: Hashes) -> bytes:
    """The distinct terms; none where there are so many that their hashes would meet by chance."""
    terms = np.unique((found >> np.uint64(64 - _TERM_BITS)).astype("<u2"))
    return b"" if len(terms) > _MOST_TERMS else terms.tobytes()


def _anchors(found: Hashes) -> tuple[int, ...]:
    """The lowest hashes, each mixed again: values that lie low alone would crowd a part of the index."""
    if len(found) > 4 * ANCHORS:
        found = np.partition(found, 4 * ANCHORS)[: 4 * ANCHORS]
    return tuple((mixed(np.unique(found)[:ANCHORS]) >> np.uint64(64 - _ANCHOR_BITS)).tolist())


def _heading(title: str) -> tuple[tuple[str, ...], str]:
    """The numbers of a title, names of days and months among them, and the rest of its words with ``#`` for each."""
    words = hashed_words(title[:_LONGEST_TITLE])
    dates = _names_of_dates()
    each = np.arange(len(words.hashes))
    read = words.read(each, each)
    is_number = [number or word in dates for word, number in zip(read, words.numbers.tolist(), strict=True)]
    numbers = tuple(word for word, number in zip(read, is_number, strict=True) if number)
    return numbers, " ".join("#" if number else word for word, number in zip(read, is_number, strict=True))


@cache
def _names_of_dates() -> frozenset[str]:
    phrases = load_phrases()
    folded = (hashed_words(name) for name in (*phrases.weekdays, *phrases.months))
    return frozenset(each.letters for each in folded if len(each.hashes) == 1)
