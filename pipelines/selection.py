"""Which blocks of a page are its article: the model's odds, what the site's memory adds, what must not stand twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.block_features import NAMES, BlockFeatures, Floats
from pipelines.block_tree import TextBlock
from pipelines.lines import Verdict
from pipelines.site_memory import Lesson, SiteMemory, is_telling, line_key, place_key

_LEAN = 0.8  # of the mean log odds of what else stands in a block's place that is added to its own
_FURTHEST, _FURTHEST_LOST = 2.0, 6.0  # log odds that a place may add or take; where an article seems to be missed
_LOST = 0.4  # of the usual length of the site's articles, below which it does
_LITTLE = 200.0  # characters of a place that say half of what many say
_SAYS_FURNITURE = [  # a line that says so gets no help from where it stands
    NAMES.index(name)
    for name in (
        *("says_related.openers", "says_related.headings", "says_widget.openers", "says_widget.whole", "bracketed"),
        *("says_credit.whole", "says_imprint.openers", "says_hotline.labels", "says_nav.openers"),
    )
]
_COUNTED = 200  # characters of a block that count for its place
_NOTED = -5.0  # log odds from which a line might be taken for article one day: worth noting whether it repeats
_MOST_ODDS = 8.0
_WHOLE, _COVERED = 900, 0.8  # characters of a block that may hold the article again, and how much of it others hold
_AGAIN, _REFRAIN = 40, 200  # characters of a line found again by no accident; of one that is no refrain either


@dataclass(frozen=True, slots=True)
class Selection:
    """odds: log odds of each block, the site's memory counted in. gone: blocks that go whatever the odds, and why.

    doubt: how much of what may be article is undecided: 0 when all is clear, towards 1 where the model guesses.
    lesson: what the page teaches of its site.
    """

    odds: Floats
    gone: dict[int, Verdict]
    doubt: float
    lesson: Lesson

    def kept(self) -> list[bool]:
        """Of each block whether it is of the article."""
        kept: list[bool] = (self.odds > 0).tolist()
        for at in self.gone:
            kept[at] = False
        return kept

    def among(self, candidates: Sequence[int], count: int) -> Selection:
        """The same, numbered as all ``count`` blocks of a page are: those that are no candidates never are article."""
        odds = np.full(count, -_MOST_ODDS, np.float32)
        odds[np.array(candidates, np.int64)] = self.odds
        return replace(self, odds=odds, gone={candidates[at]: why for at, why in self.gone.items()})


def select(blocks: Sequence[TextBlock], seen: BlockFeatures, odds: Floats, memory: SiteMemory) -> Selection:
    """Choose among the blocks of a page. odds: the model's, one a block."""
    places = [place_key(signature) for signature in seen.signatures]
    noted = [at for at in np.flatnonzero(odds > _NOTED).tolist() if any(map(str.isalnum, blocks[at].text))]
    keys = [line_key(blocks[at].text) for at in noted]
    body = tuple(
        dict.fromkeys(key for at, key in zip(noted, keys, strict=True) if odds[at] > 0 and is_telling(blocks[at].text))
    )
    lesson = _lesson(blocks, seen, odds, places, keys, body)
    gone: dict[int, Verdict] = {}
    doubt = _doubt(blocks, odds)
    kept = sum(len(blocks[at].text) for at in np.flatnonzero(odds > 0).tolist())
    furthest = _FURTHEST_LOST if kept < _LOST * memory.usual_length else _FURTHEST
    odds = odds + _leaning(blocks, seen, odds, memory.evidence(places), furthest)
    if memory.pages:
        for at, key, is_repeated in zip(noted, keys, memory.repeated(keys, body), strict=True):
            if is_repeated:
                gone[at] = Verdict("repeated", "site.repeated", memory.pages_with(key, body))
    gone |= _copies(blocks, [at for at in np.flatnonzero(odds > 0).tolist() if at not in gone])
    return Selection(odds, gone, doubt, lesson)


def _leaning(
    blocks: Sequence[TextBlock],
    seen: BlockFeatures,
    odds: Floats,
    known: Sequence[tuple[float, float]],
    furthest: float,
) -> Floats:
    """What its place adds to the odds of each block: paragraphs of one make are article together, or not at all.

    known: characters and summed log odds of each place on the site's other pages. furthest: of a place that is known.
    """
    size = np.fromiter([min(len(block.text), _COUNTED) for block in blocks], np.float64, len(blocks))
    bounded = np.clip(odds, -_MOST_ODDS, _MOST_ODDS) * size
    kinds = len(seen.signatures)
    elsewhere = np.array(known, np.float64)[seen.signature]
    chars = np.bincount(seen.signature, size, kinds)[seen.signature] - size + elsewhere[:, 0]
    sums = np.bincount(seen.signature, bounded, kinds)[seen.signature] - bounded + elsewhere[:, 1]
    most = np.where(elsewhere[:, 0] > 0, furthest, _FURTHEST)
    leaning: Floats = np.clip(_LEAN * sums / (chars + _LITTLE), -most, most).astype(np.float32)
    is_furniture = seen.dense[:, _SAYS_FURNITURE].any(1)
    return np.where(is_furniture, np.minimum(leaning, 0), leaning)


def _lesson(
    blocks: Sequence[TextBlock],
    seen: BlockFeatures,
    odds: Floats,
    places: Sequence[int],
    keys: Sequence[int],
    body: tuple[int, ...],
) -> Lesson:
    length = np.fromiter([len(block.text) for block in blocks], np.float64, len(blocks))
    bounded = np.clip(odds, -_MOST_ODDS, _MOST_ODDS) * np.minimum(length, _COUNTED)
    kinds = len(places)
    chars = np.bincount(seen.signature, np.minimum(length, _COUNTED), kinds)
    sums = np.bincount(seen.signature, bounded, kinds)
    taught: dict[int, tuple[int, float]] = {}
    for place, size, total in zip(places, chars.tolist(), sums.tolist(), strict=True):
        before = taught.get(place, (0, 0.0))
        taught[place] = (before[0] + int(size), before[1] + float(total))
    kept = int(length[odds > 0].sum())
    return Lesson(tuple(dict.fromkeys(keys)), body, taught, kept)


def _doubt(blocks: Sequence[TextBlock], odds: Floats) -> float:
    """The share of what is expected to be article that hangs in the balance, by characters."""
    length = np.fromiter([len(block.text) for block in blocks], np.float64, len(blocks))
    likely = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    expected = float((length * likely).sum())
    return float((length * np.minimum(likely, 1 - likely)).sum()) / max(1.0, expected)


def _copies(blocks: Sequence[TextBlock], kept: Sequence[int]) -> dict[int, Verdict]:
    """Kept blocks that say what others say: the article once more in one piece, hidden for scripts; a line again."""
    gone: dict[int, Verdict] = {}
    for at in kept:
        text = blocks[at].text
        if len(text) >= _WHOLE:
            others = (blocks[other].text for other in kept if other != at and other not in gone)
            if sum(len(other) for other in others if len(other) > _AGAIN and other in text) > _COVERED * len(text):
                gone[at] = Verdict("repeated", "block.whole-again")
    met: set[str] = set()
    for at in kept:
        text = blocks[at].text
        if len(text) > _REFRAIN and text in met:
            gone.setdefault(at, Verdict("repeated", "block.again"))
        met.add(text)
    return gone
