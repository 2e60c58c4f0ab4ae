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

# What a character folds to: a letter, below bit 21, or a gap between words, or nothing at all. Marks beside it: digit,
# of a script without spaces, capital, more letters or less in NFKC, beyond the table, end of a sentence.
_GAP, _LETTER = np.uint32(0), np.uint32((1 << 21) - 1)
_NOTHING, _DIGIT, _UNSPACED, _CAPITAL, _RARE, _ABOVE, _END = (np.uint32(1 << bit) for bit in range(21, 28))
_ENDS = ".!?…。\n"
_EDGE = "\n" * 4  # so that looking around needs no care
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
_FORMS = ((0xF900, 0xFFEF), (0x1D400, 0x1D7FF), (0x2F800, 0x2FA1F))  # characters in other forms, for NFKC to tell
_NOTHING_ABOVE = ((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0100, 0xE01EF))
_LETTERS = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i"}  # that carry no separable mark
_EXPANSION = str.maketrans({"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"})
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio
_MIX, _HALF = np.uint64(0xD6E8FEB86659FD93), np.uint64(32)


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
        found = [self.letters[start:end] for start, end in spans]
        return tuple(" ".join(each.replace("\0", " ").split()) if "\0" in each else each for each in found)


def hashed_words(text: str) -> HashedWords:
    """The words of a text, in time linear in it."""
    folded, marks = _folded(text)
    if marks & _RARE:
        folded, marks = _folded(unicodedata.normalize("NFKC", text).translate(_EXPANSION))
    letters = folded & _LETTER
    inside = letters != _GAP
    edges = (inside[1:] != inside[:-1]).nonzero()[0] + 1
    starts, ends = edges[::2], edges[1::2]
    if marks & _UNSPACED:
        starts, ends = _parted(inside, folded & _UNSPACED != 0)
    if not len(starts):
        no_flags = np.empty(0, bool)
        return HashedWords("", starts, ends, np.empty(0, np.uint64), *(no_flags,) * 4)
    powers, inverses = _powers(len(letters).bit_length())
    sums = np.add.reduceat(letters * powers[: len(letters)], starts)  # gaps are 0
    initial = folded.take(starts)
    return HashedWords(
        letters.tobytes().decode("utf-32-le", "surrogatepass"),
        starts,
        ends,
        mixed(sums * inverses.take(starts)),
        initial & _CAPITAL != 0,
        _after((folded >= _END).nonzero()[0], starts),
        initial & _DIGIT != 0,
        initial & _UNSPACED != 0,
    )


def _parted(inside: _Flags, is_unspaced: _Flags) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where words begin and end, if each character of a script without spaces is one."""
    parts = (inside[1:] != inside[:-1]) | is_unspaced[1:] | is_unspaced[:-1]
    begins, closes = inside[1:] & parts, inside[:-1] & parts
    return begins.nonzero()[0] + 1, closes.nonzero()[0] + 1


@cache
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """Powers of an odd number, as many as ``bits`` count, and their inverses: a word hashes alike wherever it is."""
    of = [np.full(1 << bits, factor, np.uint64) for factor in (int(_ODD), pow(int(_ODD), -1, 1 << 64))]
    return np.multiply.accumulate(of[0]), np.multiply.accumulate(of[1])


def _after(marks: npt.NDArray[np.intp], starts: npt.NDArray[np.intp]) -> _Flags:
    """Which words are the first after a mark."""
    found = np.zeros(len(starts) + 1, bool)
    found[starts.searchsorted(marks)] = True
    return found[:-1]


def distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The values in rising order, each once."""
    rising = np.sort(values)
    is_new = np.ones(len(rising), bool)
    np.not_equal(rising[1:], rising[:-1], out=is_new[1:])
    return rising[is_new]


def mixed(values: Hashes) -> Hashes:
    """Hashes of hashes: every bit of a value bears on the high bits of the result, which are the ones to use."""
    return (values ^ values >> _HALF) * _MIX


def sequences(words: Hashes, length: int) -> Hashes:
    """Hashes of each ``length`` words in a row: polynomials in an odd number, of which the high bits are to be used."""
    count = len(words) - length + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    whole: Hashes = words
    taken, piece, size = 0, words, 1  # piece: of so many words in a row
    while True:
        factor = np.uint64(pow(int(_ODD), size, 1 << 64))
        if length & size:
            part = piece[taken : taken + count]
            whole = whole * factor + part if taken else part
            taken += size
        if taken == length:
            return whole
        piece = piece[:-size] * factor + piece[size:]
        size *= 2


def _folded(plain: str) -> tuple[_Codes, int]:
    """Each character of a text, and of gaps around it, as a letter or a gap with its marks; and all marks."""
    codes = np.frombuffer(f"{_EDGE}{plain}{_EDGE}".encode("utf-32-le", "surrogatepass"), "<u4")
    folded = _table().take(codes, mode="clip")
    marks = int(np.bitwise_or.reduce(folded))
    if marks & _ABOVE:
        above = codes >= _TABLED
        high = codes[above]
        kept = np.where(_is_in(high, _LETTERS_ABOVE), high, np.where(_is_in(high, _NOTHING_ABOVE), _NOTHING, _GAP))
        folded[above] = (
            kept | np.where(_is_in(high, _UNSPACED_RANGES), _UNSPACED, 0) | np.where(_is_in(high, _FORMS), _RARE, 0)
        )
        marks = int(np.bitwise_or.reduce(folded))
    if marks & _DIGIT:
        marks |= _join_numbers(codes, folded)
    return folded[folded != _NOTHING] if marks & _NOTHING else folded, marks


def _join_numbers(codes: _Codes, folded: _Codes) -> int:
    """What stands between digits becomes a point, or nothing where it groups them by three; the marks that it adds."""
    digits = (folded & _DIGIT != 0).nonzero()[0]
    at = digits[:-1][digits[1:] - digits[:-1] == 2] + 1
    at = at[folded.take(at) & _LETTER == _GAP]
    if not len(at):
        return 0
    before, after = (folded.take(at[:, None] + beside) & _DIGIT != 0 for beside in ([-4, -3, -2], [2, 3, 4]))
    groups = after[:, 0] & after[:, 1] & ~after[:, 2] & ~before.all(1)
    mark = codes.take(at)
    joins = (mark == ord(".")) | (mark == ord(",")) | (mark == ord(":"))
    folded[at[joins]] = ord(".")
    nothing = at[groups & (joins | (mark == ord(" ")) | (mark == ord("'")) | (mark == ord("’")))]
    folded[nothing] = _NOTHING
    return int(_NOTHING) if len(nothing) else 0


def _is_in(codes: _Codes, ranges: tuple[tuple[int, int], ...]) -> _Flags:
    found = np.zeros(len(codes), bool)
    for first, last in ranges:
        found |= (codes >= first) & (codes <= last)
    return found


@cache
def _table() -> _Codes:
    """Each character below ``_TABLED`` as ``_folded`` gives it; a last one stands for all above."""
    codes = np.arange(_TABLED, dtype=np.uint32)
    forms = [unicodedata.normalize("NFKC", chr(code)) for code in codes.tolist()]
    folds = [[_fold(character) for character in form] for form in forms]
    table = np.array([found[0] if len(found) == 1 else int(_GAP) for found in folds], np.uint32)
    letters = (table != _GAP) & (table != _NOTHING)
    rare = [_is_rare(chr(code), found) for code, found in zip(codes.tolist(), folds, strict=True)]
    table |= np.where((table >= ord("0")) & (table <= ord("9")), _DIGIT, 0)
    table |= np.where(_is_in(codes, _UNSPACED_RANGES) & letters, _UNSPACED, 0)
    table |= np.where([form.isupper() for form in forms], _CAPITAL, 0)
    table |= np.where(np.isin(codes, [ord(each) for each in _ENDS]), _END, 0)
    table |= np.where(np.array(rare) | np.isin(codes, list(_parts())), _RARE, 0)
    return np.append(table, _ABOVE).astype(np.uint32)


def _fold(character: str) -> int:
    """A character in NFKC as a letter, a gap or nothing."""
    category = unicodedata.category(character)
    if category == "Nd":
        return ord(str(unicodedata.decimal(character)))
    is_accented = _is_accented(ord(character))
    if category == "Cf" or character == "ـ" or (category[0] == "M" and is_accented):
        return int(_NOTHING)
    if category[0] not in "LNM":
        return int(_GAP)
    small = character.casefold()
    small = unicodedata.normalize("NFD", small)[0] if is_accented else small[0]
    return ord(_LETTERS.get(small, small))


def _is_accented(code: int) -> bool:
    """Whether a mark there is an accent; elsewhere it is a vowel, or tells letters apart."""
    return code < 0x0900 or 0x1AB0 <= code < 0x2100


def _is_rare(character: str, folds: list[int]) -> bool:
    """Whether a character stands for several letters."""
    return ord(character) in _EXPANSION or (len(folds) > 1 and any(each not in (_GAP, _NOTHING) for each in folds))


def _parts() -> set[int]:
    """Marks and letters, other than accents, that NFKC may join to what stands before them."""
    whole = (unicodedata.normalize("NFD", chr(code)) for code in range(_TABLED) if not _is_accented(code))
    return {ord(each) for form in whole for each in form[1:]} | set(range(0x1100, 0x1200))  # the last: Hangul
