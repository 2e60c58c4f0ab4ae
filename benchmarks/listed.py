"""Listed groups: articles that someone else's list calls the same, and what copydesk says of them."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.likeness import Shelf
from benchmarks.texts import Collection
from storage.resemblance import Resemblance, compare

SHARED = 0.3  # containment; texts of a group that share less are the same by their titles alone


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The first two of a listed group that are no copies by the rule, and why."""

    ids: tuple[str, str]
    titles: tuple[str, str]
    kind: str
    guard: str | None
    jaccard: float
    containment: float


@dataclass(frozen=True, slots=True)
class Listed:
    """Shares of the groups. found: the first two are copies; sharing: of those whose texts share a third or so at all.

    whole: all members are copies of one of them. with_candidates: the first two share an anchor.
    """

    groups: int
    found: float
    sharing: float
    whole: float
    with_candidates: float
    disagreements: tuple[Disagreement, ...]


def listed(shelf: Shelf, collection: Collection) -> Listed:
    """What the shelf, which holds the whole collection, says of its groups."""
    texts = {text.id: text for text in collection.texts}
    groups = [tuple(id_ for id_ in group if id_ in texts) for group in collection.groups]
    copies: dict[str, set[str]] = {}
    for id_ in {id_ for group in groups for id_ in group}:
        found = shelf.compared(texts[id_], shelf.sketches[id_])
        copies[id_] = {other for other, each in found.items() if each.is_copy}
    linked = [second in copies[first] or first in copies[second] for first, second, *_ in groups]
    apart = [group for group, is_found in zip(groups, linked, strict=True) if not is_found]
    disagreements = tuple(_disagreement(shelf, texts[group[0]].title, texts[group[1]].title, group) for group in apart)
    strangers = sum(each.containment < SHARED for each in disagreements)
    whole = sum(any(all(_are_linked(copies, id_, other) for other in group) for id_ in group) for group in groups)
    candidates = sum(not set(_anchors(shelf, group[0])).isdisjoint(_anchors(shelf, group[1])) for group in groups)
    return Listed(
        len(groups),
        sum(linked) / len(groups),
        sum(linked) / (len(groups) - strangers),
        whole / len(groups),
        candidates / len(groups),
        disagreements,
    )


def _are_linked(copies: dict[str, set[str]], one: str, other: str) -> bool:
    return one == other or other in copies[one] or one in copies[other]


def _anchors(shelf: Shelf, id_: str) -> tuple[int, ...]:
    return shelf.sketches[id_].anchors


def _disagreement(shelf: Shelf, one: str, other: str, group: tuple[str, ...]) -> Disagreement:
    found: Resemblance = compare(shelf.sketches[group[0]], shelf.sketches[group[1]])
    kind = "no anchor in common" if set(_anchors(shelf, group[0])).isdisjoint(_anchors(shelf, group[1])) else found.kind
    guard = "series" if found.is_copy else found.guard
    return Disagreement((group[0], group[1]), (one, other), kind, guard, found.jaccard, found.containment)
