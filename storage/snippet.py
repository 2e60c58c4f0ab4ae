"""Snippet: the piece of a text that shows why it was found, as it was written, with the words marked."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from storage.query_language import Words, understood
from storage.words import folded, located, tokens

_LOOKED_AT = 200_000  # characters of the text in which words are sought
_CHUNK = re.compile(r"\S+")
_USUAL = 40  # characters of a word that is worth remembering
_CUT = 24  # characters within which a cut looks for a space

Place = tuple[str, int, int]  # a token, and where in the text it stands
Found = tuple[int, int, Words]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text as it was written: ``pieces`` in order, each with whether it is what was asked for.

    before, after: whether the text goes on there.
    """

    pieces: tuple[tuple[str, bool], ...]
    before: bool
    after: bool

    @property
    def text(self) -> str:
        """The pieces joined, with an ellipsis where the text goes on."""
        joined = "".join(piece for piece, _ in self.pieces)
        return f"{'…' if self.before else ''}{joined}{'…' if self.after else ''}"


def snippet(text: str, words: str, width: int = 160) -> Snippet:
    """At most ``width`` characters of ``text`` around the place where most of what ``words`` asks for stands together.

    Where nothing of it occurs (the title may have matched) it is the beginning. Cuts fall between words where there
    are spaces. Beyond the first 200,000 characters nothing is sought.
    """
    sought = [
        term for term in understood(words, datetime.now(UTC).date()).sought if term.place in ("anywhere", "title")
    ]
    found = list(_occurrences(text[:_LOOKED_AT], sought))
    start = _begin(text, _best(found, width), width)
    end = _end(text, start, start + width)
    pieces: list[tuple[str, bool]] = []
    at = start
    for first, last, _ in found:
        if at <= first < end:
            pieces += [(text[at:first], False), (text[first : min(last, end)], True)]
            at = min(last, end)
    pieces.append((text[at:end], False))
    return Snippet(tuple(piece for piece in pieces if piece[0]), start > 0, end < len(text))


def _occurrences(text: str, asked: Sequence[Words]) -> Iterator[Found]:
    """Where each term occurs, in reading order; of terms that begin together, the longest first."""
    by_first: dict[str, list[Words]] = {}
    beginnings: list[Words] = []  # terms that are a single open-ended token
    for term in sorted(asked, key=lambda each: len(each.tokens), reverse=True):
        if len(term.tokens) == 1 and term.is_open:
            beginnings.append(term)
        else:
            by_first.setdefault(term.tokens[0], []).append(term)
    wanted = {token for term in asked for token in term.tokens}
    begun = tuple({term.tokens[-1] for term in asked if term.is_open})
    places = list(_places(text, wanted, begun))
    stream = [token for token, _, _ in places]
    for at, (token, start, _) in enumerate(places):
        for term in by_first.get(token, []) + (beginnings if begun and token.startswith(begun) else []):
            if _stands_at(stream, at, term):
                yield start, places[at + len(term.tokens) - 1][2], term


def _stands_at(stream: list[str], at: int, term: Words) -> bool:
    """Whether the tokens of ``term`` stand in a row in ``stream`` from the position ``at``."""
    last = at + len(term.tokens) - 1
    if last >= len(stream) or tuple(stream[at:last]) != term.tokens[:-1]:
        return False
    return stream[last].startswith(term.tokens[-1]) if term.is_open else stream[last] == term.tokens[-1]


def _places(text: str, wanted: set[str], begun: tuple[str, ...]) -> Iterator[Place]:
    """The tokens of chunks in which some are wanted or begun, with their places; an empty one stands for all between
    two of them. A text says most of its words again: each is looked at once."""
    is_telling: dict[str, bool] = {}
    is_gap = False
    for chunk in _CHUNK.finditer(text):
        word = chunk.group()
        telling = is_telling.get(word)
        if telling is None:
            found = _tokens_of(word) if len(word) <= _USUAL else tokens(word)
            is_begun = bool(begun) and any(token.startswith(begun) for token in found)
            telling = is_telling[word] = not found or is_begun or not wanted.isdisjoint(found)
        if not telling:
            is_gap = True
            continue
        if is_gap:
            yield "", chunk.start(), chunk.start()
            is_gap = False
        yield from _placed(word, chunk.start())


@lru_cache(maxsize=20_000)  # most words of a text stand in other texts too
def _tokens_of(word: str) -> tuple[str, ...]:
    return tuple(tokens(word))


def _placed(chunk: str, offset: int) -> Iterator[Place]:
    """The tokens of a chunk without white space, each with its place in the text."""
    plain = ""
    owners: list[tuple[int, int]] = []  # for each folded character, the letter (with its marks) it comes from
    for start, end in _letters(chunk):
        piece = folded(chunk[start:end])
        plain += piece
        owners += [(offset + start, offset + end)] * len(piece)
    if plain != (whole := folded(chunk)):  # letters that compose in a way of their own: mark the chunk
        plain, owners = whole, [(offset, offset + len(chunk))] * len(whole)
    for token, start, end in located(plain):
        yield token, owners[start][0], owners[end - 1][1]


def _letters(chunk: str) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(1, len(chunk) + 1):
        if at == len(chunk) or not _is_mark(chunk[at]):
            yield start, at
            start = at


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in "\uff9e\uff9f"  # half-width kana voicing


def _best(found: list[Found], width: int) -> int:
    """Where the stretch of three quarters of ``width`` begins that has the most different terms; 0 if there is none."""
    best, begin, first = 0, 0, 0
    inside: Counter[Words] = Counter()
    for start, _, term in found:
        inside[term] += 1
        while found[first][0] < start - width * 3 // 4:
            inside[found[first][2]] -= 1
            inside += Counter()  # drops what is at zero
            first += 1
        if len(inside) > best:
            best, begin = len(inside), found[first][0]
    return begin


def _begin(text: str, start: int, width: int) -> int:
    """The start of the snippet: some words before what is shown, at the beginning of a word."""
    at = start - width // 4
    if at <= 0:
        return 0
    space = re.compile(r"\s+").search(text, at, min(start, at + _CUT))
    if space:
        return space.end()
    while at < start and _is_mark(text[at]):
        at += 1
    return at


def _end(text: str, start: int, at: int) -> int:
    """The end of the snippet that begins at ``start``: ``at`` or a little before, after the end of a word."""
    if at >= len(text):
        return len(text)
    for end in range(at, max(start, at - _CUT), -1):
        if text[end].isspace():
            return end
    return next((end for end in range(at, start, -1) if not _is_mark(text[end])), at)
