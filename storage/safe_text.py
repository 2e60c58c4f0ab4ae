"""Text made safe once, at the store's edge: what both databases, JSON, logs and terminals take without harm."""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\r\n?")  # one newline for every system's
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"  # controls that Unicode counts as white space


def safe_text(text: str) -> str:
    """``text`` in NFC, without lone surrogates (they become U+FFFD) and without control characters.

    Newline and tab stay; ``\\r\\n`` and ``\\r`` become a newline, other separating controls a space. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    if _UNSAFE.search(text):
        text = _UNSAFE.sub(_replacement, _SPACES.sub("\n", text))
    return unicodedata.normalize("NFC", text)  # returns at once where nothing is to do


def _replacement(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SEPARATORS:
        return " "
    return "\ufffd" if character >= "\ud800" else ""
