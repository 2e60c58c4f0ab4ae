"""Diff: two texts word by word. The pieces, in order, make both texts again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from storage.words import pieces

PieceKind = Literal["same", "removed", "added"]

_MOST_PAIRS = 200_000  # of equal words in one stretch: more would take seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: of both texts, of the one before, or of the one after."""

    kind: PieceKind
    text: str


def diff(before: str, after: str) -> tuple[Piece, ...]:
    """What became of ``before``. The same and removed pieces make it again; the same and added ones make ``after``.

    Paragraphs that are in both are found first, then words within those that changed. A stretch that has too many
    equal words to be compared (thousands on each side) is told as replaced, whole: time stays bounded.
    """
    old, new = _paragraphs(before), _paragraphs(after)
    found: list[Piece] = []
    for is_same, was, is_now in _stretches(old, new):
        if is_same:
            found.append(Piece("same", "".join(was)))
        else:
            found += _words("".join(was), "".join(is_now))
    return tuple(_joined(found))


def _words(before: str, after: str) -> Iterator[Piece]:
    for is_same, was, is_now in _stretches(pieces(before), pieces(after)):
        if is_same:
            yield Piece("same", "".join(was))
            continue
        if was:
            yield Piece("removed", "".join(was))
        if is_now:
            yield Piece("added", "".join(is_now))


def _stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    """Runs that are the same, and runs that replace each other, in order."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    was, is_now = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield True, old[:head], new[:head]
    counts = Counter(is_now)
    if sum(counts[word] for word in was) > _MOST_PAIRS:
        yield False, was, is_now
    else:
        for kind, i, j, k, m in SequenceMatcher(None, was, is_now, autojunk=False).get_opcodes():
            yield kind == "equal", was[i:j], is_now[k:m]
    if tail:
        yield True, old[len(old) - tail :], new[len(new) - tail :]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many items at the start are the same."""
    return next(
        (at for at, (was, is_now) in enumerate(zip(old, new, strict=False)) if was != is_now), min(len(old), len(new))
    )


def _paragraphs(text: str) -> list[str]:
    """The paragraphs, each with the blank line after it."""
    parts = text.split("\n\n")
    return [part + "\n\n" for part in parts[:-1]] + [part for part in parts[-1:] if part]


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one piece."""
    removed, added = "", ""
    for piece in found:
        if piece.kind == "removed":
            removed += piece.text
        elif piece.kind == "added":
            added += piece.text
        else:
            yield from _change(removed, added)
            removed, added = "", ""
            yield piece
    yield from _change(removed, added)


def _change(removed: str, added: str) -> Iterator[Piece]:
    if removed:
        yield Piece("removed", removed)
    if added:
        yield Piece("added", added)
