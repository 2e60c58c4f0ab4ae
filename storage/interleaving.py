"""Interleaving: what was cut from an article, put back where it stood between the paragraphs that were kept.

An archive keeps the text and the blocks that were removed, each with its place in the input. The blocks tile the input,
so the distance between two removed ones is the length of what was kept between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from storage.records import Removed

_BREAK = "\n\n"  # between paragraphs
_BETWEEN = 2  # characters of white space between blocks, as a rule
_SPACE = re.compile(r"\s+")


def interleaved(text: str, removed: Sequence[Removed]) -> Iterator[str | Removed]:
    """The paragraphs of ``text`` and the removed blocks, in reading order.

    A paragraph stands before a removed block where more than half of it fits: normalising may have made it a little
    longer or shorter than what stood in the input. Every paragraph and every block comes exactly once.
    """
    paragraphs = [paragraph for paragraph in text.split(_BREAK) if paragraph]
    at = end = 0
    for block in removed:
        room = float(block.start - end)
        while at < len(paragraphs) and _length(paragraphs[at]) / 2 < room:
            room -= _length(paragraphs[at]) + _BETWEEN
            yield paragraphs[at]
            at += 1
        yield block
        end = max(end, block.end)
    yield from paragraphs[at:]


def _length(paragraph: str) -> int:
    return len(_SPACE.sub(" ", paragraph))
