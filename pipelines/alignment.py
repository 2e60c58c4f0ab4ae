"""Alignment: which lines of a page stand in a text that was taken from it.

Gold texts become labels this way, and an extractor's output becomes lines again. Both sides are read as one stream of
words, so it does not matter where either of them breaks its lines.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Thai to Lao, Burmese, Khmer, kana, Han: written without spaces, so each character counts as a word
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")

_GRAM = 4  # words in a row that tell a place in a text; shorter lines are placed by their neighbours
_PLACES = 8  # places remembered of each gram: a refrain has a few, a table of zeros has thousands
_CHOICES = 3  # places tried for one line
_FOUND = 0.5  # share of a line's grams that must be in the text
_EDGE = 60  # words before the first placed line, or after the last, in which a short line may stand


@dataclass(frozen=True, slots=True)
class _Place:
    """Where line ``line`` may stand in the text: words ``[start, end)``."""

    line: int
    start: int
    end: int


def words(text: str) -> list[str]:
    """The words of a text, folded for comparing; in scripts without spaces each character is a word."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def found_in(lines: Sequence[str], text: str) -> list[bool]:
    """Tell for each line whether it stands in ``text``, in the order of the lines.

    No word of the text is used twice: of a headline and its copies among the links, the one that fits the order of the
    other lines is found. A line of which half is in the text is found; one without a word or a digit never is. Lines
    of fewer than four words must stand whole between the places of their neighbours.
    """
    goal = words(text)
    split = [words(line) for line in lines]
    places: dict[tuple[str, ...], list[int]] = {}
    for position, gram in enumerate(_grams(goal)):
        known = places.setdefault(gram, [])
        if len(known) < _PLACES:
            known.append(position)
    choices = {number: _choices(number, line, places) for number, line in enumerate(split) if len(line) >= _GRAM}
    taken = bytearray(len(goal))
    chain = _best_chain([choice for choice in choices.values() if choice], len(goal))
    for place in chain:
        _take(taken, place)
    found = {place.line for place in chain}
    for (
        number,
        choice,
    ) in choices.items():  # text that the page shows in another order, such as a lead below its picture
        if choice and number not in found and 2 * sum(taken[choice[0].start : choice[0].end]) < len(split[number]):
            found.add(number)
            _take(taken, choice[0])
    found |= _short_lines(split, goal, chain, taken)
    return [number in found for number in range(len(split))]


def _grams(line: list[str]) -> zip[tuple[str, ...]]:
    return zip(*(line[offset:] for offset in range(_GRAM)), strict=False)


def _choices(number: int, line: list[str], places: dict[tuple[str, ...], list[int]]) -> list[_Place]:
    """The places where most of a line's grams agree, best first; empty where less than half of it is in the text."""
    hits = [(offset, known) for offset, gram in enumerate(_grams(line)) if (known := places.get(gram))]
    if len(hits) < _FOUND * (len(line) - _GRAM + 1):
        return []
    votes = Counter(position - offset for offset, known in hits for position in known)
    slots: Counter[int] = Counter()  # words left out on one side shift the rest of a line by a little
    for start, count in votes.items():
        slots[start // _GRAM] += count
    most = slots.most_common(_CHOICES)
    near = [range(slot * _GRAM, (slot + 1) * _GRAM) for slot, count in most if count >= 0.7 * most[0][1]]
    starts = [max(slot, key=votes.__getitem__) for slot in near]
    return [_Place(number, max(0, start), max(0, start + len(line))) for start in starts]


def _best_chain(choices: list[list[_Place]], length: int) -> list[_Place]:
    """The places, one a line at most, that follow one another in the text and hold the most words.

    ``best`` is a Fenwick tree over the words of the text: the heaviest chain that ends before a word.
    """
    weight: list[int] = [0]  # by chain; chain 0 is the empty one
    links: list[tuple[int, _Place | None]] = [(0, None)]
    best = [0] * (length + 2)
    for options in choices:
        grown = []
        for place in options:
            before, slot = 0, min(place.start, length) + 1
            while slot:
                if weight[best[slot]] > weight[before]:
                    before = best[slot]
                slot &= slot - 1
            weight.append(weight[before] + place.end - place.start)
            links.append((before, place))
            slack = (place.end - place.start) // 4  # where words were left out, the end is only near
            grown.append((min(place.end - slack, length), len(links) - 1))
        for end, chain in grown:
            slot = end + 1
            while slot < len(best):
                if weight[chain] > weight[best[slot]]:
                    best[slot] = chain
                slot += slot & -slot
    places: list[_Place] = []
    step, last = links[max(range(len(weight)), key=weight.__getitem__)]
    while last is not None:
        places.append(last)
        step, last = links[step]
    return places[::-1]


def _take(taken: bytearray, place: _Place) -> None:
    end = min(place.end, len(taken))
    taken[place.start : end] = b"\x01" * max(0, end - place.start)


def _short_lines(split: list[list[str]], goal: list[str], chain: list[_Place], taken: bytearray) -> set[int]:
    """The lines too short for a gram that stand, untaken, between the places of their neighbours."""
    found: set[int] = set()
    where: dict[str, list[int]] = {}
    for position, word in enumerate(goal):
        where.setdefault(word, []).append(position)
    numbers = [place.line for place in chain]
    reached = 0
    for number, line in enumerate(split):
        if not chain or not 0 < len(line) < _GRAM:
            continue
        later = bisect_left(numbers, number)
        first = chain[later - 1].end - _GRAM if later else chain[0].start - _EDGE
        last = chain[later].start + _GRAM if later < len(chain) else chain[-1].end + _EDGE
        known = where.get(line[0], [])
        for start in known[bisect_left(known, max(reached, first)) : bisect_left(known, last)][:_EDGE]:
            end = start + len(line)
            if goal[start:end] == line and not all(taken[start:end]):
                found.add(number)
                _take(taken, _Place(number, start, end))
                reached = end
                break
    return found
