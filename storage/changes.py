"""Changes: what a new text of an article is beside the one that stands: an edit, a correction, a wall, another article.

A page that collapses to a paywall or a consent text is noted, and never stands for the article. One that shows another
text under another title is another article at the same address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from storage.words import tokens

ChangeKind = Literal["title", "minor", "major", "correction", "collapsed", "reused"]
"""title: the title alone. minor, major: how much of the text. correction: a notice says that something was wrong.
collapsed: little is left of it. reused: another article stands at the address."""

MINOR = 0.9
"""Jaccard of word 3-grams from which an edit is minor."""

REUSED = 0.3
"""Containment of word 3-grams below which the address shows something else."""

AGREES = 0.5
"""Containment of word 3-grams from which a text from another address is that of the article it names."""

COLLAPSED = 0.3
"""Share of the words below which a text has collapsed."""

_FEW_WORDS = 3  # changed each way: minor in a short text too
_TOLD_APART = 30  # words: shorter texts share no 3-grams even where they tell the same
_LONGEST_WALL = 200  # words: what is longer, and tells something else, is no wall
_LOOKED_AT = 100_000  # tokens of a text that are compared
_TEASER = "incomplete"  # the flag of a text that goes on behind a wall, or was cut off

_NAME = re.compile(r"(?<=[\w,;:)] )[^\W\d_][\w'’.-]*")  # within a sentence: at its start every word has a capital
_NOTICE = re.compile(
    r"(?:\W*)(?:corrections?\b|clarifications?\b|editor.?s.? note|this (?:article|story|report|piece) (?:was|has been)"
    r" (?:amended|corrected|updated to correct)|an earlier version of this"
    r"|errat(?:um|a)\b|rectificati[fv]|une version (?:antérieure|précédente)|correctif"
    r"|berichtigung|korrektur|in einer früheren (?:version|fassung)|anmerkung der redaktion"
    r"|corrección|correcció|fe de erratas|rectificación|una versión anterior|nota de la redacción"
    r"|correção|errámos|errata corrige|rettifica\b|una versione precedente|uma versão anterior"
    r"|rectificatie|correctie|rättelse|rättad|rettelse|oikaisu|sprostowanie|oprava|helyreigazítás|düzeltme"
    r"|исправлени|уточнение|поправка|виправлення|διόρθωση|تصحيح|تصويب|תיקון|सुधार|भूल सुधार"
    r"|đính chính|cải chính|ralat|koreksi|訂正|更正|정정|แก้ไขข่าว|คำชี้แจง)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The version that stands for an article, as far as a change is told by it. number: its own."""

    number: int
    title: str
    text: str
    words: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed since version ``since``. added, removed: words of the text.

    numbers, names: whether figures, and words with a capital within a sentence, are others.
    """

    kind: ChangeKind
    since: int
    added: int
    removed: int
    numbers: bool
    names: bool

    @property
    def said(self) -> str:
        """In words, for people: ``minor, +1 −1 words, other numbers``."""
        also = [f"other {what}" for what, is_other in (("numbers", self.numbers), ("names", self.names)) if is_other]
        return ", ".join([self.kind, f"+{self.added:,} −{self.removed:,} words", *also])


def has_collapsed(words: int, flags: Sequence[str], before: Standing) -> bool:
    """Whether a text of so many words is what a wall leaves of the one before."""
    is_teaser = _TEASER in flags and _TEASER not in before.flags
    return before.words >= _TOLD_APART and (words < COLLAPSED * before.words or (is_teaser and words < before.words))


def agree(before: Standing, text: str) -> bool:
    """Whether a text is that of the version that stands, or an edit of it."""
    was, is_now = _shingles(tokens(before.text)[:_LOOKED_AT]), _shingles(tokens(text)[:_LOOKED_AT])
    return len(was & is_now) >= AGREES * min(len(was), len(is_now))


def change(before: Standing, title: str, text: str, words: int, flags: Sequence[str]) -> Change:
    """What the new title and text are, beside the version that stands. Takes time linear in the texts.

    Of texts beyond 100,000 words the beginnings are compared.
    """
    old, new = tokens(before.text)[:_LOOKED_AT], tokens(text)[:_LOOKED_AT]
    was, is_now = Counter(old), Counter(new)
    added, removed = is_now - was, was - is_now
    return Change(
        _kind(before, title, text, words, flags, old, new),
        before.number,
        added.total(),
        removed.total(),
        numbers=any(map(_has_digit, (*added, *removed))),
        names=_names(before.text) != _names(text),
    )


def _kind(
    before: Standing, title: str, text: str, words: int, flags: Sequence[str], old: list[str], new: list[str]
) -> ChangeKind:
    if old == new:
        return "minor" if tokens(before.title) == tokens(title) else "title"
    was, is_now = _shingles(old), _shingles(new)
    common = len(was & is_now)
    is_other = common < REUSED * min(len(was), len(is_now)) and _is_other_title(before.title, title)
    if has_collapsed(words, flags, before) and not (is_other and words > _LONGEST_WALL):
        return "collapsed"
    was_wall = before.words < COLLAPSED * words and before.words <= _LONGEST_WALL
    if is_other and not was_wall and min(before.words, words) >= _TOLD_APART:
        return "reused"
    if any(map(_NOTICE.match, _new_paragraphs(before.text, text))):
        return "correction"
    few = max((Counter(old) - Counter(new)).total(), (Counter(new) - Counter(old)).total()) <= _FEW_WORDS
    return "minor" if few or common >= MINOR * len(was | is_now) else "major"


def _is_other_title(before: str, after: str) -> bool:
    """Whether two titles share less than half of their words."""
    old, new = set(tokens(before)), set(tokens(after))
    return len(old & new) * 2 < max(1, min(len(old), len(new)))


def _new_paragraphs(before: str, after: str) -> Iterable[str]:
    known = set(before.split("\n\n"))
    return (paragraph for paragraph in after.split("\n\n") if paragraph not in known)


def _shingles(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}


def _names(text: str) -> set[str]:
    return {name for name in _NAME.findall(text) if name[0].isupper()}


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))
