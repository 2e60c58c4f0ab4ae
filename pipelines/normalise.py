"""The normal form of a text: two texts with the same normal form are the same text, whatever their typography.

NFKC and case folded; invisible characters away; Vietnamese tone marks in one place; white space and punctuation
folded to single spaces. What can change a meaning stays: letters, diacritics, digits, symbols, ``%``, and a sign or
``. , : /`` before a digit (1.5 is not 15, -5 is not 5, $5 is not €5).
"""

from __future__ import annotations

import re
import unicodedata

NORM_VERSION = 1
"""Raise it whenever the normal form of any text changes: keys of different versions never compare."""

_JOINS_DIGITS = "-.,:/"
_DASHES = "−‐‑‒–—"
_LOOSE_JOIN = re.compile(rf"[{re.escape(_JOINS_DIGITS)}](?!\d)")

# A tone mark of an open oa, oe, uy stands on either vowel (hoà, hòa): put it on the first. After q the u is no vowel.
_TONED = {
    pair[0] + toned: first + pair[1]
    for pair, firsts, seconds in (
        ("oa", "òóỏõọ", "àáảãạ"),
        ("oe", "òóỏõọ", "èéẻẽẹ"),
        ("uy", "ùúủũụ", "ỳýỷỹỵ"),
    )
    for first, toned in zip(firsts, seconds, strict=True)
}
_TONE = re.compile(  # letters first: few places of a text need a closer look
    rf"[{''.join(sorted({pair[0] for pair in _TONED}))}](?<!q.)[{''.join(sorted({pair[1] for pair in _TONED}))}](?!\w)"
)


class _Folding(dict[int, str]):
    """What each character becomes; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if character in _DASHES:
            folded = "-"
        elif category == "Cf" or 0xFE00 <= code <= 0xFE0F:  # zero-width, soft hyphen, direction marks, variations
            folded = ""
        elif category[0] == "S" or character in "%‰":
            folded = f" {character} "
        elif character in _JOINS_DIGITS or category[0] in "LNM":
            folded = character
        else:
            folded = " "
        self[code] = folded
        return folded


_FOLDING = _Folding()


def normal_form(text: str) -> str:
    """The normal form of ``text``, version ``NORM_VERSION``; idempotent."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = unicodedata.normalize("NFKC", folded).translate(_FOLDING)
    folded = _LOOSE_JOIN.sub(" ", unicodedata.normalize("NFC", folded))
    folded = _TONE.sub(lambda match: _TONED.get(match.group(), match.group()), folded)
    return " ".join(folded.split())
