"""What a site has shown so far: which lines it repeats, and in which places its articles stand.

Learning is a pure function of a memory and a page's lesson, and so is using it; whoever stores both decides when. A
memory forgets: it holds the last pages in full, and of those before only what proved to be repeated.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

FORMAT = 1
"""Of encoded lessons and memories; what another format wrote is not read."""

_RECENT = 24  # pages held in full
_LINES = 200  # of a page that are held
_REPEATED = 2  # other articles that must show a line before it counts as the site's own
_SAME = 0.5  # share of its long lines that a page shares with another of the same article
_LONG = 60  # characters of a line that tells one article from another
_MOST_KNOWN, _MOST_PLACES = 3_000, 1_500
_HALF_LIFE = 60  # pages after which what was seen of a place counts half
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_ONCE = 1.5  # pages, fading counted in, up to which a place says no more than the page itself
_MATURE = 4  # pages from which a site has usual places
_STRANGE = 0.3  # share of an article's text in known places below which a page is laid out otherwise …
_CHANGED = 3  # … and so many such pages in a row are a new layout


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one page teaches. lines: of its blocks that could be taken for article, masked and hashed; body: those of
    its article that are long. places: for each signature, hashed, the characters there, and the sum of their log odds.
    kept: characters of the article.
    """

    lines: tuple[int, ...]
    body: tuple[int, ...]
    places: Mapping[int, tuple[int, float]]
    kept: int

    def encode(self) -> bytes:
        """As bytes, to be stored."""
        return _packed([FORMAT, self.lines, self.body, _flat(self.places), self.kept])

    @classmethod
    def decode(cls, stored: bytes) -> Lesson | None:
        """From bytes; None where another version wrote them."""
        match _unpacked(stored):
            case [int(version), lines, body, places, int(kept)] if version == FORMAT:
                return cls(tuple(lines), tuple(body), {at: (chars, odds) for at, chars, odds in places}, kept)
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """What was seen of one signature. pages: that had it; characters, and the sum of their log odds, both fading."""

    pages: float
    characters: float
    odds: float


@dataclass(frozen=True, slots=True)
class _Seen:
    lines: frozenset[int]
    body: frozenset[int]
    kept: int
    strange: bool


@dataclass(frozen=True, slots=True)
class SiteMemory:
    """What is known of a site. pages: articles seen in all; layout: how often its layout has changed, from 0.

    known: lines that proved to be repeated, and the number of the page that last had them.
    """

    pages: int = 0
    layout: int = 0
    changed_at: int = 0
    recent: tuple[_Seen, ...] = ()
    known: Mapping[int, int] = field(default_factory=dict)
    places: Mapping[int, Place] = field(default_factory=dict)

    def learn(self, lesson: Lesson) -> SiteMemory:
        """The memory after one more page. A page of an article that is still held replaces it."""
        body, lines = frozenset(lesson.body), frozenset(lesson.lines[:_LINES])
        others = [seen for seen in self.recent if not _is_same(body, seen.body)]
        again = len(others) < len(self.recent)
        strange = self._is_strange(lesson)
        seen = _Seen(lines, body, lesson.kept, strange)
        if again:
            return replace(self, recent=(*others, seen))
        memory = self
        recent = (*others, seen)
        if strange and len(recent) >= _CHANGED and all(each.strange for each in recent[-_CHANGED:]):
            memory = replace(self, layout=self.layout + 1, changed_at=self.pages + 1, places={})
            recent = tuple(replace(each, strange=False) for each in recent[-_CHANGED:])
        number = self.pages + 1
        counts = Counter(line for each in recent for line in each.lines)
        fresh = {line: number for line in lines if counts[line] > _REPEATED or line in self.known}
        known = {**self.known, **fresh}
        if len(known) > _MOST_KNOWN:
            known = dict(sorted(known.items(), key=lambda pair: -pair[1])[:_MOST_KNOWN])
        return replace(
            memory,
            pages=number,
            recent=recent[-_RECENT:],
            known=known,
            places=_met(memory.places, lesson.places),
        )

    def repeated(self, lines: Sequence[int], body: Iterable[int]) -> list[bool]:
        """Which of a page's lines the site repeats. body: the page's own long lines: its other copies do not count."""
        if not self.recent:
            return [False] * len(lines)
        own = frozenset(body)
        counts = Counter(line for seen in self.recent if not _is_same(own, seen.body) for line in seen.lines)
        return [counts[line] >= _REPEATED or line in self.known for line in lines]

    def pages_with(self, line: int, body: Iterable[int]) -> tuple[int, int]:
        """On how many of the other pages that are held a line stands, and how many these are. body: as above."""
        own = frozenset(body)
        others = [seen.lines for seen in self.recent if not _is_same(own, seen.body)]
        return sum(line in lines for lines in others), len(others)

    def evidence(self, places: Sequence[int]) -> list[tuple[float, float]]:
        """For each place the characters seen there and the sum of their log odds; nothing for one seen on one page."""
        found = [self.places.get(place) for place in places]
        return [(seen.characters, seen.odds) if seen and seen.pages > _ONCE else (0.0, 0.0) for seen in found]

    @property
    def usual_length(self) -> int:
        """The middle length of the articles still held, in characters; 0 before there are enough."""
        lengths = sorted(seen.kept for seen in self.recent)
        return lengths[len(lengths) // 2] if len(lengths) >= _MATURE else 0

    def _is_strange(self, lesson: Lesson) -> bool:
        if self.pages < _MATURE or not self.places:
            return False
        likely = {place: chars for place, (chars, odds) in lesson.places.items() if odds > 0}
        usual = sum(chars for place, chars in likely.items() if self._is_usual(place))
        return usual < _STRANGE * sum(likely.values())

    def _is_usual(self, place: int) -> bool:
        """Whether more pages had a place than can be strange in a row before the layout counts as new."""
        seen = self.places.get(place)
        return seen is not None and seen.pages > _CHANGED - 1

    def encode(self) -> bytes:
        """As bytes, to be stored; equal memories give equal bytes."""
        recent = [[sorted(seen.lines), sorted(seen.body), seen.kept, seen.strange] for seen in self.recent]
        places = [
            [at, *(round(n, 1) for n in (p.pages, p.characters, p.odds))] for at, p in sorted(self.places.items())
        ]
        known = [[line, number] for line, number in sorted(self.known.items())]
        return _packed([FORMAT, self.pages, self.layout, self.changed_at, recent, known, places])

    @classmethod
    def decode(cls, stored: bytes) -> SiteMemory:
        """From bytes; a new memory where another version wrote them."""
        match _unpacked(stored):
            case [int(version), int(pages), int(layout), int(changed), recent, known, places] if version == FORMAT:
                return cls(
                    pages,
                    layout,
                    changed,
                    tuple(
                        _Seen(frozenset(lines), frozenset(body), kept, bool(odd)) for lines, body, kept, odd in recent
                    ),
                    {line: number for line, number in known},  # noqa: C416 - JSON has no integer keys
                    {at: Place(*numbers) for at, *numbers in places},
                )
        return cls()


NEW_SITE = SiteMemory()


def line_key(text: str) -> int:
    """What a line is known by: its words in small letters, every number masked."""
    return _key(_NUMBER.sub("0", text.casefold()))


def place_key(signature: str) -> int:
    """What a place is known by."""
    return _key(signature)


def is_telling(text: str) -> bool:
    """Whether a line tells its article from others."""
    return len(text) >= _LONG


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=6).digest(), "big")


def _is_same(body: frozenset[int], other: frozenset[int]) -> bool:
    return bool(body) and len(body & other) >= _SAME * min(len(body), len(other)) > 0


def _met(places: Mapping[int, Place], lesson: Mapping[int, tuple[int, float]]) -> dict[int, Place]:
    fading = 0.5 ** (1 / _HALF_LIFE)
    met = {at: Place(p.pages * fading, p.characters * fading, p.odds * fading) for at, p in places.items()}
    for at, (chars, odds) in lesson.items():
        before = met.get(at, Place(0, 0, 0))
        met[at] = Place(before.pages + 1, before.characters + chars, before.odds + odds)
    if len(met) > _MOST_PLACES:
        met = dict(sorted(met.items(), key=lambda pair: (-pair[1].characters, pair[0]))[:_MOST_PLACES])
    return {at: Place(round(p.pages, 1), round(p.characters, 1), round(p.odds, 1)) for at, p in met.items()}


def _flat(places: Mapping[int, tuple[int, float]]) -> list[tuple[int, int, float]]:
    return [(at, chars, round(odds, 1)) for at, (chars, odds) in sorted(places.items())]


def _packed(value: list[Any]) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)


def _unpacked(stored: bytes) -> Any:
    try:
        return json.loads(zlib.decompress(stored))
    except (zlib.error, ValueError):
        return None
