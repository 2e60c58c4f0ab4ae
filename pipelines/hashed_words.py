"""Words as numbers: a text folded to plain letters and digits, cut into words, each hashed; arithmetic on arrays.

Case and accents go; digits stay, and 1.000, 1,000 and 1 000 are one word. In scripts without spaces each character is a
word. Another fold than the normal form's, which must keep what can change a meaning: this one must be quick, and forgive.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Hashes: TypeAlias = npt.NDArray[np.uint64]
_Codes: TypeAlias = npt.NDArray[np.uint32]
_Flags: TypeAlias = npt.NDArray[np.bool_]

# What a character may fold to besides a letter: a gap between words, or nothing at all.
_GAP, _NOTHING = 0, 1
_ZERO, _NINE, _POINT, _SPACE = ord("0"), ord("9"), ord("."), ord(" ")
_TABLED = 0x3100  # alphabets, kana and punctuation; what lies above is regular
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
_NOTHING_ABOVE = ((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0100, 0xE01EF))
_LETTERS = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i"}  # that carry no separable mark
_EXPANSION = str.maketrans({"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"})
_EXPANDS = re.compile("[ßẞæÆœŒþÞ]")
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio; with the two below the mixing of splitmix64, public domain
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class HashedWords:
    """The words of a text in order, as arrays of one length. Word i reads ``letters[starts[i]:ends[i]]``.

    capitals: begins with a capital. first: is the first of a sentence. numbers: begins with a digit. unspaced: is a
    character of a script without spaces.
    """

    letters: str
    starts: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    hashes: Hashes
    capitals: _Flags
    first: _Flags
    numbers: _Flags
    unspaced: _Flags

    def read(self, first: npt.NDArray[np.intp], last: npt.NDArray[np.intp]) -> tuple[str, ...]:
        """What stands from each first word to its last, folded, single spaces between words."""
        spans = zip(self.starts[first].tolist(), self.ends[last].tolist(), strict=True)
        return tuple(" ".join(self.letters[start:end].replace("\0", " ").split()) for start, end in spans)


def hashed_words(text: str) -> HashedWords:
    """The words of a text, in time linear in it."""
    plain = unicodedata.normalize("NFKC", text)
    if _EXPANDS.search(plain):
        plain = plain.translate(_EXPANSION)
    folded, is_unspaced, is_capital, is_end = _folded(np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4"))
    inside = folded != _GAP
    begins = inside.copy()
    begins[1:] &= ~inside[:-1] | is_unspaced[1:] | is_unspaced[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        none, no_flags = np.empty(0, np.intp), np.empty(0, bool)
        return HashedWords("", none, none, np.empty(0, np.uint64), *(no_flags,) * 4)
    at = np.arange(len(folded))
    place = at - np.maximum.accumulate(np.where(begins, at, 0))
    letters = mixed(folded.astype(np.uint64) + (place.astype(np.uint64) << np.uint64(21)))
    letters[~inside] = 0
    initial, ended = folded[starts], np.cumsum(is_end)[starts]
    return HashedWords(
        folded.tobytes().decode("utf-32-le", "surrogatepass"),
        starts,
        starts + np.add.reduceat(inside, starts, dtype=np.intp),
        np.add.reduceat(letters, starts),
        is_capital[starts],
        np.diff(ended, prepend=-1) > 0,
        (initial >= _ZERO) & (initial <= _NINE),
        is_unspaced[starts],
    )


def mixed(values: Hashes) -> Hashes:
    """Hashes of hashes: every bit of a value bears on every bit of the result."""
    values = values * _ODD
    values ^= values >> np.uint64(30)
    values *= _MIX[0]
    values ^= values >> np.uint64(27)
    values *= _MIX[1]
    values ^= values >> np.uint64(31)
    return values


def sequences(words: Hashes, length: int) -> Hashes:
    """Hashes of each ``length`` words in a row."""
    count = max(0, len(words) - length + 1)
    total = np.zeros(count, np.uint64)
    weight = 1
    for at in range(length):
        total += words[at : at + count] * np.uint64(weight)
        weight = weight * int(_ODD) % (1 << 64)
    return mixed(total)


def _folded(codes: _Codes) -> tuple[_Codes, _Flags, _Flags, _Flags]:
    """Each character as one letter or a gap; whether its script has no spaces, it is a capital, it ends a sentence."""
    folding, *tables = _tables()
    above = codes >= _TABLED
    if above.any():
        within = np.where(above, 0, codes)
        folded, (is_unspaced, is_capital, is_end) = folding[within], (table[within] for table in tables)
        high = codes[above]
        folded[above] = np.where(_is_in(high, _LETTERS_ABOVE), high, _GAP)
        folded[above & _is_in(codes, _NOTHING_ABOVE)] = _NOTHING
        is_unspaced[above] = _is_in(high, _UNSPACED)
    else:
        folded, (is_unspaced, is_capital, is_end) = folding[codes], (table[codes] for table in tables)
    _join_numbers(codes, folded)
    kept = folded != _NOTHING
    return folded[kept], is_unspaced[kept], is_capital[kept], is_end[kept]


def _join_numbers(codes: _Codes, folded: _Codes) -> None:
    """What stands between digits becomes a point, or nothing where it only groups them by three."""
    is_digit = np.zeros(len(folded) + 8, bool)  # four to either side, so that looking around needs no care
    is_digit[4:-4] = (folded >= _ZERO) & (folded <= _NINE)
    size = len(folded)

    def digit(offset: int) -> _Flags:
        return is_digit[4 + offset : 4 + offset + size]

    amid = digit(-1) & digit(1) & (folded == _GAP)
    at = np.flatnonzero(amid)
    if not len(at):
        return
    around = {offset: digit(offset)[at] for offset in (-4, -3, -2, 2, 3, 4)}
    groups = around[2] & around[3] & ~around[4] & ~(around[-2] & around[-3] & around[-4])
    mark = codes[at]
    joins = (mark == _POINT) | (mark == ord(",")) | (mark == ord(":"))
    folded[at[joins]] = _POINT
    folded[at[groups & (joins | (mark == _SPACE) | (mark == ord("'")) | (mark == ord("’")))]] = _NOTHING


def _is_in(codes: _Codes, ranges: tuple[tuple[int, int], ...]) -> _Flags:
    found = np.zeros(len(codes), bool)
    for first, last in ranges:
        found |= (codes >= first) & (codes <= last)
    return found


@cache
def _tables() -> tuple[_Codes, _Flags, _Flags, _Flags]:
    """As ``_folded`` tells them, of each character below ``_TABLED``."""
    folding = np.array([_fold(code) for code in range(_TABLED)], np.uint32)
    capital = np.array([chr(code).isupper() for code in range(_TABLED)], bool)
    end = np.array([chr(code) in ".!?…。\n" for code in range(_TABLED)], bool)
    return folding, _is_in(np.arange(_TABLED, dtype=np.uint32), _UNSPACED), capital, end


def _fold(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    if category == "Nd":
        return ord(str(unicodedata.decimal(character)))
    is_accented = code < 0x0900 or 0x1AB0 <= code < 0x2100  # elsewhere a mark is a vowel, or tells letters apart
    if category == "Cf" or character == "ـ" or (category[0] == "M" and is_accented):
        return _NOTHING
    if category[0] not in "LNM":
        return _GAP
    small = character.casefold()
    small = unicodedata.normalize("NFD", small)[0] if is_accented else small[0]
    return ord(_LETTERS.get(small, small))
