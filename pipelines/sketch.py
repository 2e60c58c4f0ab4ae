"""The sketch of an article: what near copies are found and told by. Made once, beside cleaning; compared in storage.

Short sequences of words (shingles) say how much two texts share. The lowest hashes of long sequences (anchors) are the
same in two texts that share much, and hardly ever in two that do not: so candidates are found by equality alone. Slots
(``pipelines.slots``) tell copies from siblings: results of two matches that share nearly all their words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np

from pipelines.hashed_words import Hashes, distinct, hashed_words, mixed, sequences
from pipelines.phrases import load_phrases
from pipelines.slots import slots_of
from storage.records import Sketch

SKETCH_VERSION = 1
"""Raise it whenever the sketch of any text changes."""

FEWEST_WORDS = 30
"""Shorter texts are the same or not the same; there is too little of them to liken."""

ANCHORS = 14
_MOST_PROBES, _PROBE_WORDS = 64, 40  # a text of more than 560 words may hold several of average length
_ANCHOR, _SHINGLE, _AROUND = (8, 16), (3, 5), (2, 4)  # words; characters in scripts without spaces
_ANCHOR_BITS, _SHINGLE_BITS, _TERM_BITS = 48, 24, 16
_MOST_SHINGLES = 4096  # of a longer text a sample
_MOST_TERMS = 4096
_LONGEST, _LONGEST_TITLE = 1_000_000, 300  # characters
_WORD = re.compile(r"\d+|[^\W\d]+")
_MARKS = re.compile("[\u0300-\u036f]")


def sketch(title: str, text: str, language: str | None = None) -> Sketch:
    """The sketch of an article, version ``SKETCH_VERSION``; of a text beyond a million characters the first million."""
    words = hashed_words(text[:_LONGEST])
    title_numbers, title_pattern = _heading(title)
    unspaced = int(np.count_nonzero(words.unspaced))
    count = len(words.hashes) - unspaced // 2
    if count < FEWEST_WORDS:
        return Sketch(SKETCH_VERSION, language, count, title_numbers=title_numbers, title_pattern=title_pattern)
    script = int(2 * unspaced > len(words.hashes))
    shingles, reach = _shingles(sequences(words.hashes, _SHINGLE[script]))
    most = max(ANCHORS, min(_MOST_PROBES, count // _PROBE_WORDS))
    lowest = _lowest(sequences(words.hashes, _ANCHOR[script]), most)
    slots = slots_of(words, _AROUND[script])
    return Sketch(
        SKETCH_VERSION,
        language,
        count,
        anchors=lowest[:ANCHORS],
        probes=lowest[ANCHORS:],
        shingles=shingles,
        reach=reach,
        vocabulary=_vocabulary(sequences(words.hashes, 2) if script else words.hashes),
        numbers=slots.numbers,
        number_slots=slots.number_slots,
        names=slots.names,
        name_slots=slots.name_slots,
        title_numbers=title_numbers,
        title_pattern=title_pattern,
    )


def _shingles(found: Hashes) -> tuple[bytes, int]:
    """The distinct shingles, and below which hash they are all there."""
    shingles = distinct((found >> np.uint64(64 - _SHINGLE_BITS)).astype("<u4"))
    reach = 1 << _SHINGLE_BITS
    while len(shingles) > _MOST_SHINGLES:
        reach >>= 1
        shingles = shingles[: np.searchsorted(shingles, reach)]
    return shingles.tobytes(), reach


def _vocabulary(found: Hashes) -> bytes:
    """The distinct terms; none where there are so many that their hashes would meet by chance."""
    terms = distinct((found >> np.uint64(64 - _TERM_BITS)).astype("<u2"))
    return b"" if len(terms) > _MOST_TERMS else terms.tobytes()


def _lowest(found: Hashes, most: int) -> tuple[int, ...]:
    """The lowest hashes, each mixed again: values that lie low alone would crowd a part of the index."""
    if len(found) > 4 * most:
        found = np.partition(found, 4 * most)[: 4 * most]
    return tuple((mixed(distinct(found)[:most]) >> np.uint64(64 - _ANCHOR_BITS)).tolist())


def _heading(title: str) -> tuple[tuple[str, ...], str]:
    """The numbers of a title, names of days and months among them, and the rest of its words with ``#`` for each."""
    words = _WORD.findall(_plain(title[:_LONGEST_TITLE]))
    dates = _names_of_dates()
    numbers = tuple(word for word in words if word[0].isdigit() or word in dates)
    return numbers, " ".join("#" if word[0].isdigit() or word in dates else word for word in words)


@cache
def _names_of_dates() -> frozenset[str]:
    """Of days and months in all languages; those of two letters are words of others."""
    phrases = load_phrases()
    names = map(_plain, (*phrases.weekdays, *phrases.months))
    return frozenset(name for name in names if len(name) > 2 and _WORD.fullmatch(name))


def _plain(title: str) -> str:
    """Without case and accents."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", title).casefold())
