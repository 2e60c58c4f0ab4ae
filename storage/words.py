"""Words: the one tokeniser of search. What it makes of a text and of a question is compared as it stands.

Both databases index these tokens and nothing else, so a question means the same on each; diffs use them too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from operator import add

LONGEST = 200
"""Characters of the longest token; a longer word becomes several in a row. (PostgreSQL takes 2,046 bytes.)"""

# Scripts written without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han. Their runs become pairs.
_UNSPACED = (
    "\u0e00-\u0e4e\u0e80-\u0ecf\u1000-\u103f\u1050-\u108f\u1780-\u17df\u19e0-\u19ff\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u303b\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9fe\uaa60-\uaa7f"
    "\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_RUNS = re.compile(f"([{_UNSPACED}]+)|[^ {_UNSPACED}]+")
# White space and punctuation: what is no part of a word.
_BETWEEN = r"\s!-/:-@\[-`{-~\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u0964\u2010-\u205e\u3000-\u303f\uff01-\uff0f"
_PIECES = re.compile(rf"(?:\d+(?:[.,:/]\d+)+|[{_UNSPACED}]|[^{_BETWEEN}{_UNSPACED}]+|[^\n])[^\S\n]*|\n+", re.DOTALL)
# Letters that carry no separable mark, and what people type for them.
_LETTERS = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
_LETTERS |= {"ʼ": " ", "ʻ": " ", "ـ": ""}  # letters to Unicode, but written for an apostrophe, or to stretch a line
_NO_LETTERS = re.compile(r"[^\w\s\x00-\x7f]{31,}")  # where a long run of combining marks may be
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»„＂", '"'))
"""Every kind of double quote as the plain one, for ``str.translate``."""


class _Folding(dict[int, str]):
    """What each character becomes: folded letters and digits, nothing for marks and joiners, else a space."""

    def __missing__(self, code: int) -> str:
        folded = "".join(map(_fold, unicodedata.normalize("NFKD", chr(code).casefold())))
        self[code] = folded = unicodedata.normalize("NFKC", folded)
        return folded


_FOLDING = _Folding()


def folded(text: str) -> str:
    """``text`` as tokens are cut from it: letters and digits without case and diacritics, spaces between the words."""
    return unicodedata.normalize("NFKC", _NO_LETTERS.sub(_thinned, text)).translate(_FOLDING)


def tokens(text: str) -> list[str]:
    """The words of ``text`` in order, without case and diacritics: "Đặng's élections" is dang, s, elections.

    A word is a run of letters and digits. Runs of Chinese, Japanese, Thai, Lao, Khmer and Burmese become pairs of
    neighbouring characters (選挙区: 選挙, 挙区); one that stands alone stays itself. Takes time linear in the text.
    """
    plain = folded(text)
    words = plain.split()
    if not _HAS_UNSPACED.search(plain) and max(map(len, words), default=0) <= LONGEST:
        return words
    found: list[str] = []
    for run in _RUNS.finditer(plain):
        word = run.group()
        if run.group(1):
            found += map(add, word, word[1:]) if len(word) > 1 else word
        else:
            found += (word[at : at + LONGEST] for at in range(0, len(word), LONGEST))
    return found


def pieces(text: str) -> list[str]:
    """``text`` cut into words, numbers and single other characters, each with the spaces after it, and line breaks.

    Joined, they are ``text`` again. Scripts without spaces are cut at every character.
    """
    return _PIECES.findall(text)


def located(plain: str) -> Iterator[tuple[str, int, int]]:
    """The tokens of ``folded`` text, each with its start and end there; slower than ``tokens``, and the same."""
    for run in _RUNS.finditer(plain):
        start, end = run.span()
        size, step = (2, 1) if run.group(1) else (LONGEST, LONGEST)
        for at in range(start, max(start + 1, end - size + step), step):
            yield plain[at : min(at + size, end)], at, min(at + size, end)


def open_ended(term: tuple[str, ...]) -> bool:
    """Whether the last token of a term also stands for every token that begins with it: 5月 finds 5月に.

    So it is for a single character of a script without spaces, since a text has it in pairs. (A question of that one
    character alone does not find it at the end of a longer run: 山 finds 山は, not 富士山.)
    """
    return len(term[-1]) == 1 and _HAS_UNSPACED.match(term[-1]) is not None


def _thinned(run: re.Match[str]) -> str:
    """The run with at most 30 combining marks in a row: normalising takes time quadratic in their number."""
    kept: list[str] = []
    marks = 0
    for character in run.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= 30:  # as many as Unicode's stream-safe text format allows
            kept.append(character)
    return "".join(kept)


def _fold(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] in "LN":
        return _LETTERS.get(character, character)
    if category == "Cf" or (category[0] == "M" and not _is_letter_like(character)):
        return ""  # joiners, soft hyphens, accents
    return character if category[0] == "M" else " "


def _is_letter_like(mark: str) -> bool:
    """Whether a mark is a vowel or a tone of its script rather than an accent upon a letter."""
    kind = unicodedata.combining(mark)
    if kind:  # 7–9: nukta, kana voicing, virama; 84–132: vowels and tones from Telugu to Tibetan
        return 7 <= kind <= 9 or 84 <= kind <= 132
    return unicodedata.category(mark) != "Me" and not unicodedata.name(mark, "").startswith(
        ("VARIATION", "COMBINING", "MONGOLIAN FREE")
    )
