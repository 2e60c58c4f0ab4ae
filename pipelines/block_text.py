"""What the text of each block says by itself, and beside what the page states of its article."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pipelines.block_tree import BlockTree
from pipelines.phrases import PHRASE_KINDS, load_phrases
from pipelines.stated import Stated

Doubles = NDArray[np.float64]
Columns = dict[str, Doubles]

_TITLE, _START, _DESCRIPTION, _OPENS = 60, 90, 50, 40  # folded characters compared
_TELLING, _NAME = 20, 5  # folded characters of a line, and of a name, that is found again by no accident
_WORDS_OF_LINK = 3.0
_CUED = 40  # words; longer blocks are known by other things than their words
_SEEN = 200  # characters of a block in which its cue words stand
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WHEN = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.h]\d\d\b|\d\s*[年月日]")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\w+")
_UNWORDLY = re.compile(r"[\W_]+")
_ENDS = frozenset(".!?…。！？؟۔।")
_CLOSING = frozenset("\"'”’»)]】」』›“")
_OPENING = frozenset("\"“«„'‘")
_COMMAS = "，、،；;"
_STOPS = "。！？؟।"

TEXT_NAMES = (
    *("words", "commas", "stops", "sentences", "ended", "is_title", "is_description", "in_body", "is_caption"),
    *("says_author", "dated", "capital", "copyright", "mail", "dash", "colon", "bar", "introduces", "goes_on"),
    *("looked_at", "bracketed", "named", *(f"says_{kind}" for kind in PHRASE_KINDS)),
)
"""The columns of ``text_columns``."""


def is_unspaced(tree: BlockTree) -> bool:
    """Whether the page's running text is written without spaces."""
    sample = "".join([block.text for block in tree.blocks if len(block.text) > 40])[:6000]
    return not sample.isascii() and len(_UNSPACED.findall(sample)) > 0.2 * len(sample)


def folded(text: str) -> str:
    """A text as titles and beginnings are compared: letters and digits alone."""
    return _UNWORDLY.sub("", text).lower()


def text_columns(
    tree: BlockTree, stated: Stated, is_link: NDArray[np.bool_], *, unspaced: bool
) -> tuple[Columns, tuple[tuple[str, ...], ...]]:
    """What the texts say by themselves, and the words of short ones."""
    told = _Told.by(stated)
    kinds_of = load_phrases().kinds_of
    rows: list[tuple[float, ...]] = []
    words: list[tuple[str, ...]] = [()] * len(tree.blocks)
    said: list[tuple[int, int]] = []  # blocks that say a phrase, and the bits of its kinds
    looked_at = np.flatnonzero(~is_link).tolist()
    for at in looked_at:
        text = tree.blocks[at].text
        size = len(text) if unspaced else text.count(" ") + 1
        head = text[:_SEEN]
        last, first = text[-1], text[0]
        ended = last in _ENDS or (last in _CLOSING and len(text) > 1 and text[-2] in _ENDS)
        commas, sentences = text.count(","), text.count(". ") + ended
        if not text.isascii():
            commas += sum(map(text.count, _COMMAS))
            sentences += sum(map(text.count, _STOPS))
        dated = _DIGIT.search(head) is not None and _WHEN.search(head) is not None
        named = 0.0
        if size < _CUED:
            words[at] = mine = tuple(_WORD.findall(head.casefold()))
            if kinds := kinds_of(mine):
                said.append((at, kinds))
            named = sum(map(str.isupper, map(itemgetter(0), head.split()))) / size
        rows.append(
            (
                size, commas, 0.0, sentences, ended, *told.by_block(folded(text[:_START])), dated,
                first.isupper() or first in _OPENING, "©" in text, "@" in text, first in "-–—•*", ":" in head[:30],
                "|" in text or "/" in head[:40], last == ":", first.islower(), 1.0, first == "(" and last == ")", named,
            )
        )  # fmt: skip
    array = np.zeros((len(tree.blocks), len(TEXT_NAMES)))
    array[:, 0] = _WORDS_OF_LINK
    if rows:
        array[looked_at, : len(rows[0])] = rows
    for at, kinds in said:
        array[at, -len(PHRASE_KINDS) :] = [kinds >> bit & 1 for bit in range(len(PHRASE_KINDS))]
    return {name: array[:, number] for number, name in enumerate(TEXT_NAMES)}, tuple(words)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page states, folded."""

    titles: tuple[str, ...]
    descriptions: tuple[str, ...]
    body: str
    authors: tuple[str, ...]
    caption: str

    @classmethod
    def by(cls, stated: Stated) -> _Told:
        return cls(
            tuple(filter(None, (folded(title)[:_TITLE] for title in stated.titles))),
            tuple(filter(None, (folded(text[: 2 * _DESCRIPTION])[:_DESCRIPTION] for text in stated.descriptions))),
            folded(stated.body),
            tuple(name for name in map(folded, stated.authors) if len(name) >= _NAME),
            caption if len(caption := folded(stated.caption)) > _TELLING else "",
        )

    def by_block(self, start: str) -> tuple[float, ...]:
        """How a block that begins so compares: title, description, body, caption, author."""
        size, opening = len(start), start[:_OPENS]
        is_title = any(
            start[:_TITLE] == title or (size > 15 and (start in title or title in start)) for title in self.titles
        )
        is_description = size > _TELLING and any(
            opening in description or description[:_OPENS] in start for description in self.descriptions
        )
        in_body = (1.0 if size >= 12 and opening in self.body else -1.0) if self.body else 0.0
        is_caption = (
            size > _TELLING and self.caption != "" and (opening in self.caption or self.caption[:_OPENS] in start)
        )
        return is_title, is_description, in_body, is_caption, any(name in start for name in self.authors)


def repeats(tree: BlockTree) -> Columns:
    """Blocks whose text stands in the page more than once."""
    times = Counter([block.text for block in tree.blocks])
    count = len(tree.blocks)
    if len(times) == count:
        return {"repeated": np.zeros(count), "repeated_before": np.zeros(count)}
    met: set[str] = set()
    again = np.zeros((2, count))
    for at, block in enumerate(tree.blocks):
        if times[block.text] > 1:
            again[0, at] = min(times[block.text] - 1, 3)
            again[1, at] = block.text in met
            met.add(block.text)
    return {"repeated": again[0], "repeated_before": again[1]}
