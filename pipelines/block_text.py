"""What the text of each block says by itself, and beside what the page states of its article."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.block_tree import BlockTree

Doubles = NDArray[np.float64]
Columns = dict[str, Doubles]

_TITLE, _START, _DESCRIPTION = 60, 90, 50  # folded characters compared
_CUED = 40  # words; longer blocks are known by other things than their words
_SEEN = 200  # characters of a block in which its cue words stand
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WHEN = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.h]\d\d\b|\d\s*[年月日]")
_WORD = re.compile(r"\w+")
_UNWORDLY = re.compile(r"[\W_]+")
_ENDS = frozenset(".!?…。！？؟۔।")
_CLOSING = frozenset("\"'”’»)]】」』›“")
_OPENING = frozenset("\"“«„'‘")
_COMMAS = "，、،；;"
_STOPS = "。！？؟।"

TEXT_NAMES = (
    *("words", "commas", "stops", "sentences", "ended", "is_title", "is_description", "in_body", "dated", "capital"),
    *("copyright", "mail", "dash", "colon", "bar", "introduces", "goes_on", "looked_at"),
)
"""The columns of ``text_columns``."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a page says of its article outside the text: to be compared with each block."""

    title: str = ""
    other_title: str = ""
    description: str = ""
    body: str = ""


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
    title, other = (folded(text)[:_TITLE] for text in (stated.title or stated.other_title, stated.other_title))
    description = folded(stated.description)[:_DESCRIPTION]
    opening = description[:40]
    body = folded(stated.body)
    rows: list[tuple[float, ...]] = []
    words: list[tuple[str, ...]] = []
    nothing = (3.0, *[0.0] * (len(TEXT_NAMES) - 1))
    for block, skip in zip(tree.blocks, is_link.tolist(), strict=True):
        if skip:
            rows.append(nothing)
            words.append(())
            continue
        text = block.text
        ascii_ = text.isascii()
        size = len(text) if unspaced else text.count(" ") + 1
        head = text[:_SEEN]
        last, first = text[-1], text[0]
        ended = last in _ENDS or (last in _CLOSING and len(text) > 1 and text[-2] in _ENDS)
        commas, sentences = text.count(","), text.count(". ") + ended
        if not ascii_:
            commas += sum(map(text.count, _COMMAS))
            sentences += sum(map(text.count, _STOPS))
        start = folded(text[:_START])
        is_title = title != "" and (
            start[:_TITLE] == title
            or (len(start) > 15 and (start in title or title in start or start[:_TITLE] == other))
        )
        is_description = description != "" and len(start) > 20 and (start[:40] in description or opening in start)
        in_body = (1.0 if len(start) >= 12 and start[:40] in body else -1.0) if body else 0.0
        rows.append(
            (
                size, commas, 0.0, sentences, ended, is_title, is_description, in_body,
                _WHEN.search(head) is not None, first.isupper() or first in _OPENING, "©" in text, "@" in text,
                first in "-–—•*", ":" in head[:30], "|" in text or "/" in head[:40], last == ":", first.islower(), 1.0,
            )
        )  # fmt: skip
        words.append(tuple(_WORD.findall(head.lower())) if size < _CUED else ())
    array = np.array(rows, np.float64)
    return {name: array[:, number] for number, name in enumerate(TEXT_NAMES)}, tuple(words)


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
