"""Likeness as copydesk judges it: anchors and sketches in memory, asked as ``storage`` asks its tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.texts import Text
from benchmarks.trial import Trial
from pipelines.sketch import sketch
from storage.anchors import MOST, SERIES
from storage.copies import MOST_COMPARED
from storage.records import Sketch
from storage.resemblance import Resemblance, compare

MOST_POSTINGS, MOST_VERIFIED = MOST - 1, MOST_COMPARED


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a query: ids taken for copies, ids that are related, and how many were verified."""

    copies: frozenset[str]
    related: frozenset[str] = frozenset()
    verified: int = 0


def originals(sketches: Sequence[Sketch]) -> list[int]:
    """Which sketches are no copy of an earlier one, by their places."""
    holders: dict[int, list[int]] = defaultdict(list)
    found = []
    for at, each in enumerate(sketches):
        hits = Counter(other for anchor in each.anchors for other in holders[anchor])
        if not any(compare(each, sketches[other]).is_copy for other, _ in hits.most_common(MOST_VERIFIED)):
            found.append(at)
            for anchor in each.anchors:
                holders[anchor].append(at)
    return found


class Shelf:
    """Sketches, and which of them have an anchor. A series is counted by articles that are no copies of each other."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self.sketches = {text.id: sketched(text) for text in texts}
        self._sources = {text.id: text.source for text in texts}
        first = [texts[at] for at in originals(list(self.sketches.values()))]
        self._patterns = Counter((text.source, self.sketches[text.id].title_pattern) for text in first)
        self._holders: dict[int, list[str]] = defaultdict(list)
        for id_, each in self.sketches.items():
            for anchor in each.anchors:
                self._holders[anchor].append(id_)

    def candidates(self, new: Sketch) -> list[str]:
        """Ids that share anchors, those that share most first."""
        hits: Counter[str] = Counter()
        for anchor in (*new.anchors, *new.probes):
            holders = self._holders.get(anchor, [])
            if len(holders) <= MOST_POSTINGS:
                hits.update(holders)
        return [id_ for id_, _ in hits.most_common(MOST_VERIFIED)]

    def compared(self, text: Text, new: Sketch) -> dict[str, Resemblance]:
        """What a new text is to each candidate."""
        found = {}
        for id_ in self.candidates(new):
            old = self.sketches[id_]
            pattern = (text.source, new.title_pattern)
            is_series = (
                self._sources[id_] == text.source
                and old.title_pattern == new.title_pattern
                and self._patterns[pattern] >= SERIES
            )
            found[id_] = compare(new, old, series=is_series)
        return found


def sketched(text: Text) -> Sketch:
    """The sketch of a text, as ``clean`` makes it."""
    return sketch(text.title, text.text, text.language)


def answers(trial: Trial) -> list[Answer]:
    """What copydesk finds for each query."""
    shelf = Shelf(trial.archive)
    return [_answer(shelf.compared(asked.text, sketched(asked.text))) for asked in trial.asked]


def _answer(found: dict[str, Resemblance]) -> Answer:
    copies = frozenset(id_ for id_, each in found.items() if each.is_copy)
    related = frozenset(id_ for id_, each in found.items() if each.kind == "related")
    return Answer(copies, related, len(found))
