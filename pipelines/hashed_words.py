"""Words as numbers: a text folded to plain letters and digits, cut into words, each hashed; arithmetic on arrays.

Case and accents go; digits stay, and 1.000, 1,000 and 1 000 are one word. In scripts without spaces each character is
a word. The normal form keeps all that can change a meaning; this fold is quick, and forgives.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Hashes: TypeAlias = npt.NDArray[np.uint64]
_Codes: TypeAlias = npt.NDArray[np.uint32]
_Number = TypeVar("_Number", bound=np.generic)
_Flags: TypeAlias = npt.NDArray[np.bool_]

# What a character may fold to besides a letter: a gap between words, or nothing at all.
_GAP, _NOTHING = 0, 1
_ZERO, _NINE, _POINT, _SPACE = ord("0"), ord("9"), ord("."), ord(" ")
# Marks beside the letter: its script has no spaces; it is a capital; it stands for two letters; it ends a sentence.
_LETTER = np.uint32((1 << 21) - 1)
_UNSPACED, _CAPITAL, _EXPANDS, _END = (np.uint32(1 << bit) for bit in range(21, 25))
_ENDS = ".!?…。\n"
_TABLED = 0x3100  # alphabets, kana and punctuation; what lies above is regular
_UNSPACED_RANGES = (  # Thai, Lao, Burmese, Khmer, kana, Han
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
    folded = _folded(plain)
    if (folded & _EXPANDS).any():
        folded = _folded(plain.translate(_EXPANSION))
    letters = folded & _LETTER
    inside = letters != _GAP
    is_unspaced = (folded & _UNSPACED).astype(bool)
    begins = inside.copy()
    begins[1:] &= ~inside[:-1] | is_unspaced[1:] | is_unspaced[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        none, no_flags = np.empty(0, np.intp), np.empty(0, bool)
        return HashedWords("", none, none, np.empty(0, np.uint64), *(no_flags,) * 4)
    at = np.arange(len(letters), dtype=np.uint64)
    place = at - np.maximum.accumulate(np.where(begins, at, 0))
    spread = ((letters | place << np.uint64(21)) * _ODD) * inside
    initial, ended = folded[starts], np.cumsum(folded >= _END)[starts]
    first = initial & _LETTER
    return HashedWords(
        letters.tobytes().decode("utf-32-le", "surrogatepass"),
        starts,
        starts + np.add.reduceat(inside, starts, dtype=np.intp),
        mixed(np.add.reduceat(spread ^ spread >> np.uint64(32), starts)),
        (initial & _CAPITAL).astype(bool),
        np.diff(ended, prepend=-1) > 0,
        (first >= _ZERO) & (first <= _NINE),
        is_unspaced[starts],
    )


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The values in rising order, each once."""
    rising = np.sort(values)
    return rising[np.concatenate([[True], rising[1:] != rising[:-1]])] if len(rising) else rising


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


def _folded(plain: str) -> _Codes:
    """Each character of a text in NFKC as a letter or a gap, with its marks."""
    codes: _Codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4")
    above = codes >= _TABLED
    if above.any():
        folded = _table()[np.where(above, 0, codes)]
        high = codes[above]
        kept = np.where(_is_in(high, _LETTERS_ABOVE), high, np.where(_is_in(high, _NOTHING_ABOVE), _NOTHING, _GAP))
        folded[above] = kept | np.where(_is_in(high, _UNSPACED_RANGES), _UNSPACED, 0)
    else:
        folded = _table()[codes]
    _join_numbers(codes, folded)
    whole: _Codes = folded[folded != _NOTHING]
    return whole


def _join_numbers(codes: _Codes, folded: _Codes) -> None:
    """What stands between digits becomes a point, or nothing where it only groups them by three."""
    is_digit = np.zeros(len(folded) + 8, bool)  # four to either side, so that looking around needs no care
    is_digit[4:-4] = (folded >= _ZERO) & (folded <= _NINE)
    size = len(folded)

    def digit(offset: int) -> _Flags:
        return is_digit[4 + offset : 4 + offset + size]

    amid = digit(-1) & digit(1) & (folded & _LETTER == _GAP)
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
def _table() -> _Codes:
    """Each character below ``_TABLED`` as ``_folded`` gives it."""
    codes = np.arange(_TABLED, dtype=np.uint32)
    table = np.array([_fold(code) for code in range(_TABLED)], np.uint32)
    table |= np.where(_is_in(codes, _UNSPACED_RANGES) & (table > _NOTHING), _UNSPACED, 0)
    table |= np.array([_CAPITAL if chr(code).isupper() else 0 for code in range(_TABLED)], np.uint32)
    table |= np.where(np.isin(codes, [ord(each) for each in _ENDS]), _END, 0)
    table |= np.where(np.isin(codes, list(_EXPANSION)), _EXPANDS, 0)
    return table.astype(np.uint32)


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
