"""A trial: an archive, and queries with what is right about each. One for development, one held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.edits import COPIES, OTHERS, edited
from benchmarks.siblings import items
from benchmarks.texts import Collection, Kinship, Text, by_language, is_long

SIBLINGS_KEPT, SIBLINGS_ASKED = 30, 150  # of each item; fewer are kept than an anchor may have postings
_MOST_BASES = {"fr": 150, "en": 70}  # of one split
_UNRELATED = range(94, 97)  # parts that ask and are kept out of the archive
_DONORS = range(97, 100)
_FEW = 12  # texts: of a language with fewer, every fourth is a donor

Kind = Literal["copy", "other", "sibling", "unrelated"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that comes to the archive. name: of the edit, or of the kind of sibling. base: what it was made from.

    alike: ids that are alike by nature with what it is made of: to find them is neither right nor wrong.
    """

    kind: Kind
    name: str
    text: Text
    base: str | None = None
    extreme: bool = False
    alike: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Trial:
    """One archive and its queries."""

    archive: tuple[Text, ...]
    asked: tuple[Asked, ...]


def trials(collection: Collection, others: Sequence[Text], *, most: int | None = None) -> dict[str, Trial]:
    """Both splits: ``development`` and ``held out``. No article and no make of sibling is asked about in both.

    most: bases a language and siblings an item, for a quick look.
    """
    texts = (*collection.texts, *others)
    donors, strangers, kept = _shares(texts)
    kinship = Kinship(kept)
    listed = {id_: frozenset(group) for group in collection.groups for id_ in group}
    found = {}
    for name, is_held in (("development", False), ("held out", True)):
        asked: list[Asked] = []
        for language, mine in by_language(
            [text for text in kept if text.part % 2 == is_held and is_long(text)]
        ).items():
            lent = donors.get(language, [])
            lent_alike = frozenset[str]().union(*(kinship.of(donor.text) for donor in lent))
            for base in sorted(mine, key=lambda each: (each.part, each.id))[: most or _MOST_BASES.get(language, 60)]:
                alike = (kinship.of(base.text) | listed.get(base.id, frozenset()) | lent_alike) - {base.id}
                asked += (
                    Asked("copy" if edits is COPIES else "other", each.edit, each.text, base.id, each.extreme, alike)
                    for edits in (COPIES, OTHERS)
                    for each in edited(base, edits, lent)
                )
        asked += (
            Asked("unrelated", "unrelated", text, alike=kinship.of(text.text))
            for text in [each for each in strangers if each.part % 2 == is_held][: most and 10 * most]
        )
        siblings = [
            item.sibling(f"{name} {at}")
            for item in items(held=is_held)
            for at in range(min(most or 999, SIBLINGS_KEPT))
        ]
        asked += (
            Asked("sibling", item.kind, item.sibling(f"asked {at}"))
            for item in items(held=is_held)
            for at in range(min(most or 999, SIBLINGS_ASKED))
        )
        found[name] = Trial((*kept, *siblings), tuple(asked))
    return found


def _shares(texts: Sequence[Text]) -> tuple[dict[str, list[Text]], list[Text], list[Text]]:
    """Donors by language, strangers that only ask, and what the archive keeps."""
    donors: dict[str, list[Text]] = {}
    strangers, kept = [], []
    for language, mine in by_language(texts).items():
        is_few = len(mine) < _FEW
        for at, text in enumerate(sorted(mine, key=lambda each: (each.part, each.id))):
            is_donor = at % 4 == 1 if is_few else text.part in _DONORS or (len(mine) < 400 and at % 4 == 1)
            if is_donor and is_long(text):
                donors.setdefault(language, []).append(text)
            elif text.part in _UNRELATED and not is_few:
                strangers.append(text)
            else:
                kept.append(text)
    return donors, strangers, kept
