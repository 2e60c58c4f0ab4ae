"""Diff: two texts word by word. The pieces, in order, make both texts again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, cast

from storage.words import pieces

PieceKind = Literal["same", "removed", "added"]

_BREAK = "\n\n"  # between paragraphs
_ALIKE = 0.3  # share of equal words from which a paragraph is another one rewritten
_MOST_PARAGRAPHS = 10_000  # pairs of them
_MOST_PAIRS = 200_000  # of equal words in one stretch: more would take seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: of both texts, of the one before, or of the one after."""

    kind: PieceKind
    text: str


def diff(before: str, after: str) -> tuple[Piece, ...]:
    """What became of ``before``. The same and removed pieces make it again; the same and added ones make ``after``.

    Paragraphs that are in both are found first, then those that were rewritten, then the words within these. A
    stretch with too many equal words to be compared (thousands on each side) is told as replaced, whole: time stays
    bounded.
    """
    found: list[Piece] = []
    for is_same, was, is_now in _stretches(_paragraphs(before), _paragraphs(after)):
        if is_same:
            found.append(Piece("same", "".join(was)))
        else:
            for old, new in _rewritten(was, is_now):
                found += _words(old, new)
    return _without_last_break(tuple(_joined(found))) or tuple(_joined(tuple(_words(before, after))))


def _words(before: str, after: str) -> Iterator[Piece]:
    for is_same, was, is_now in _stretches(pieces(before), pieces(after)):
        yield from _pieces("".join(was) if is_same else "", *(("", "") if is_same else ("".join(was), "".join(is_now))))


def _rewritten(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Paragraphs that replace others, each with the one it is most like, in their order; "" beside one without."""
    if len(old) * len(new) > _MOST_PARAGRAPHS:
        yield "".join(old), "".join(new)
        return
    was, is_now = ([Counter(pieces(each)) for each in some] for some in (old, new))
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]  # of what follows: the most that can be alike
    alike = [[_likeness(one, other) for other in is_now] for one in was]
    for i in range(len(old) - 1, -1, -1):
        for k in range(len(new) - 1, -1, -1):
            best[i][k] = max(best[i + 1][k], best[i][k + 1], best[i + 1][k + 1] + alike[i][k])
    i = k = 0
    while i < len(old) or k < len(new):
        if i < len(old) and k < len(new) and alike[i][k] and best[i][k] == best[i + 1][k + 1] + alike[i][k]:
            yield old[i], new[k]
            i, k = i + 1, k + 1
        elif i < len(old) and (k == len(new) or best[i][k] == best[i + 1][k]):
            yield old[i], ""
            i += 1
        else:
            yield "", new[k]
            k += 1


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    shared = (one & other).total() / max(1, one.total(), other.total())
    return shared if shared >= _ALIKE else 0.0


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
    """The paragraphs, each with a blank line after it; the last one too, so that it is like the others."""
    return [part + _BREAK for part in text.split(_BREAK)]


def _without_last_break(found: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    """The pieces without the blank line that the texts do not end with; None where they are not so simple."""
    *others, last = found
    if not last.text.endswith(_BREAK):
        return None
    text = last.text.removesuffix(_BREAK)
    if last.kind == "same":
        return (*others, Piece("same", text)) if text else tuple(others)
    if not others or others[-1].kind != "same" or not others[-1].text.endswith(_BREAK):
        return None
    *others, before = others
    return (*others, *_pieces(before.text.removesuffix(_BREAK), "", ""), Piece(last.kind, _BREAK + text))


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one piece; the spaces after a changed word are no part of the change."""
    same, removed, added = "", "", ""
    for piece in (*found, Piece("same", "")):
        if piece.kind == "removed":
            removed += piece.text
        elif piece.kind == "added":
            added += piece.text
        elif removed or added:
            gap = _gap(removed, added)
            yield from _pieces(same, removed[: len(removed) - gap], added[: len(added) - gap])
            same, removed, added = removed[len(removed) - gap :] + piece.text, "", ""
        else:
            same += piece.text
    yield from _pieces(same, "", "")


def _gap(removed: str, added: str) -> int:
    """How many spaces both end with."""
    spaces = (len(text) - len(text.rstrip(" ")) for text in (removed, added))
    return min(spaces)


def _pieces(same: str, removed: str, added: str) -> Iterator[Piece]:
    for kind, text in (("same", same), ("removed", removed), ("added", added)):
        if text:
            yield Piece(cast(PieceKind, kind), text)


def by_paragraph(found: Sequence[Piece]) -> tuple[tuple[Piece, ...], ...]:
    """The pieces of a diff paragraph by paragraph, empty ones left out; one that only "same" is in has not changed."""
    paragraphs: list[tuple[Piece, ...]] = []
    paragraph: list[Piece] = []
    for piece in found:
        for at, part in enumerate(piece.text.split(_BREAK)):
            if at:
                paragraphs.append(tuple(paragraph))
                paragraph = []
            if part:
                paragraph.append(Piece(piece.kind, part))
    return tuple(each for each in (*paragraphs, tuple(paragraph)) if each)


def is_unchanged(paragraph: Sequence[Piece]) -> bool:
    """Whether a paragraph is as it was."""
    return all(piece.kind == "same" for piece in paragraph)


def marked(found: Sequence[Piece]) -> tuple[str, ...]:
    """The paragraphs of a diff as lines for people: [-what went-]{+what came+}; what is as it was is told by number."""
    lines: list[str] = []
    for same, run in groupby(by_paragraph(found), is_unchanged):
        paragraphs = list(run)
        lines += [told(len(paragraphs))] if same else ["".join(map(_sign, each)) for each in paragraphs]
    return tuple(lines)


def told(unchanged: int) -> str:
    """So many paragraphs that are left out."""
    return f"… {unchanged} {'paragraph' if unchanged == 1 else 'paragraphs'} as before"


def _sign(piece: Piece) -> str:
    return {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}[piece.kind].format(piece.text)
