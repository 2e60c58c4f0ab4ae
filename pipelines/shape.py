"""Shape: what can be seen of a line without knowing its language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from pipelines.phrases import fold

_SENTENCE_END = re.compile(r"""[.!?…。！？؟۔।։」』]["'”’»«“)\]）」』\s]*$""")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PARTICLES = frozenset(
    [
        "al",
        "and",
        "ben",
        "bin",
        "da",
        "das",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "do",
        "dos",
        "du",
        "e",
        "el",
        "et",
        "ibn",
        "la",
        "le",
        "und",
        "van",
        "von",
        "và",
        "y",
    ]
)
_SCRIPTS = {
    "latin": re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
    "thai": re.compile("[\u0e00-\u0e7f]"),
    "east-asian": re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"),
}
_LOOKED_AT = 4_000  # characters of a line that decide its shape: enough for any paragraph


@dataclass(frozen=True)
class Shape:
    """words: characters / 2 where words have no spaces. ended: closes like a sentence."""

    text: str = field(repr=False)
    words: int
    ended: bool

    @cached_property
    def folded(self) -> str:
        """The line as phrases are compared with it; made when it is asked for, as of most lines it never is."""
        return fold(self.text)

    @property
    def sentence(self) -> bool:
        """Reads like a sentence of an article rather than like a label or a headline."""
        return self.ended and self.words >= 8

    @property
    def prose(self) -> bool:
        """Reads like a paragraph."""
        return (self.ended and self.words >= 20) or self.words >= 45


def shape_of(text: str) -> Shape:
    """The shape of one line."""
    seen = text[:_LOOKED_AT]
    return Shape(seen, count_words(seen), bool(_SENTENCE_END.search(text[-40:])))


def count_words(text: str) -> int:
    """Words between spaces; two characters a word in scripts that use none."""
    unspaced = len(_UNSPACED.findall(text))
    return len(text.split()) if unspaced < 4 else max(len(text.split()), unspaced // 2)


def script_of(text: str) -> str | None:
    """The script that most letters are written in; None where there are none that we tell apart."""
    seen = text[:_LOOKED_AT]
    counts = {name: len(pattern.findall(seen)) for name, pattern in _SCRIPTS.items()}
    script = max(counts, key=lambda name: counts[name])
    return script if counts[script] else None


def looks_like_name(text: str) -> bool:
    """Whether ``text`` could be one person's name: two to five capitalised words, particles aside."""
    words = text.replace(".", ". ").split()
    if not 2 <= len(words) <= 6 or len(text) > 60 or _SENTENCE_END.search(text.rstrip(".")):
        return False
    named = [word for word in words if word.casefold() not in _PARTICLES]
    return 2 <= len(named) <= 5 and all(
        word[0].isupper() and word.replace("-", "").replace(".", "").replace("’", "").replace("'", "").isalpha()
        for word in named
    )
