"""The sketch of an article: what near copies are found and told by. Made once, beside cleaning; compared in storage.

The text is folded to plain letters and digits and cut into words; in scripts without spaces each character is a word.
Short sequences of words (shingles) say how much two texts share. The lowest hashes of long sequences (anchors) are the
same in two texts that share much, and hardly ever in two that do not: so candidates are found by equality alone.
All of it is arithmetic on arrays, a few hundred microseconds for an article.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from storage.records import Sketch

SKETCH_VERSION = 1
"""Raise it whenever the sketch of any text changes."""

FEWEST_WORDS = 30
"""Shorter texts are the same or not the same; there is too little of them to liken."""

ANCHORS = 16
_ANCHOR_WORDS, _SHINGLE_WORDS = 8, 3
_ANCHOR_CHARACTERS, _SHINGLE_CHARACTERS = 16, 5
_MOST_SHINGLES = 4096  # of a longer text a sample; 16 kB
_MOST_NUMBERS = 512
_LONGEST = 1_000_000  # characters
_TITLE, _LEAD = 300, 600  # characters looked at
_MOST_NAMES = 48

_Array: TypeAlias = npt.NDArray[np.uint64]

_NUMBER = re.compile(r"\d{1,3}(?:[ .,'’]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,:/]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:[ .,'’]\d{3})+(?!\d)")
_GAPS = re.compile(r"[ .,'’]")
_JOINS = re.compile(r"[,:/]")
_WORD = re.compile(r"\w+")
_MARKS = re.compile("[\u0300-\u036f]")

# Folding of characters to one letter each, as codes: 0 parts words, 1 is left out.
_PARTS, _DROPPED = 0, 1
_TABLED = 0x3100  # alphabets and kana, general punctuation; what lies above is regular
_UNSPACED = (  # Thai, Lao, Burmese, Khmer, kana, Han
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_LETTERS_ABOVE = (
    (0x3100, 0x31FF),
    (0x3400, 0xD7FF),
    (0xF900, 0xFDFF),
    (0xFE70, 0xFEFC),
    (0x10000, 0x1CFFF),
    (0x20000, 0x3FFFF),
)
_DROPPED_ABOVE = ((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0100, 0xE01EF))
_EXPANSION = str.maketrans({"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"})
_EXPANDS = re.compile("[ßẞæÆœŒþÞ]")
_LETTERS = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i"}
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, and the mixing of splitmix64 below: public domain
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class _Words(NamedTuple):
    """Hashes of the words of a text in order, and how many of them are characters of a script without spaces."""

    hashes: _Array
    unspaced: int


def sketch(title: str, text: str, language: str | None = None) -> Sketch:
    """The sketch of an article, version ``SKETCH_VERSION``; of a text beyond a million characters the first million."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST])
    words = _words(plain)
    count = len(words.hashes) - words.unspaced // 2
    heading = unicodedata.normalize("NFKC", title[:_TITLE])
    found = Sketch(SKETCH_VERSION, language, count, title_numbers=_numbers(heading), title_pattern=_pattern(heading))
    if count < FEWEST_WORDS:
        return found
    is_unspaced = 2 * words.unspaced > len(words.hashes)
    long, short = (_ANCHOR_CHARACTERS, _SHINGLE_CHARACTERS) if is_unspaced else (_ANCHOR_WORDS, _SHINGLE_WORDS)
    shingles, reach = _shingles(words.hashes, short)
    return replace(
        found,
        anchors=_anchors(_sequences(words.hashes, long)),
        shingles=shingles,
        reach=reach,
        numbers=_numbers(plain),
        names=_names(plain[:_LEAD]),
    )


def _shingles(words: _Array, length: int) -> tuple[bytes, int]:
    """The distinct shingles, and below which hash they are all there."""
    found = np.unique((_sequences(words, length) >> np.uint64(32)).astype(np.uint32))
    reach = 1 << 32
    while len(found) > _MOST_SHINGLES:
        reach >>= 1
        found = found[: np.searchsorted(found, reach)]
    return found.astype("<u4").tobytes(), reach


def _words(plain: str) -> _Words:
    """The words of a text in NFKC, folded and hashed."""
    if _EXPANDS.search(plain):
        plain = plain.translate(_EXPANSION)
    folded, is_unspaced = _folded(np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4"))
    inside = folded != _PARTS
    begins = inside.copy()
    begins[1:] &= ~inside[:-1] | is_unspaced[1:] | is_unspaced[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        return _Words(np.empty(0, np.uint64), 0)
    at = np.arange(len(folded), dtype=np.uint64)
    place = at - np.maximum.accumulate(np.where(begins, at, 0))
    letters = _mixed(folded + (place << np.uint64(21)))
    letters[~inside] = 0
    return _Words(np.add.reduceat(letters, starts), int(np.count_nonzero(is_unspaced[starts])))


def _folded(codes: npt.NDArray[np.uint32]) -> tuple[_Array, npt.NDArray[np.bool_]]:
    """Each character as one letter, or 0 for what parts words; and whether its script has no spaces."""
    folding, unspaced = _tables()
    above = codes >= _TABLED
    if above.any():
        within = np.where(above, 0, codes)
        folded, is_unspaced = folding[within], unspaced[within]
        high = codes[above]
        folded[above] = np.where(_is_in(high, _LETTERS_ABOVE), high, _PARTS)
        folded[above & _is_in(codes, _DROPPED_ABOVE)] = _DROPPED
        is_unspaced[above] = _is_in(high, _UNSPACED)
    else:
        folded, is_unspaced = folding[codes], unspaced[codes]
    kept = folded != _DROPPED
    return folded[kept], is_unspaced[kept]


def _is_in(codes: npt.NDArray[np.uint32], ranges: tuple[tuple[int, int], ...]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(codes), bool)
    for first, last in ranges:
        found |= (codes >= first) & (codes <= last)
    return found


@cache
def _tables() -> tuple[_Array, npt.NDArray[np.bool_]]:
    """What each character below ``_TABLED`` folds to, and whether its script has no spaces."""
    folding = np.array([_fold(code) for code in range(_TABLED)], np.uint64)
    return folding, _is_in(np.arange(_TABLED, dtype=np.uint32), _UNSPACED)


def _fold(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    if category == "Nd":
        return ord(str(unicodedata.decimal(character)))
    is_accented = code < 0x0900 or 0x1AB0 <= code < 0x2100  # elsewhere a mark is a vowel or tells letters apart
    if category == "Cf" or character == "ـ" or (category[0] == "M" and is_accented):
        return _DROPPED
    if category[0] not in "LNM":
        return _PARTS
    small = character.casefold()
    small = unicodedata.normalize("NFD", small)[0] if is_accented else small[0]
    return ord(_LETTERS.get(small, small))


def _mixed(values: _Array) -> _Array:
    """splitmix64's mixing: every bit of a value bears on every bit of the result."""
    values = values * _ODD
    values ^= values >> np.uint64(30)
    values *= _MIX[0]
    values ^= values >> np.uint64(27)
    values *= _MIX[1]
    values ^= values >> np.uint64(31)
    return values


def _sequences(words: _Array, length: int) -> _Array:
    """Hashes of each ``length`` words in a row."""
    count = max(0, len(words) - length + 1)
    total = np.zeros(count, np.uint64)
    weight = 1
    for at in range(length):
        total += words[at : at + count] * np.uint64(weight)
        weight = weight * int(_ODD) % (1 << 64)
    return _mixed(total)


def _anchors(sequences: _Array) -> tuple[int, ...]:
    if len(sequences) > 4 * ANCHORS:
        sequences = np.partition(sequences, 4 * ANCHORS)[: 4 * ANCHORS]
    lowest = np.unique(sequences)[:ANCHORS]
    return tuple(_mixed(lowest).view(np.int64).tolist())


def _numbers(plain: str) -> tuple[str, ...]:
    """The numbers of a text in order: 1.000, 1,000 and 1 000 are 1000; 1,5 is 1.5."""
    found = []
    for number in _NUMBER.findall(plain)[:_MOST_NUMBERS]:
        if not number.isdigit():
            number = _GROUPED.sub(lambda group: _GAPS.sub("", group.group()), number)  # noqa: PLW2901 - in plain form
            number = _JOINS.sub(".", number)  # noqa: PLW2901
        found.append(number if number.isascii() else "".join(map(_plain_digit, number)))
    return tuple(found)


def _plain_digit(character: str) -> str:
    return str(unicodedata.decimal(character, character))


def _pattern(heading: str) -> str:
    """The words of a title, folded, with ``#`` for each number."""
    return " ".join("#" if word.isdigit() else word for word in _WORD.findall(_plain(_NUMBER.sub(" 0 ", heading))))


def _names(lead: str) -> tuple[str, ...]:
    """The words of a lead that begin with a capital, folded."""
    found = [word for word in _WORD.findall(lead) if word[0].isupper()]
    return tuple(_plain(word) for word in found[:_MOST_NAMES])


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return _MARKS.sub("", decomposed).replace("đ", "d")
