"""The second opinion: trafilatura is asked where the model is in doubt, and now and then where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from pipelines.alignment import found_in

_ONE_IN = 50  # pages that are asked about in any case, by their bytes


def is_drawn(body: bytes) -> bool:
    """Whether a page is among those that are checked in any case: the same page always is."""
    return crc32(body) % _ONE_IN == 1


def second_opinion(source: str, texts: Sequence[str]) -> list[bool]:
    """Which of a page's blocks trafilatura takes for its article; about 35 ms a page."""
    import logging  # noqa: PLC0415 - as below

    from trafilatura import extract  # noqa: PLC0415 - few pages need it, and it loads for most of a second

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return found_in(texts, extract(source, favor_precision=True, include_comments=False, deduplicate=False) or "")


def agreement(texts: Sequence[str], one: Sequence[bool], other: Sequence[bool]) -> float:
    """How much two choices among the same texts have in common: 0..1, by characters."""
    both = sum(len(text) for text, a, b in zip(texts, one, other, strict=True) if a and b)
    either = sum(len(text) for text, a, b in zip(texts, one, other, strict=True) if a or b)
    return both / either if either else 1.0
