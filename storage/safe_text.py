"""Text made safe once, at the store's edge: what both databases, JSON, logs and terminals take without harm."""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\r\n?")  # one newline for every system's
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_LETTERS = re.compile(r"[^\w\s\x00-\x7f]{31,}")  # where a long run of combining marks may be
_MOST_MARKS = 30  # in a row, as in Unicode's stream-safe text format: putting marks in order is quadratic
_JOINER = "\u034f"  # invisible; it ends such a run without changing what is seen
_SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"  # controls that Unicode counts as white space


def safe_text(text: str) -> str:
    """``text`` in NFC, without lone surrogates (they become U+FFFD) and without control characters.

    Newline and tab stay; ``\\r\\n`` and ``\\r`` become a newline, other separating controls a space. After 30 combining
    marks in a row an invisible joiner stands, so that the time taken is linear. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    if _UNSAFE.search(text):
        text = _UNSAFE.sub(_replacement, _SPACES.sub("\n", text))
    text = _NO_LETTERS.sub(_parted, text)
    return unicodedata.normalize("NFC", text)  # returns at once where nothing is to do


def _parted(run: re.Match[str]) -> str:
    parted: list[str] = []
    marks = 0
    for character in run.group():
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            parted.append(_JOINER)
            marks = 1
        parted.append(character)
    return "".join(parted)


def _replacement(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SEPARATORS:
        return " "
    return "\ufffd" if character >= "\ud800" else ""
