"""A trial: an archive, and queries with what is right about each. One for development, one held out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.edits import COPIES, OTHERS, Edit, edited
from benchmarks.siblings import items
from benchmarks.texts import Collection, Text, by_language, is_long, kin

SIBLINGS_KEPT, SIBLINGS_ASKED = 30, 150  # of each item; fewer are kept than an anchor may have postings
MOST_KEPT = 30_000
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
    donors, strangers, kept = _shares(_sample((*collection.texts, *others)))
    bases = {
        (is_held, language): sorted(mine, key=_order)[: most or _MOST_BASES.get(language, 60)]
        for is_held in (False, True)
        for language, mine in by_language([each for each in kept if each.part % 2 == is_held and is_long(each)]).items()
    }
    lent = [donor for mine in donors.values() for donor in mine]
    alike = kin([*(base for mine in bases.values() for base in mine), *lent, *strangers], kept)
    for group in collection.groups:
        for id_ in alike.keys() & group:
            alike[id_] |= frozenset(group)
    found = {}
    for name, is_held in (("development", False), ("held out", True)):
        asked: list[Asked] = []
        for (split, language), mine in bases.items():
            if split == is_held:
                asked += _asked(mine, donors.get(language, []), alike)
        mine = [each for each in strangers if each.part % 2 == is_held][: most and 10 * most]
        asked += (Asked("unrelated", "unrelated", text, alike=alike[text.id]) for text in mine)
        siblings, new = _siblings(name, held=is_held, most=most or SIBLINGS_ASKED)
        found[name] = Trial((*kept, *siblings), (*asked, *new))
    return found


def _asked(bases: Sequence[Text], donors: list[Text], alike: dict[str, frozenset[str]]) -> Iterator[Asked]:
    """Each base under all edits."""
    of_donors = frozenset[str]().union(*(alike[donor.id] for donor in donors))
    for base in bases:
        kinds: tuple[tuple[Kind, tuple[Edit, ...]], ...] = (("copy", COPIES), ("other", OTHERS))
        for kind, edits in kinds:
            for each in edited(base, edits, donors):
                known = (alike[base.id] | of_donors) - {base.id}
                yield Asked(kind, each.edit, each.text, base.id, each.extreme, known)


def _siblings(name: str, *, held: bool, most: int) -> tuple[list[Text], list[Asked]]:
    """Those that the archive keeps, and those that are asked about."""
    kept = [item.sibling(f"{name} {at}") for item in items(held=held) for at in range(min(most, SIBLINGS_KEPT))]
    return kept, [
        Asked("sibling", item.kind, item.sibling(f"asked {at}")) for item in items(held=held) for at in range(most)
    ]


def _sample(texts: Sequence[Text]) -> list[Text]:
    """As many texts as every system can be asked about in reasonable time, the same in every run."""
    chosen = {text.id for text in sorted(texts, key=_order)[:MOST_KEPT]}
    return [text for text in texts if text.id in chosen]


def _order(text: Text) -> bytes:
    return hashlib.blake2b(text.id.encode(), digest_size=8).digest()


def _shares(texts: Sequence[Text]) -> tuple[dict[str, list[Text]], list[Text], list[Text]]:
    """Donors by language, strangers that only ask, and what the archive keeps."""
    donors: dict[str, list[Text]] = {}
    strangers, kept = [], []
    for language, mine in by_language(texts).items():
        is_few = len(mine) < _FEW
        for at, text in enumerate(sorted(mine, key=_order)):
            is_donor = at % 4 == 1 if is_few else text.part in _DONORS or (len(mine) < 400 and at % 4 == 1)
            if is_donor and is_long(text):
                donors.setdefault(language, []).append(text)
            elif text.part in _UNRELATED and not is_few:
                strangers.append(text)
            else:
                kept.append(text)
    return donors, strangers, kept
