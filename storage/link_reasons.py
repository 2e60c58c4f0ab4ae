"""Why articles are linked, in words for people: what was measured, which guard spoke against a copy."""

from __future__ import annotations

from storage.explaining import Link
from storage.likeness import Likeness
from storage.spread import Member

_NUMBERS = 8  # differing ones that are told of a link
_GUARDS = {
    "numbers": "they differ in too many numbers",
    "title": "their titles are the same but for numbers or dates",
    "series": "they are of one series: one title in many articles of an outlet",
    "names": "other names stand in the same words",
    "apart": "somebody split them",
    "centre": "it is like a copy of the story, and not like its centre",
}


def kind_of(found: Likeness | None) -> str:
    """What one article is to the other, in a word or two."""
    kinds = {"near": "near copy", "contains": "holds it", "contained": "held by it", "related": "related"}
    return kinds[found.kind] if found else "by hand"


def role_of(member: Member) -> str:
    """What an article is in its story."""
    return "centre" if member.copy_of is None else kind_of(member.likeness)


def reasons(link: Link) -> list[str]:
    """Why two articles are linked, sentence by sentence."""
    found = link.likeness
    if found is None:
        return [f"somebody merged their stories; {len(link.shared)} of {link.sentences} sentences are shared"]
    measured = f"jaccard {found.jaccard:.2f}, containment {found.containment:.2f}"
    compared = f"version {found.number} beside version {found.other_number}"
    shared = f"{len(link.shared)} of {link.sentences} sentences are shared"
    told = [f"{kind_of(found)}, by rule {found.rule}: {measured}; {shared} ({compared})"]
    if found.guard:
        told.append(f"no copy ({found.guard}): {_GUARDS[found.guard]}")
    if found.differing:
        more = f" and {len(found.differing) - _NUMBERS} more" if len(found.differing) > _NUMBERS else ""
        told.append(f"numbers that only one has: {', '.join(found.differing[:_NUMBERS])}{more}")
    return told
